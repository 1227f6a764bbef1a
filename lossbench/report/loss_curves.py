"""A picture of losses: value, gradient and curvature, losses of one axis in one column of panels."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lossbench.errors import UserError
from lossbench.record import written_aside
from lossbench.record.loss_profile import AXIS_TEXT, LossProfile, ProfileAxis, What
from lossbench.report.format import listed
from lossbench.report.style import (
    COLOURS,
    DASHES,
    LIGHT,
    SERIES,
    TEXT,
    TITLE,
    WIDTH,
    house_style,
    new_figure,
    place,
    shortened,
    theme_css,
    title,
)

FORMATS = ("svg", "png", "pdf")
TALL = {1: 3.4, 2: 2.2, 3: 1.8}  # inches of a panel, by the number of rows
LEFT, RIGHT, GAP, BETWEEN, AXIS, KEY = 0.85, 0.2, 0.75, 0.3, 0.55, 0.2
KEY_COLUMNS, KEY_CHARACTERS = 2, 38
BLOCKS = "▁▂▃▄▅▆▇█"
_OF = {"value": "loss", "gradient": "gradient", "curvature": "curvature"}
_AXIS_ORDER: tuple[ProfileAxis, ...] = ("margin", "probability", "residual", "prediction")


def write_picture(profiles: Sequence[LossProfile], whats: Sequence[What], path: Path) -> None:
    """Draw the losses to an SVG (light and dark), PNG or PDF file, by its suffix; others are a `UserError`."""
    kind = path.suffix[1:].lower()
    if kind not in FORMATS:
        raise UserError(f"cannot draw a *{path.suffix} file", where=str(path), fix=f"name one of {', '.join(FORMATS)}")
    with house_style(), written_aside(path) as file:
        figure = _drawn(profiles, whats)
        if kind == "svg":
            file.write(_themed(figure).encode())
        elif kind == "png":
            figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
        else:
            figure.savefig(file, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})


def sparkline(profile: LossProfile, what: What, width: int = 48) -> str:
    """The curve in one line of blocks, its least value at the bottom; a blank where it is no number."""
    values = profile.curve(what)
    at = np.linspace(0, len(values) - 1, width).round().astype(int)
    low, high = _limits([profile], what)
    chosen = [values[i] for i in at]
    return "".join(" " if v is None else BLOCKS[_block(v, low, high)] for v in chosen)


def ends(profile: LossProfile) -> tuple[float, float]:
    """Where the axis begins and ends."""
    return profile.x[0], profile.x[-1]


def _block(value: float, low: float, high: float) -> int:
    share = (value - low) / (high - low) if high > low else 0.0
    return min(max(int(share * len(BLOCKS)), 0), len(BLOCKS) - 1)


def _drawn(profiles: Sequence[LossProfile], whats: Sequence[What]) -> Figure:
    columns = [axis for axis in _AXIS_ORDER if any(one.axis == axis for one in profiles)]
    styles = {id(one): i for i, one in enumerate(profiles)}
    keys = math.ceil(len(profiles) / KEY_COLUMNS)
    tall = TALL[len(whats)]
    below = AXIS + KEY * keys + 0.15
    height = TITLE + len(whats) * tall + (len(whats) - 1) * BETWEEN + below
    figure = new_figure(height)
    title(
        figure,
        shortened(listed([one.label.partition(" + ")[0] for one in profiles]), 70),
        _subtitle(profiles, whats),
        height,
    )
    wide = (WIDTH - LEFT - RIGHT - (len(columns) - 1) * GAP) / len(columns)
    for column, axis in enumerate(columns):
        mine = [one for one in profiles if one.axis == axis]
        left = LEFT + column * (wide + GAP)
        for row, what in enumerate(whats):
            bottom = below + (len(whats) - 1 - row) * (tall + BETWEEN)
            axes = place(figure, height, left, WIDTH - left - wide, bottom, tall)
            _panel(axes, mine, what, styles, last=row == len(whats) - 1)
            if column == 0:
                figure.text(
                    0.12 / WIDTH, (bottom + tall / 2) / height, _OF[what], rotation=90, va="center", ha="center",
                    color=LIGHT["soft"],
                )  # fmt: skip
        text = AXIS_TEXT[axis] if len(columns) < 3 else axis
        figure.text((left + wide / 2) / WIDTH, (below - 0.4) / height, text, ha="center", color=LIGHT["soft"])
    _key(figure, profiles, below - AXIS - 0.1, keys, height)
    return figure


def _subtitle(profiles: Sequence[LossProfile], whats: Sequence[What]) -> str:
    notes = dict.fromkeys(f"{one.label}: {one.note}" for one in profiles if one.note)
    return f"rows: {listed([_OF[what] for what in whats])}" + (f" ({'; '.join(notes)})" if notes else "")


def _panel(axes: Axes, profiles: Sequence[LossProfile], what: What, styles: dict[int, int], *, last: bool) -> None:
    low, high = _limits(profiles, what)
    room = 0.06 * (high - low or 1)
    axes.set_ylim(low - room, high + room)
    axes.set_xlim(*_widest(profiles))
    axes.spines["left"].set_visible(False)
    axes.grid(True)
    if low < 0 < high:
        axes.axhline(0, color=LIGHT["faint"], lw=0.8)
    for one in profiles:
        values = np.array([math.nan if v is None else v for v in one.curve(what)])
        colour, dash = _style(styles[id(one)])
        axes.plot(one.x, values, color=colour, linestyle=dash, label=one.label)
    axes.tick_params(labelbottom=last)
    axes.locator_params(axis="y", nbins=5)


def _style(i: int) -> tuple[str, object]:
    """A colour, and a dash that changes with it, so that no two of 24 losses look the same, in grey neither."""
    light, _ = list(SERIES.values())[i % len(SERIES)]
    dash = DASHES[(i + i // len(SERIES)) % len(DASHES)]
    return light, (0, tuple(float(part) for part in dash.split())) if dash else "solid"


def _key(figure: Figure, profiles: Sequence[LossProfile], top: float, rows: int, height: float) -> None:
    """Below the panels, a line and a name for each loss."""
    from matplotlib.lines import Line2D

    for i, one in enumerate(profiles):
        column, row = divmod(i, rows)
        left, y = LEFT + column * (WIDTH - LEFT - RIGHT) / KEY_COLUMNS, (top - row * KEY) / height
        colour, dash = _style(i)
        ends = [left / WIDTH, (left + 0.4) / WIDTH]
        figure.add_artist(Line2D(ends, [y, y], color=colour, linestyle=dash, lw=1.6))  # type: ignore[arg-type]
        name = shortened(one.label, KEY_CHARACTERS)
        figure.text((left + 0.5) / WIDTH, y, name, va="center", color=LIGHT["ink"], size=TEXT)


def _widest(profiles: Sequence[LossProfile]) -> tuple[float, float]:
    return min(one.x[0] for one in profiles), max(one.x[-1] for one in profiles)


def _limits(profiles: Sequence[LossProfile], what: What) -> tuple[float, float]:
    """What the curves span, but one that leaves all others far behind is cut where it does."""
    spans = []
    for one in profiles:
        known = [v for v in one.curve(what) if v is not None]
        if known:
            spans.append((min(known), max(known)))
    if not spans:
        return 0.0, 1.0
    lows, highs = np.array(spans).T
    most = 3 * float(np.median(highs - lows)) or math.inf
    high = min(float(highs.max()), float(np.median(highs)) + most)
    low = max(float(lows.min()), float(np.median(lows)) - most)
    if high <= low:
        return low - 0.5, low + 0.5
    return low, high


def _themed(figure: Figure) -> str:
    """As SVG whose colours follow the reader's screen into the dark."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    for name, (light, _) in (COLOURS | SERIES).items():
        text = text.replace(light, f"var(--{name})")
    start = text.index("<defs>")
    return f"{text[:start]}<style>{theme_css(SERIES)}</style>\n {text[start:]}"
