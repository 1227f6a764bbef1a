"""A condition as an axis: the score of every loss at each level, the baseline beside it (L levels)."""

from __future__ import annotations

from lossbench.record import ConditionRecord
from lossbench.record.comparison import Sensitivity, SensitivityRow
from lossbench.report.compare.drawing import Drawing, Points
from lossbench.report.compare.plots.panels import Axis, Panel, panels
from lossbench.report.format import number
from lossbench.report.style import LIGHT, word_colour


def caption(condition: ConditionRecord) -> str:
    """What the panels show."""
    text = (
        f"Mean test score at each level of {condition.label}, with its 95% interval; the least affected loss first. "
        "The dashed line is the baseline, the other losses are behind in grey."
    )
    return f"{text} {condition.plot_note}" if condition.plot_note else text


def sensitivity(found: Sensitivity, metric: str) -> Drawing:
    """A panel per loss."""
    rows = _shown(found)
    lines = {row.name: _line(found, row) for row in rows}
    sound = [row for row in rows if row.word not in {"broken", "failed", "diverged"}] or rows
    ends = [v for row in sound for v in (*row.means, *row.lows, *row.highs) if v is not None]
    low, high = _limits(ends, [v for row in sound for v in row.means if v is not None])
    drawing, each = panels(rows, _levels(found), Axis(f"test {metric}", low, high), lines)
    for panel in each:
        row = panel.item
        if found.baseline in lines and row.name != found.baseline:
            panel.line(lines[found.baseline], LIGHT["ink"], 1, "3 2")
        if not panel.note_off_scale([mean for _, mean in lines[row.name]], word_colour(row.word)):
            _draw_loss(panel, found, lines[row.name])
    return drawing


def _shown(found: Sensitivity) -> list[SensitivityRow]:
    return [row for row in found.rows if any(mean is not None for mean in row.means)]


def _line(found: Sensitivity, row: SensitivityRow) -> Points:
    """Levels and means of a loss, without the levels at which it has none."""
    return [(level, mean) for level, mean in zip(found.levels, row.means, strict=True) if mean is not None]


def _levels(found: Sensitivity) -> Axis:
    """The levels as ticks, with some room at both ends."""
    low, high = min(found.levels), max(found.levels)
    ticks = [(level, text) for level, (text, _) in zip(found.levels, found.columns, strict=True)]
    if found.condition.axis_scale == "log":
        room = (high / low) ** 0.1
        return Axis(found.condition.axis_label, low / room, high * room, log=True, ticks=ticks)
    room = 0.1 * (high - low)
    return Axis(found.condition.axis_label, low - room, high + room, ticks=ticks)


def _limits(ends: list[float], means: list[float]) -> tuple[float, float]:
    """What the means span and a little of their intervals: one wide interval must not flatten every line."""
    span = max(means) - min(means) or 0.1
    low, high = max(min(ends), min(means) - span), min(max(ends), max(means) + span)
    margin = 0.08 * (high - low or 1)
    return low - margin, high + margin


def _draw_loss(panel: Panel[SensitivityRow], found: Sensitivity, line: Points) -> None:
    row, colour = panel.item, word_colour(panel.item.word)
    for level, low, high in zip(found.levels, row.lows, row.highs, strict=True):
        if low is not None and high is not None:
            panel.line([(level, low), (level, high)], colour, 1, opacity=0.6)
    panel.line(line, colour)
    panel.dots(line, [2.0] * len(line), colour)


def describe(found: Sensitivity, metric: str) -> str:
    """The picture in words."""
    return f"Test {metric} by {found.condition.label} ({', '.join(level for level, _ in found.columns)}). " + "; ".join(
        f"{row.name}: {', '.join(number(mean, found.decimals) for mean in row.means)}" for row in _shown(found)
    ) + "."  # fmt: skip
