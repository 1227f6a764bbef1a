"""Average ranks over data sets, and bars over losses that Nemenyi's test does not distinguish."""

from __future__ import annotations

from lossbench.errors import counted
from lossbench.record.comparison import Across
from lossbench.report.compare.analysis.multiple_datasets import RANK_WARNING
from lossbench.report.compare.drawing import INCH, ROW, TEXT, WIDTH, Dot, Drawing, Line, Scale
from lossbench.report.format import number, p_value
from lossbench.report.style import LIGHT, shortened, text_width, word_colour


def groups(rank: list[float], distance: float) -> list[tuple[int, int]]:
    """First and last index of every longest run of sorted ranks within `distance`; runs of one are excluded."""
    found: list[tuple[int, int]] = []
    for first, low in enumerate(rank):
        last = max(i for i, high in enumerate(rank) if high - low <= distance)
        if last > first and not any(a <= first and last <= b for a, b in found):
            found.append((first, last))
    return found


def subtitle(across: Across) -> str:
    """What the omnibus test says, and with it whether ranks may be distinguished at all."""
    sets = counted(len(across.data), "data set")
    if across.friedman_p is None or across.iman_davenport_p is None:
        return f"{sets}; no omnibus test of so few losses or data sets"
    p = p_value(max(across.friedman_p, across.iman_davenport_p))
    test = f"{sets}, Friedman p {p if p.startswith('<') else f'= {p}'}"
    if not across.rejected:
        return f"{test}: no two losses may be distinguished by their ranks"
    return f"{test}; bars join losses within CD = {number(across.critical_difference, 2)}"


def critical_difference(across: Across) -> Drawing:
    """Losses on a line of average ranks, each named on a row of its own; bars only after a rejected omnibus test."""
    rows = sorted(across.rows, key=lambda row: row.average_rank)
    rank = [row.average_rank for row in rows]
    bars = groups(rank, across.critical_difference) if across.critical_difference else []
    top = 0.35 * INCH
    bottom = top + ROW * len(rows)
    drawing = Drawing(bottom + 0.4 * INCH)
    names = [shortened(row.name) for row in rows]
    left, right = (0.4 + text_width(names)) * INCH, WIDTH - (0.8 + 0.16 * len(bars)) * INCH
    x = Scale(0.8, len(rows) + 0.2, left, right)
    drawing.add(Line([(left, top), (right, top)], LIGHT["faint"], 0.8))
    for place in range(1, len(rows) + 1):
        drawing.add(Line([(x(place), top - 3), (x(place), top)], LIGHT["faint"], 0.8))
        drawing.text(x(place), top - 10, str(place), LIGHT["soft"], size=TEXT - 1, anchor="middle")
    for i, row in enumerate(rows):
        y, here = top + (i + 0.5) * ROW, x(row.average_rank)
        drawing.add(Line([(left, y), (here, y)], LIGHT["grid"], 1), Dot((here, y), 3, word_colour(row.word)))
        drawing.text(here + 8, y, number(row.average_rank, 2), LIGHT["soft"], size=TEXT - 1)
        drawing.text(left - 7, y, names[i], anchor="end")
    for i, (first, last) in enumerate(bars):  # upright, over the rows that are not distinguished
        at = right + (0.5 + 0.16 * i) * INCH
        drawing.add(Line([(at, top + (first + 0.3) * ROW), (at, top + (last + 0.7) * ROW)], LIGHT["ink"], 2.5))
    drawing.text(0.02 * WIDTH, bottom + 16, RANK_WARNING, LIGHT["soft"], size=TEXT - 1)
    return drawing


def describe(across: Across) -> str:
    """The picture in words."""
    ranks = "; ".join(f"{row.name}: {number(row.average_rank, 2)}" for row in across.rows)
    return f"Average ranks over {counted(len(across.data), 'data set')}: {ranks}. {subtitle(across)}."
