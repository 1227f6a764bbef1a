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

from lossbench.record.comparison import ComparisonTable, Word
from lossbench.report.compare.columns import shown_columns
from lossbench.report.format import number
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
        table, rows = self.table, self.table.shown
        fields = [
            _Field("", [MARKS[row.word][0] for row in rows], 0, right=False),
            _Field("#", ["–" if row.rank is None else str(row.rank) for row in rows], 6),
            _Field(_LOSS, [row.loss if wide else row.name for row in rows], 0, right=False),
            _Field("activation", [row.last_act for row in rows], 9, right=False),
        ]
        for column in shown_columns(table):
            if column.on_terminal:
                cell = column.full if wide else column.brief
                name = column.title(self.metric) if wide else column.short or column.title(self.metric)
                fields.append(_Field(name, [cell(row, table) for row in rows], column.give_up, column.numeric))
        return fields


def _width(fields: Sequence[_Field], gap: int) -> int:
    return sum(field.width for field in fields) + gap * (len(fields) - 1)


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
