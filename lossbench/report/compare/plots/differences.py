"""Forest plot: every loss's difference to the baseline with its interval, beside the band of practical equality."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from lossbench.record.comparison import SCORELESS, ComparisonRow
from lossbench.report.compare.plots.plot import Plot, View, note_scoreless
from lossbench.report.format import interval, number
from lossbench.report.style import LIGHT, ROW, TEXT, TITLE, place, quiet, shortened, text_width, word_colour

_AXIS = 0.75  # inches below the rows, for the axis and its label


def _rows(view: View) -> list[ComparisonRow]:
    return [
        row
        for row in view.table.rows
        if not row.same_as
        and (row.difference is not None or (row.word in SCORELESS and row.name != view.table.baseline))
    ]


def _height(view: View) -> float:
    rows = _rows(view)
    return TITLE + ROW * len(rows) + _AXIS if any(row.difference is not None for row in rows) else 0


def _limits(view: View, rows: list[ComparisonRow]) -> tuple[float, float]:
    """What the sound losses span, so that a broken one does not squeeze them; what lies outside gets an arrow."""
    rope = view.table.rope
    sound = [row for row in rows if row.word != "broken"] or rows
    ends = [v for row in sound for v in (row.difference_low, row.difference_high, row.difference) if v is not None]
    low, high = min([-2 * rope, *ends]), max([2 * rope, *ends])
    reach = 8 * max(rope, view.table.resolution or 0)
    low, high = max(low, -reach), min(high, reach)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _draw(part: FigureBase, view: View, height: float) -> None:
    rows, table = _rows(view), view.table
    intervals = [
        f"{number(row.difference, table.decimals, sign=True)}  "
        f"{interval(row.difference_low, row.difference_high, table.decimals, sign=True)}"
        if row.difference is not None
        else ""
        for row in rows
    ]
    names = [shortened(row.name) for row in rows]
    left, right = 0.3 + text_width(names), 0.3 + text_width(intervals, TEXT - 1)
    axes = place(part, height, left, right, _AXIS, ROW * len(rows))
    low, high = _limits(view, rows)
    axes.set_xlim(low, high)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvspan(-table.rope, table.rope, color=LIGHT["grid"], lw=0)
    axes.axvline(0, color=LIGHT["ink"], lw=1)
    for y, row in enumerate(rows):
        if row.difference is None:
            note_scoreless(axes, y, row)
            continue
        _draw_row(axes, y, row, low, high)
        axes.text(
            1.02,
            y,
            intervals[y],
            transform=axes.get_yaxis_transform(),
            va="center",
            size=TEXT - 1,
            color=word_colour(row.word),
        )
    axes.set_yticks(range(len(rows)), names)
    quiet(axes)
    better, worse = ("better →", "← worse") if view.better_sign > 0 else ("worse →", "← better")
    below = -0.5 / (ROW * len(rows))
    axes.text(1, below, better, transform=axes.transAxes, ha="right", va="top", color=LIGHT["soft"])
    axes.text(0, below, worse, transform=axes.transAxes, ha="left", va="top", color=LIGHT["soft"])
    axes.set_xlabel(f"{view.setting.metric} minus {shortened(table.baseline)}’s; band: ROPE", labelpad=6)


def _draw_row(axes: Axes, y: int, row: ComparisonRow, low: float, high: float) -> None:
    assert row.difference is not None
    colour = word_colour(row.word)
    if not low <= row.difference <= high:
        left = row.difference < low
        axes.plot([low if left else high], [y], "<" if left else ">", color=colour, ms=6, clip_on=False)
        return
    if row.difference_low is not None and row.difference_high is not None:
        axes.plot([max(low, row.difference_low), min(high, row.difference_high)], [y, y], color=colour)
    axes.plot([row.difference], [y], "o", color=colour, ms=5.5)


def _describe(view: View) -> str:
    table = view.table
    return f"Difference to {table.baseline} in {view.setting.metric}, with simultaneous 95% intervals. " + "; ".join(
        f"{row.name}: {row.word}"
        if row.difference is None
        else f"{row.name}: {number(row.difference, table.decimals, sign=True)}"
        f" {interval(row.difference_low, row.difference_high, table.decimals, sign=True)}, {row.word}"
        for row in _rows(view)
    ) + "."  # fmt: skip


DIFFERENCES = Plot(
    "differences",
    "Difference to the baseline",
    "Dots are mean differences over the splits, lines their 95% intervals, corrected for shared training rows, "
    "for all losses at once. "
    "Blue is better, orange worse, grey not distinguishable; an arrow points to what lies outside.",
    _height,
    _draw,
    _describe,
)
