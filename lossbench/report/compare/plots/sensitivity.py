"""A condition as an axis: the score of every loss at each level, the baseline beside it (L levels)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import NullLocator

from lossbench.record import ConditionRecord
from lossbench.record.comparison import Sensitivity, SensitivityRow
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.compare.plots.panels import draw_others, note_off_scale, panels, panels_height
from lossbench.report.format import number
from lossbench.report.style import LIGHT, TITLE, new_figure, title, word_colour


def caption(condition: ConditionRecord) -> str:
    """What the panels show."""
    text = (
        f"Mean test score at each level of {condition.label}, with its 95% interval; the least affected loss first. "
        "The dashed line is the baseline, the other losses are behind in grey."
    )
    return f"{text} {condition.plot_note}" if condition.plot_note else text


def sensitivity(found: Sequence[Sensitivity], metric: str, *, heading: bool = True) -> Figure:
    """A panel per loss; several data sets, or levels of other conditions, below one another."""
    cut = 0.0 if heading else TITLE - 0.2
    heights = [panels_height(len(_shown(each))) - cut for each in found]
    figure = new_figure(sum(heights))
    if not heading:
        figure.patch.set_visible(False)
        _draw(figure, found[0], metric, heights[0])
        return figure
    parts = figure.subfigures(len(found), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, each, height in zip(parts, found, heights, strict=True):
        title(part, each.condition.plot_title, each.title, height)
        _draw(part, each, metric, height)
    return figure


def _shown(found: Sensitivity) -> list[SensitivityRow]:
    return [row for row in found.rows if any(mean is not None for mean in row.means)]


def _line(found: Sensitivity, row: SensitivityRow) -> Floats:
    """Levels and means of a loss, `[L, 2]`, without the levels at which it has none."""
    return np.array(
        [(level, mean) for level, mean in zip(found.levels, row.means, strict=True) if mean is not None], dtype=float
    )


def _draw(part: FigureBase, found: Sensitivity, metric: str, height: float) -> None:
    rows = _shown(found)
    lines = {row.name: _line(found, row) for row in rows}
    sound = [row for row in rows if row.word not in {"broken", "failed", "diverged"}] or rows
    ends = [v for row in sound for v in (*row.means, *row.lows, *row.highs) if v is not None]
    low, high = _limits(ends, [v for row in sound for v in row.means if v is not None])
    for row, axes in panels(part, height, rows, found.condition.axis_label, f"test {metric}"):
        draw_others(axes, lines, row.name)
        if found.baseline in lines and row.name != found.baseline:
            axes.plot(*lines[found.baseline].T, color=LIGHT["ink"], lw=1, ls=(0, (3, 2)))
        _set_levels(axes, found)
        axes.set_ylim(low, high)
        if not note_off_scale(axes, lines[row.name][:, 1], word_colour(row.word)):
            _draw_loss(axes, found, row, lines[row.name])


def _set_levels(axes: Axes, found: Sensitivity) -> None:
    """The levels as ticks, with some room at both ends."""
    low, high = min(found.levels), max(found.levels)
    if found.condition.axis_scale == "log":
        axes.set_xscale("log")
        room = (high / low) ** 0.1
        axes.set_xlim(low / room, high * room)
    else:
        axes.set_xlim(low - 0.1 * (high - low), high + 0.1 * (high - low))
    axes.set_xticks(found.levels, [level for level, _ in found.columns])
    axes.xaxis.set_minor_locator(NullLocator())


def _limits(ends: list[float], means: list[float]) -> tuple[float, float]:
    """What the means span and a little of their intervals: one wide interval must not flatten every line."""
    span = max(means) - min(means) or 0.1
    low, high = max(min(ends), min(means) - span), min(max(ends), max(means) + span)
    margin = 0.08 * (high - low or 1)
    return low - margin, high + margin


def _draw_loss(axes: Axes, found: Sensitivity, row: SensitivityRow, line: Floats) -> None:
    colour = word_colour(row.word)
    for level, low, high in zip(found.levels, row.lows, row.highs, strict=True):
        if low is not None and high is not None:
            axes.plot([level, level], [low, high], color=colour, lw=1, alpha=0.6)
    axes.plot(*line.T, color=colour, marker="o", ms=4)


def describe(found: Sensitivity, metric: str) -> str:
    """The picture in words."""
    return f"Test {metric} by {found.condition.label} ({', '.join(level for level, _ in found.columns)}). " + "; ".join(
        f"{row.name}: {', '.join(number(mean, found.decimals) for mean in row.means)}" for row in _shown(found)
    ) + "."  # fmt: skip
