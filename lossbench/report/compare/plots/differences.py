"""Forest plot: every loss's difference to the baseline with its interval, beside the band of practical equality."""

from __future__ import annotations

from lossbench.record.comparison import SCORELESS, ComparisonRow
from lossbench.report.compare.drawing import INCH, TEXT, Area, Dot, Drawing, Line
from lossbench.report.compare.plots.plot import Plot, View, note_scoreless
from lossbench.report.compare.plots.rows import Rows, rows
from lossbench.report.format import interval, number
from lossbench.report.style import LIGHT, shortened, text_width, word_colour


def _rows(view: View) -> list[ComparisonRow]:
    return [
        row
        for row in view.table.rows
        if not row.same_as
        and (row.difference is not None or (row.word in SCORELESS and row.name != view.table.baseline))
    ]


def _limits(view: View, shown: list[ComparisonRow]) -> tuple[float, float]:
    """What the sound losses span, so that a broken one does not squeeze them; what lies outside gets an arrow."""
    rope = view.table.rope
    sound = [row for row in shown if row.word != "broken"] or shown
    ends = [v for row in sound for v in (row.difference_low, row.difference_high, row.difference) if v is not None]
    low, high = min([-2 * rope, *ends]), max([2 * rope, *ends])
    reach = 8 * max(rope, view.table.resolution or 0)
    low, high = max(low, -reach), min(high, reach)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _draw(view: View) -> Drawing | None:
    shown, table = _rows(view), view.table
    if not any(row.difference is not None for row in shown):
        return None
    intervals = [
        f"{number(row.difference, table.decimals, sign=True)}  "
        f"{interval(row.difference_low, row.difference_high, table.decimals, sign=True)}"
        if row.difference is not None
        else ""
        for row in shown
    ]
    low, high = _limits(view, shown)
    right = (0.3 + text_width(intervals, TEXT - 1)) * INCH
    label = f"{view.setting.metric} minus {shortened(table.baseline)}’s; band: ROPE"
    at = rows([row.name for row in shown], low, high, label, right=right, below=0.15 * INCH)
    drawing, x = at.drawing, at.x
    band = (max(low, -table.rope), min(high, table.rope))
    drawing.add(Area([(x(v), y) for v, y in zip((*band, *band[::-1]), _box(at), strict=True)], LIGHT["grid"]))
    drawing.add(Line([(x(0), at.top), (x(0), at.bottom)], LIGHT["ink"], 1))
    for i, row in enumerate(shown):
        if row.difference is None:
            note_scoreless(drawing, x.start + 4, at.y(i), row)
            continue
        _draw_row(at, i, row)
        drawing.text(x.end + 8, at.y(i), intervals[i], word_colour(row.word), size=TEXT - 1)
    better, worse = ("better →", "← worse") if view.better_sign > 0 else ("worse →", "← better")
    drawing.text(x.end, at.bottom + 40, better, LIGHT["soft"], anchor="end")
    drawing.text(x.start, at.bottom + 40, worse, LIGHT["soft"])
    return drawing


def _box(at: Rows) -> tuple[float, float, float, float]:
    return at.top, at.top, at.bottom, at.bottom


def _draw_row(at: Rows, i: int, row: ComparisonRow) -> None:
    assert row.difference is not None
    colour, x, y = word_colour(row.word), at.x, at.y(i)
    if not x.holds(row.difference):
        left = row.difference < x.low
        tip, back = (x.start, 6) if left else (x.end, -6)
        at.drawing.add(Area([(tip, y), (tip + back, y - 3.5), (tip + back, y + 3.5)], colour))
        return
    if row.difference_low is not None and row.difference_high is not None:
        ends = (max(x.low, row.difference_low), min(x.high, row.difference_high))
        at.drawing.add(Line([(x(end), y) for end in ends], colour))
    at.drawing.add(Dot((x(row.difference), y), 2.75, colour))


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
    _draw,
    _describe,
)
