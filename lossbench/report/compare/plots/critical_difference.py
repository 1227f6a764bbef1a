"""Average ranks over data sets, and bars over losses that Nemenyi's test does not distinguish."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lossbench.errors import counted
from lossbench.record.comparison import Across
from lossbench.report.compare.analysis.multiple_datasets import RANK_WARNING
from lossbench.report.format import number, p_value
from lossbench.report.style import LIGHT, ROW, TEXT, TITLE, new_figure, place, shortened, text_width, title, word_colour


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


def critical_difference(across: Across, *, heading: bool = True) -> Figure:
    """Losses on a line of average ranks, each named on a row of its own; bars only after a rejected omnibus test."""
    rows = sorted(across.rows, key=lambda row: row.average_rank)
    rank = [row.average_rank for row in rows]
    bars = groups(rank, across.critical_difference) if across.critical_difference else []
    top = TITLE if heading else 0.1
    height = top + 0.55 + ROW * len(rows) + 0.5
    figure = new_figure(height)
    if heading:
        title(figure, "Average ranks over data sets", subtitle(across), height)
    else:
        figure.patch.set_visible(False)
    names = [shortened(row.name) for row in rows]
    axes = place(figure, height, 0.4 + text_width(names), 0.8 + 0.16 * len(bars), 0.5, ROW * len(rows))
    axes.set_xlim(0.8, len(rows) + 0.2)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for y, row in enumerate(rows):
        colour = word_colour(row.word)
        axes.plot([0.8, row.average_rank], [y, y], color=LIGHT["grid"], lw=1)
        axes.plot([row.average_rank], [y], "o", color=colour, ms=6, clip_on=False)
        axes.annotate(
            number(row.average_rank, 2), (row.average_rank, y), (8, 0), textcoords="offset points",
            va="center", size=TEXT - 1, color=LIGHT["soft"], annotation_clip=False,
        )  # fmt: skip
    _draw_bars(axes, bars)
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.spines["top"].set_visible(True)
    axes.set_xticks(range(1, len(rows) + 1))
    figure.text(0.02, 0.16 / height, RANK_WARNING, color=LIGHT["soft"], size=TEXT - 1)
    return figure


def _draw_bars(axes: Axes, bars: list[tuple[int, int]]) -> None:
    """Upright bars at the right, over the rows that are not distinguished."""
    for i, (first, last) in enumerate(bars):
        x = 1.1 + 0.03 * i
        axes.plot(
            [x, x],
            [first - 0.2, last + 0.2],
            color=LIGHT["ink"],
            lw=2.5,
            transform=axes.get_yaxis_transform(),
            clip_on=False,
        )


def describe(across: Across) -> str:
    """The picture in words."""
    ranks = "; ".join(f"{row.name}: {number(row.average_rank, 2)}" for row in across.rows)
    return f"Average ranks over {counted(len(across.data), 'data set')}: {ranks}. {subtitle(across)}."
