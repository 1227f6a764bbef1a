"""Scatter points and legend of every picture of decision regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lossbench.report.fonts import families
from lossbench.report.regularize.style import CLASS_COLOURS, GREY, INK, MARKERS, PAPER, shade
from lossbench.report.regularize.text import fitted, width_of, words
from lossbench.report.regularize.view_data import Points, ViewAxis, ViewData

KEY = 62 / 72  # inches of the bar that says what the shades mean
SIGN, APART = 0.15, 0.18  # inches from a sign to its word, and between entries
LONGEST = 1.7  # inches of a class's name
NOUGHT = 1e-6  # numbers nearer to zero are not spelt: they are what the tolerance leaves of a zero


@dataclass(frozen=True)
class LegendEntry:
    """A word of the legend and its sign (none: words alone)."""

    label: str
    marker: str = ""
    face: str = PAPER
    edge: str = PAPER
    colour: str = GREY


def legend_entries(view: ViewData) -> list[LegendEntry]:
    """Which class has which colour and marker, and which points are trained on."""
    entries = [
        LegendEntry(name, MARKERS[i], CLASS_COLOURS[i], CLASS_COLOURS[i], INK) for i, name in enumerate(view.classes)
    ]
    entries += [LegendEntry("train", "o", GREY, GREY), LegendEntry("test", "o", PAPER, GREY)]
    return entries + ([LegendEntry(view.note)] if view.note else [])


def legend_rows(view: ViewData, width: float, size: float) -> list[list[tuple[float, LegendEntry, str]]]:
    """Rows of (x, entry, label) that fit into so many inches."""
    rows: list[list[tuple[float, LegendEntry, str]]] = [[]]
    x = 0.0
    for entry in legend_entries(view):
        sign = SIGN if entry.marker else 0.0
        label = fitted(entry.label, min(LONGEST, width - sign) if entry.marker else width, size)
        wide = sign + width_of(label, size)
        if rows[-1] and x + wide > width:
            rows.append([])
            x = 0.0
        rows[-1].append((x, entry, label))
        x += wide + APART
    return rows


def draw_legend(figure: Figure, rows: Sequence[Sequence[tuple[float, LegendEntry, str]]], x: float, y: float,
                size: float, line: float) -> None:  # fmt: skip
    """The legend's rows from (x, y) inches on, so many inches apart."""
    width, height = figure.get_size_inches()
    for row in rows:
        for at, entry, label in row:
            if entry.marker:
                place = ([(x + at + 0.05) / width], [1 - (y - 0.042) / height])
                sign = Line2D(*place, marker=entry.marker, ms=5.5, mfc=entry.face, mec=entry.edge, mew=1.2, ls="")
                sign.set_transform(figure.transFigure)
                figure.add_artist(sign)
            words(figure, x + at + (SIGN if entry.marker else 0), y, label, size, entry.colour)
        y += line


def key_words(view: ViewData) -> tuple[str, str, str]:
    """What the shades stand for, and the ends of their scale."""
    if len(view.classes) == 2:
        of = fitted(view.classes[1], 1.0, 8)
        return (f"probability of {of}", "0", "1") if view.probabilities else (f"score for {of}", "≤ −1", "≥ 1")
    return ("lead in probability", "0", "1") if view.probabilities else ("lead in score", "0", "≥ 1")


def key_width(view: ViewData, size: float) -> float:
    """Inches that the key takes."""
    name, low, high = key_words(view)
    return width_of(name, size) + width_of(low, size) + width_of(high, size) + KEY + 0.2


def draw_key(figure: Figure, view: ViewData, right: float, y: float, size: float) -> None:
    """The scale of the shades, its right end at `right` inches and the words' baseline at y."""
    name, low, high = key_words(view)
    width, height = figure.get_size_inches()
    words(figure, right, y, high, size, GREY, ha="right")
    bar = right - width_of(high, size) - 0.05 - KEY
    pixels = round(KEY * figure.dpi)
    ramp = np.linspace(-1 if len(view.classes) == 2 else 0, 1, pixels, dtype=np.float32)[None].repeat(2, 0)
    lead = ramp[None] if len(view.classes) == 2 else ramp
    tall = 0.09
    ax = figure.add_axes((bar / width, 1 - (y + 0.005) / height, KEY / width, tall / height))
    ax.axis("off")
    if len(view.classes) == 2:
        ax.imshow(shade(lead, pixels, 8), aspect="auto", interpolation="nearest")
    else:
        deep = (1 - 0.5 * ramp)[..., None].repeat(3, -1)
        ax.imshow(deep, aspect="auto", interpolation="nearest")
    words(figure, bar - 0.05, y, low, size, GREY, ha="right")
    words(figure, bar - 0.05 - width_of(low, size) - 0.08, y, name, size, GREY, ha="right")


def draw_points(ax: Axes, train: Points, test: Points, *, size: float = 26, ring: float = 1.3) -> list[Artist]:
    """The rows of the table on their plane: colour and marker say the class, filled ones are trained on."""
    made: list[Artist] = []
    for points, hollow in ((train, False), (test, True)):
        for c in np.unique(points.class_N):
            of = points.class_N == c
            made.append(
                ax.scatter(
                    points.x_N[of],
                    points.y_N[of],
                    size,
                    zorder=3,  # the lines of level leads would cut through them
                    marker=MARKERS[c],
                    facecolors=PAPER if hollow else CLASS_COLOURS[c],
                    edgecolors=CLASS_COLOURS[c] if hollow else PAPER,
                    linewidths=ring if hollow else 0.7 * ring / 1.3,
                )
            )
    return made


def name_axes(
    ax: Axes, axes: tuple[ViewAxis, ViewAxis], wide: float, tall: float, size: float, ticks: int, ends: float
) -> None:
    """Ticks of few letters, and the names cut to the axes' lengths (inches); shares `ends` stay free of numbers."""
    for axis, side, length in ((ax.xaxis, axes[0], wide), (ax.yaxis, axes[1], tall)):
        axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
        label = fitted(side.label, length, size)
        axis.set_major_formatter(_inner_ticks(side, ends))
        axis.set_label_text(label, fontsize=size, color=INK, fontfamily=list(families(label)), parse_math=False)


def _inner_ticks(side: ViewAxis, ends: float) -> FuncFormatter:
    """No number at an axis's ends: there it would meet the other axis's, or the next picture's."""
    room = ends * (side.high - side.low)
    return FuncFormatter(lambda value, _: tick(value) if side.low + room <= value <= side.high - room else "")


def percent(share: float) -> str:
    """A share of 1 as 96.7%, without a needless .0."""
    return "–" if not np.isfinite(share) else f"{share:.1%}".replace(".0%", "%")


def spell(value: float) -> str:
    """A number with three digits, so that it does not jump as it changes: 0.0120, 1.50e−5, 12.3."""
    if value == 0:
        return "0"
    if not np.isfinite(value):
        return "–"
    if abs(value) < NOUGHT:
        return "< 1e−6"
    if 1e-3 <= abs(value) < 1e3:
        return f"{value:#.3g}".removesuffix(".")
    return _power(f"{value:.2e}")


def tick(value: float) -> str:
    """A number beside an axis: no more digits than it has, and a power of ten within it."""
    return _power(f"{value:.5g}")


def _power(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return (f"{mantissa}e{int(exponent)}" if e else mantissa).replace("-", "−")
