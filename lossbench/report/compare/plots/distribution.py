"""The score of every split, per loss: one dot a split, the mean and its interval beside them."""

from __future__ import annotations

from lossbench.deferred import np
from lossbench.random_streams import generator
from lossbench.record.comparison import SCORELESS, ComparisonRow
from lossbench.report.compare.drawing import INCH, ROW, TEXT, Dot, Drawing, Line, bounds
from lossbench.report.compare.plots.plot import Plot, View, note_scoreless
from lossbench.report.compare.plots.rows import rows
from lossbench.report.format import number
from lossbench.report.style import LIGHT, word_colour


def _rows(view: View) -> list[ComparisonRow]:
    return [row for row in view.table.rows if row.scores or row.word == "failed"]


def _draw(view: View) -> Drawing | None:
    shown, table = _rows(view), view.table
    own = [row for row in shown if row.word not in SCORELESS]
    if not own:
        return None
    known = [v for row in own for v in (*row.scores, row.low, row.high) if v is not None]
    low, high = bounds(known, 0.05)
    label = f"{view.setting.metric} on the test part of each split"
    at = rows([row.name for row in shown], low, high, label, right=0.75 * INCH, grid=True)
    drawing, x = at.drawing, at.x
    baseline = next((row.mean for row in shown if row.word == "baseline"), None)
    if baseline is not None:
        drawing.add(Line([(x(baseline), at.top), (x(baseline), at.bottom)], LIGHT["faint"], 1))
    if table.dummy is not None and x.holds(table.dummy):
        place = x(table.dummy)
        drawing.add(Line([(place, at.top), (place, at.bottom)], LIGHT["faint"], 1, "3 3"))
        drawing.text(place, at.top - 6, "dummy", LIGHT["soft"], size=TEXT - 1.5, anchor="middle")
    # The same height within its row for a split, whatever the loss: neighbours can be followed from row to row.
    jitter = generator(0, "distribution").uniform(-0.22, 0.22, max(len(row.scores) for row in shown))
    for i, row in enumerate(shown):
        colour, y = word_colour(row.word), at.y(i)
        if row not in own:
            note_scoreless(drawing, x.start + 4, y, row)
            continue
        dots = zip(row.scores, jitter, strict=False)
        drawing.add(*(Dot((x(score), y + ROW * float(up)), 1.5, colour, 0.3) for score, up in dots))
        if row.low is not None and row.high is not None:
            drawing.add(Line([(x(row.low), y), (x(row.high), y)], colour))
        drawing.add(Dot((x(float(np.mean(row.scores))), y), 2.75, colour))
        drawing.text(x.end + 8, y, number(row.mean, table.decimals), colour, size=TEXT - 1)
    return drawing


def _describe(view: View) -> str:
    return f"Test {view.setting.metric} of every split. " + "; ".join(
        f"{row.name}: {row.word}"
        if row.word in SCORELESS
        else f"{row.name}: mean {number(row.mean, view.table.decimals)},"
        f" from {number(min(row.scores), view.table.decimals)} to {number(max(row.scores), view.table.decimals)}"
        for row in _rows(view)
    ) + "."  # fmt: skip


DISTRIBUTION = Plot(
    "distribution",
    "Scores over the splits",
    "One faint dot per split, the mean and its 95% interval in front. Splits differ more than losses do: only paired "
    "differences tell losses apart. What failed or diverged has no scores of its own. A line called dummy, where it "
    "lies in reach, is the majority class or the target mean.",
    _draw,
    _describe,
)
