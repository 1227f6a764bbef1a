"""The columns of numbers in a comparison's table: each is declared once, for terminal, Markdown and page alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lossbench.record.comparison import ComparisonRow, ComparisonTable
from lossbench.report.format import interval, learning_rate, number, p_value, probability

Cell = Callable[[ComparisonRow, ComparisonTable], str]
Value = Callable[[ComparisonRow], float | None]


RAW_SCORE = "score of the loss's own probabilities, before the common temperature"


def _nothing(row: ComparisonRow, table: ComparisonTable) -> str:
    return ""


@dataclass(frozen=True)
class TableColumn:
    """One column.

    `value` is what a page sorts by, `text` what is written, `detail` what stands behind it in small (an interval).
    A narrow terminal shows `narrow` (None: the text alone) under the name `short`; where there is still no room, the
    column with the largest `give_up` goes first, and one of 0 never. A column is left out where no row has a `value`
    other than None and 0, unless it is `always` there. Words, which are not `numeric`, stand at the left.
    `on_terminal`: whether a terminal has it at all.
    """

    name: str  # "" is the name of the metric
    value: Value
    text: Cell
    detail: Cell = _nothing
    narrow: Cell | None = None
    short: str = ""
    give_up: int = 0
    always: bool = True
    numeric: bool = True
    on_terminal: bool = True

    def title(self, metric: str) -> str:
        """What stands at its head."""
        return self.name or metric

    def is_shown(self, rows: Sequence[ComparisonRow]) -> bool:
        """Whether any row has something to show in it."""
        return self.always or any(self.value(row) for row in rows)

    def full(self, row: ComparisonRow, table: ComparisonTable) -> str:
        """Text and detail."""
        detail = self.detail(row, table)
        return self.text(row, table) + (f" {detail}" if detail else "")

    def brief(self, row: ComparisonRow, table: ComparisonTable) -> str:
        """What a narrow terminal shows."""
        return (self.narrow or self.text)(row, table)


def shown_columns(table: ComparisonTable) -> list[TableColumn]:
    """The columns of a table, in their order."""
    return [column for column in COLUMNS if column.is_shown(table.shown)]


def _share(part: float | None) -> str:
    return f"{100 * part:.0f}%" if part is not None else "–"


def _ends(low: float | None, high: float | None, decimals: int, *, sign: bool = False) -> str:
    return "" if low is None or high is None else interval(low, high, decimals, sign=sign)


def _difference(row: ComparisonRow, table: ComparisonTable) -> str:
    """The difference to the baseline; `=` for another name of the objective above."""
    if row.same_as and row.difference is None and row.low is not None:
        return "="
    return number(row.difference, table.decimals, sign=True)


def half_width(mean: float | None, low: float | None, high: float | None, decimals: int) -> str:
    """`±.021`: half the width of an interval, which lies evenly around its mean unless it was cut at one end."""
    if mean is None or low is None or high is None:
        return ""
    return f"±{number(max(mean - low, high - mean), decimals).removeprefix('0')}"


def short_p(p: float | None, decimals: int = 2) -> str:
    """`.97`, `>.99`, `<.001`: a probability without its zero, and never a 0 that was only rounded to it."""
    if p is None:
        return "–"
    least = 10.0**-decimals
    if p == 1 or least <= p <= 1 - least:
        return f"{p:.{decimals}f}".removeprefix("0") if p < 1 else "1"
    return ("<" if p < 0.5 else ">") + f"{least if p < 0.5 else 1 - least:.{decimals}f}".removeprefix("0")


COLUMNS = (
    TableColumn(
        "",
        lambda row: row.mean,
        lambda row, table: number(row.mean, table.decimals),
        detail=lambda row, table: _ends(row.low, row.high, table.decimals),
        narrow=lambda row, table: (
            number(row.mean, table.decimals) + half_width(row.mean, row.low, row.high, table.decimals)
        ),
    ),
    TableColumn(
        "difference",
        lambda row: row.difference,
        _difference,
        detail=lambda row, table: _ends(row.difference_low, row.difference_high, table.decimals, sign=True),
        narrow=lambda row, table: (
            _difference(row, table)
            + half_width(row.difference, row.difference_low, row.difference_high, table.decimals)
        ),
    ),
    TableColumn(
        "P(better)",
        lambda row: row.p_better,
        lambda row, _: probability(row.p_better),
        narrow=lambda row, _: short_p(row.p_better),
        short="P>",
        give_up=3,
    ),
    TableColumn(
        "P(equal)",
        lambda row: row.p_equal,
        lambda row, _: probability(row.p_equal),
        narrow=lambda row, _: short_p(row.p_equal),
        short="P=",
        give_up=2,
    ),
    TableColumn(
        "p (adjusted)",
        lambda row: row.p_adjusted,
        lambda row, _: p_value(row.p_adjusted),
        narrow=lambda row, _: short_p(row.p_adjusted, 3),
        short="p",
        give_up=1,
    ),
    TableColumn("won", lambda row: row.won, lambda row, _: _share(row.won), on_terminal=False),
    TableColumn("lr", lambda row: row.lr, lambda row, _: learning_rate(row.lr), give_up=4),
    TableColumn(
        "edge",
        lambda row: row.grid_edge,
        lambda row, _: _share(row.grid_edge) if row.grid_edge else "",
        give_up=7,
        always=False,
    ),
    TableColumn(
        "untuned",
        lambda row: row.untuned,
        lambda row, table: number(row.untuned, table.decimals),
        give_up=8,
        always=False,
    ),
    TableColumn(
        "raw",
        lambda row: row.raw,
        lambda row, table: number(row.raw, table.decimals),
        give_up=9,
        always=False,
    ),
    TableColumn(
        "scored",
        lambda row: 1.0 if row.scored else None,
        lambda row, _: row.scored,
        give_up=10,
        always=False,
        numeric=False,
    ),
    TableColumn(
        "failed",
        lambda row: row.failed_splits,
        lambda row, table: f"{row.failed_splits}/{table.splits}" if row.failed_splits else "",
        detail=lambda row, _: (
            f"[{row.failed_low:.0%}, {row.failed_high:.0%}]"
            if row.failed_splits and row.failed_low is not None and row.failed_high is not None
            else ""
        ),
        give_up=5,
        always=False,
    ),
    TableColumn(
        "diverged trials",
        lambda row: row.diverged_trials,
        lambda row, _: str(row.diverged_trials),
        always=False,
        on_terminal=False,
    ),
)
