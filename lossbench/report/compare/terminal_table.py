"""A data set's table on a terminal, as wide as that is: intervals written out where they fit, `±` where they do not.

Columns are given up in order of their importance; what has no column is listed in lines below, so that nothing is
hidden by a narrow window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from lossbench.record.comparison import ComparisonRow, ComparisonTable, Word
from lossbench.report.format import interval, learning_rate, number, p_value, probability
from lossbench.report.terminal.table import plain_table

# One character says what the data say of a loss, for those who see no colours.
MARKS: dict[Word, tuple[str, str]] = {
    "baseline": ("*", "bold"),
    "better": ("+", "bold cyan"),
    "worse": ("-", "yellow"),
    "practically equal": ("=", ""),
    "not distinguishable": ("?", ""),
    "anecdotal": ("~", ""),
    "not compared": ("·", ""),
    "unreliable": ("%", "magenta"),
    "same objective": ("≡", "dim"),
    "broken": ("!", "magenta"),
    "diverged": ("∞", "magenta"),
    "failed": ("x", "magenta"),
    "interrupted": ("…", "dim"),
    "reference, not a loss": ("r", "italic"),
}
_LOSS, _MOST = "loss", 20  # the only column whose cells may be folded, and the longest word that is not


@dataclass(frozen=True)
class _Field:
    """One column: its cells, and the order in which columns are given up (the largest first; 0: never)."""

    name: str
    cells: list[str]
    give_up: int
    right: bool = True

    @property
    def width(self) -> int:
        """Characters that it needs: of a loss, as many as its longest word."""
        if self.name != _LOSS:
            return max(map(cell_len, [self.name, *self.cells]))
        return min(_MOST, max(cell_len(word) for cell in [self.name, *self.cells] for word in cell.split()))


class ComparisonGrid:
    """The table of one data set, and below it what had no room beside the rest."""

    def __init__(self, table: ComparisonTable, metric: str) -> None:
        self.table, self.metric = table, metric

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown, gap, below = self._chosen(options.max_width)
        yield _drawn(shown, gap, self.table, self.metric)
        names = [row.name for row in self.table.shown]
        for field in below:
            yield Text(f"{field.name}: {_listed_by_value(names, field.cells)}", style="dim")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(80, options.max_width), options.max_width)

    def _chosen(self, room: int) -> tuple[list[_Field], int, list[_Field]]:
        """The fields that fit, the spaces between them, and the fields that do not fit."""
        for wide, gap in ((True, 2), (False, 2), (False, 1)):
            fields = self._fields(wide=wide)
            if _width(fields, gap) <= room:
                return fields, gap, []
        below: list[_Field] = []
        while _width(fields, gap) > room and (least := max(fields, key=lambda field: field.give_up)).give_up:
            fields = [field for field in fields if field is not least]
            below.insert(0, least)
        return fields, gap, [field for field in below if field.name != "#"]  # the rows stand in its order

    def _fields(self, *, wide: bool) -> list[_Field]:
        rows, d = self.table.shown, self.table.decimals
        mean, difference = ("", "") if wide else ("±", "±")
        names = ("P(better)", "P(equal)", "p (adjusted)", "failed") if wide else ("P>", "P=", "p", "div")
        fields = [
            _Field("", [MARKS[row.word][0] for row in rows], 0, right=False),
            _Field("#", ["–" if row.rank is None else str(row.rank) for row in rows], 6),
            _Field(_LOSS, [row.loss if wide else row.name for row in rows], 0, right=False),
            _Field("activation", [row.last_act for row in rows], 9, right=False),
            _Field(self.metric, [_ends(row.mean, row.low, row.high, d, mean) for row in rows], 0),
            _Field("difference", [_difference(row, d, difference) for row in rows], 0),
            _Field(names[0], [(probability if wide else short_p)(row.p_better) for row in rows], 3),
            _Field(names[1], [(probability if wide else short_p)(row.p_equal) for row in rows], 2),
            _Field(names[2], [p_value(row.p_adjusted) if wide else short_p(row.p_adjusted, 3) for row in rows], 1),
            _Field("lr", [learning_rate(row.lr) for row in rows], 4),
        ]
        if any(row.grid_edge for row in rows):
            fields.append(_Field("edge", [f"{row.grid_edge:.0%}" if row.grid_edge else "" for row in rows], 7))
        if any(row.untuned is not None for row in rows):
            fields.append(_Field("untuned", [number(row.untuned, d) for row in rows], 8))
        if any(row.scored for row in rows):
            fields.append(_Field("scored", [row.scored for row in rows], 10, right=False))
        if any(row.failed_splits for row in rows):
            cells = [_failed(row, self.table, share=wide) if row.failed_splits else "" for row in rows]
            fields.append(_Field(names[3], cells, 5))
        return fields


def _width(fields: Sequence[_Field], gap: int) -> int:
    return sum(field.width for field in fields) + gap * (len(fields) - 1)


def _failed(row: ComparisonRow, table: ComparisonTable, *, share: bool) -> str:
    """`13/25 [31%, 72%]`: splits on which its net failed, and the interval of that share."""
    known = row.failed_low is not None and row.failed_high is not None
    ends = f" [{row.failed_low:.0%}, {row.failed_high:.0%}]" if share and known else ""
    return f"{row.failed_splits}/{table.splits}{ends}"


def _drawn(fields: Sequence[_Field], gap: int, table: ComparisonTable, metric: str) -> Grid:
    columns = [
        Column(field.name, overflow="fold", min_width=field.width)
        if field.name == _LOSS
        else Column(field.name, justify="right" if field.right else "left", no_wrap=True, min_width=field.width)
        for field in fields
    ]
    grid = plain_table(*columns, padding=(0, gap - 1, 0, 0))  # the box puts one space between columns
    for i, row in enumerate(table.shown):
        grid.add_row(*(Text(field.cells[i]) for field in fields), style=MARKS[row.word][1])
    if table.dummy is not None:  # last: it is no loss, and what all of them have to beat
        sentences = {_LOSS: table.dummy_name, metric: number(table.dummy, table.decimals)}
        grid.add_row(*(Text(sentences.get(field.name, "")) for field in fields), style="dim")
    return grid


def _listed_by_value(names: Sequence[str], cells: Sequence[str]) -> str:
    """`identity (cross_entropy, focal), softmax (mse)`: each value once, with the losses that have it."""
    having: dict[str, list[str]] = {}
    for name, cell in zip(names, cells, strict=True):
        if cell.strip("–"):
            having.setdefault(cell, []).append(name)
    return ", ".join(f"{value} ({', '.join(who)})" for value, who in having.items()) or "–"


def _ends(mean: float | None, low: float | None, high: float | None, decimals: int, sign: str) -> str:
    """`0.805±.021` where `sign` is `±`, else `0.805 [0.784, 0.826]`."""
    if sign:
        return f"{number(mean, decimals)}{half_width(mean, low, high, decimals)}"
    return number(mean, decimals) + (f" {interval(low, high, decimals)}" if low is not None else "")


def _difference(row: ComparisonRow, decimals: int, sign: str) -> str:
    """The difference with its interval; `=` for another name of the objective above."""
    if row.same_as and row.difference is None and row.low is not None:
        return "="
    by = number(row.difference, decimals, sign=True)
    if row.difference is None:
        return by
    if sign:
        return by + half_width(row.difference, row.difference_low, row.difference_high, decimals)
    if row.difference_low is None:
        return by
    return f"{by} {interval(row.difference_low, row.difference_high, decimals, sign=True)}"


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
