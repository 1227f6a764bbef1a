"""boundary.png: the regions at some alphas side by side, a row for each penalty; for papers."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lossbench.report.boundary.marks import draw_points, heading, legend, new_figure, percent, spell
from lossbench.report.boundary.story import Panel, Story
from lossbench.report.boundary.style import FONT, GREY, INK, PAPER, boundaries, shade

DPI = 160
TILE, GAP = 1.72, 0.16  # inches
CAPTION = 0.36
LEFT, TOP, BOTTOM = 0.62, 0.98, 0.52
MOST, ACROSS = 8, 4


def draw_sheet(story: Story) -> Figure:
    """Eight alphas (all, if there are fewer) from the weakest to the strongest; one penalty takes two rows."""
    count = len(story.alphas)
    shown = np.unique(np.linspace(0, count - 1, min(MOST, count)).round().astype(int)).tolist()
    one = len(story.panels) == 1
    across = min(ACROSS, len(shown)) if one else len(shown)
    tiles = [(panel, alpha) for panel in story.panels for alpha in shown]
    rows = -(-len(tiles) // across)
    width = max(LEFT + across * (TILE + GAP) + 0.1, 5.2)
    height = TOP + rows * (TILE + CAPTION) - CAPTION + BOTTOM
    figure = new_figure(width, height, DPI)
    heading(figure, story)
    legend(figure, story, 0.14, 0.70, 8)
    for number, (panel, alpha) in enumerate(tiles):
        row, column = divmod(number, across)
        left, top = LEFT + column * (TILE + GAP), TOP + row * (TILE + CAPTION) + 0.02
        ax = figure.add_axes((left / width, 1 - (top + TILE) / height, TILE / width, TILE / height))
        x_label, y_label = (axis.label for axis in story.axes)
        _tile(
            ax,
            story,
            panel,
            alpha,
            x_label if number + across >= len(tiles) else "",
            "" if column else y_label if one else f"{panel.name}\n{y_label}",
        )
    return figure


def _tile(ax: Axes, story: Story, panel: Panel, alpha: int, x_label: str, y_label: str) -> None:
    x, y = story.axes
    lead = panel.lead(alpha)
    pixels = round(TILE * DPI)
    ax.imshow(
        shade(lead, pixels, pixels), extent=(x.low, x.high, y.low, y.high), aspect="auto", interpolation="nearest"
    )
    lines = boundaries(lead, (x.low, y.low), (x.high, y.high))
    ax.add_collection(LineCollection(lines, colors=PAPER, linewidths=2.2), autolim=False)
    ax.add_collection(LineCollection(lines, colors=INK, linewidths=1.0), autolim=False)
    draw_points(ax, story.train, story.test, size=7)
    ax.set(xlim=(x.low, x.high), ylim=(y.low, y.high))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=6.5, colors=GREY, labelfontfamily=FONT, pad=2)
    ax.tick_params(labelleft=bool(y_label), labelbottom=bool(x_label))
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    said: dict[str, Any] = {"fontfamily": FONT, "parse_math": False}
    ax.set_xlabel(x_label, fontsize=7.5, color=INK, labelpad=2, **said)
    ax.set_ylabel(y_label, fontsize=7.5, color=INK, labelpad=2, **said)
    mark = "" if panel.converged[alpha] else "  not converged"
    said["pad"] = 4
    ax.set_title(
        f"α = {spell(story.alphas[alpha])}{mark}", fontsize=8, loc="left", color=INK, fontweight="bold", **said
    )
    ax.set_title(f"test {percent(panel.accuracy('test')[alpha])}", fontsize=7, loc="right", color=GREY, **said)
