"""Label noise as an axis: the score of every loss at each level, the baseline beside it (L levels)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from lossbench.report.compare.analysis.results import NoiseRow, Robustness
from lossbench.report.compare.analysis.statistics import Floats
from lossbench.report.compare.plots.panels import draw_others, panels, panels_height, say_off_scale
from lossbench.report.format import number
from lossbench.report.style import LIGHT, TITLE, new_figure, title, word_colour

TITLE_TEXT = "Robustness to label noise"
CAPTION = (
    "Mean test score at each level of label noise, with its 95% interval; the least affected loss first. "
    "The dashed line is the baseline, the other losses are behind in grey. Test labels are always clean."
)


def robustness(found: Sequence[Robustness], metric: str, *, heading: bool = True) -> Figure:
    """A panel per loss; several data sets below one another."""
    cut = 0.0 if heading else TITLE - 0.2
    heights = [panels_height(len(_shown(each))) - cut for each in found]
    figure = new_figure(sum(heights))
    if not heading:
        figure.patch.set_visible(False)
        _draw(figure, found[0], metric, heights[0])
        return figure
    parts = figure.subfigures(len(found), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, each, height in zip(parts, found, heights, strict=True):
        title(part, TITLE_TEXT, each.data, height)
        _draw(part, each, metric, height)
    return figure


def _shown(found: Robustness) -> list[NoiseRow]:
    return [row for row in found.rows if any(mean is not None for mean in row.means)]


def _line(found: Robustness, row: NoiseRow) -> Floats:
    """Levels and means of a loss, `[L, 2]`, without the levels at which it has none."""
    return np.array(
        [(level, mean) for level, mean in zip(found.levels, row.means, strict=True) if mean is not None], dtype=float
    )


def _draw(part: FigureBase, found: Robustness, metric: str, height: float) -> None:
    rows = _shown(found)
    lines = {row.name: _line(found, row) for row in rows}
    sound = [row for row in rows if row.word not in {"broken", "failed", "diverged"}] or rows
    ends = [v for row in sound for v in (*row.means, *row.lows, *row.highs) if v is not None]
    low, high = _limits(ends, [v for row in sound for v in row.means if v is not None])
    for row, axes in panels(part, height, rows, "share of the training labels changed", f"test {metric}"):
        draw_others(axes, lines, row.name)
        if found.baseline in lines and row.name != found.baseline:
            axes.plot(*lines[found.baseline].T, color=LIGHT["ink"], lw=1, ls=(0, (3, 2)))
        apart = 0.1 * (found.levels[-1] - found.levels[0])
        axes.set_xlim(found.levels[0] - apart, found.levels[-1] + apart)
        axes.set_xticks(found.levels, [f"{level:.0%}" for level in found.levels])
        axes.set_ylim(low, high)
        if not say_off_scale(axes, lines[row.name][:, 1], word_colour(row.word)):
            _draw_loss(axes, found, row, lines[row.name])


def _limits(ends: list[float], means: list[float]) -> tuple[float, float]:
    """What the means span and a little of their intervals: one wide interval must not flatten every line."""
    span = max(means) - min(means) or 0.1
    low, high = max(min(ends), min(means) - span), min(max(ends), max(means) + span)
    margin = 0.08 * (high - low or 1)
    return low - margin, high + margin


def _draw_loss(axes: Axes, found: Robustness, row: NoiseRow, line: Floats) -> None:
    colour = word_colour(row.word)
    for level, low, high in zip(found.levels, row.lows, row.highs, strict=True):
        if low is not None and high is not None:
            axes.plot([level, level], [low, high], color=colour, lw=1, alpha=0.6)
    axes.plot(*line.T, color=colour, marker="o", ms=4)


def describe(found: Robustness, metric: str) -> str:
    """The picture in words."""
    return f"Test {metric} by label noise ({', '.join(f'{level:.0%}' for level in found.levels)}). " + "; ".join(
        f"{row.name}: {', '.join(number(mean, found.decimals) for mean in row.means)}" for row in _shown(found)
    ) + "."  # fmt: skip
