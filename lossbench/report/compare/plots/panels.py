"""Small multiples: one small panel per loss, all on the same axes, the others in grey behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import FigureBase
from matplotlib.ticker import MaxNLocator

from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.style import LIGHT, TEXT, TITLE, WIDTH, shortened

COLUMNS = 4
_LEFT, _RIGHT, _GAP, _BOTTOM = 0.62, 0.2, 0.22, 0.56
_NAME = 0.3  # inches above a panel
_LABEL = 0.24  # inches above all panels, for what their upright axis is: beside one row of panels there is no room


class Titled(Protocol):
    """What a panel can be of."""

    @property
    def name(self) -> str:
        """Stands above the panel."""


Item = TypeVar("Item", bound=Titled)


def panels_height(count: int, panel: float = 1.05) -> float:
    """Inches that so many panels need; 0 for none."""
    return TITLE + _LABEL + math.ceil(count / COLUMNS) * (panel + _NAME) + _BOTTOM if count else 0


def panels(
    part: FigureBase, height: float, rows: Sequence[Item], xlabel: str, ylabel: str, panel: float = 1.05
) -> Iterator[tuple[Item, Axes]]:
    """Axes for every row, best first; numbers stand only along the left and lower edge."""
    wide = (WIDTH - _LEFT - _RIGHT - (COLUMNS - 1) * _GAP) / COLUMNS
    lines = math.ceil(len(rows) / COLUMNS)
    for i, row in enumerate(rows):
        line, column = divmod(i, COLUMNS)
        left = _LEFT + column * (wide + _GAP)
        bottom = _BOTTOM + (lines - 1 - line) * (panel + _NAME)
        axes = part.add_axes((left / WIDTH, bottom / height, wide / WIDTH, panel / height))
        axes.grid(axis="y")
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_locator(MaxNLocator(4, prune="upper"))  # the next panel begins there
        axes.spines["left"].set_visible(False)
        axes.set_title(shortened(row.name, 22), loc="left", size=TEXT, color=LIGHT["ink"], pad=4)
        axes.tick_params(axis="y", labelcolor=LIGHT["soft"], labelsize=TEXT - 1)
        if column:
            axes.tick_params(labelleft=False)
        if i + COLUMNS < len(rows):
            axes.tick_params(labelbottom=False)
        yield row, axes
    used = min(len(rows), COLUMNS)
    middle = _LEFT + (used * wide + (used - 1) * _GAP) / 2
    part.text(middle / WIDTH, 0.14 / height, xlabel, ha="center", va="baseline", color=LIGHT["soft"])
    above = _BOTTOM + lines * (panel + _NAME) + 0.06
    part.text(0.02, above / height, ylabel, ha="left", va="baseline", color=LIGHT["soft"])


def note_off_scale(axes: Axes, values: Floats, colour: str) -> bool:
    """Say in a panel what lies wholly above or below it; whether it does."""
    low, high = axes.get_ylim()
    if values.max() >= low and values.min() <= high:
        return False
    y = 0.08 if values.max() < low else 0.85
    note = f"{values.min():.3g} to {values.max():.3g}, off the scale".replace("-", "−")
    axes.text(0.5, y, note, transform=axes.transAxes, ha="center", size=TEXT - 1, color=colour)
    return True


def draw_others(axes: Axes, lines: Mapping[str, Floats], name: str) -> None:
    """The lines `[points, 2]` of every loss but this one, in grey."""
    axes.add_collection(
        LineCollection([line for other, line in lines.items() if other != name], colors=LIGHT["grid"], linewidths=0.8),
        autolim=False,
    )
