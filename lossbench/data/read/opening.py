"""The top of a delimited text: the lines above the header, the header, and the first rows."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import IO

from lossbench.data.infer.spelling import is_number
from lossbench.data.read.dialect import NAMED_SEPARATORS, find_separator
from lossbench.data.read.lines import EMPTY, Lines, is_empty, records, split
from lossbench.data.read.parsed import clean_names
from lossbench.data.read.rows import Start
from lossbench.data.source import DataSource
from lossbench.data.table import Information
from lossbench.errors import UserError, counted

SAMPLE_ROWS = 200
SAMPLE_CHARACTERS = 1 << 20
MOST_TITLES = 30  # rows in which the header is looked for

_EXCEL_SEP = re.compile(r'"?sep=(?P<sep>[^\r\n])"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Opening:
    """The first rows as lines, each with its number in the file; `skip` lines above them, one of which may be `sep=;`.

    The first of the rows is the header, unless the user says that there is none.
    """

    rows: list[str]
    numbers: list[int]
    skip: int
    excel_sep: str | None


def read_opening(stream: IO[bytes], source: DataSource) -> Opening:
    """The first rows; what is not UTF-8 was said already. `UserError` for comments that nothing was said about."""
    lines = Lines(stream, source.comment)
    first = _EXCEL_SEP.fullmatch(next(lines, ""))
    skip = max(source.skip_lines, 1 if first else 0)
    lines.detach()
    lines = Lines(stream, source.comment)
    lines.skip(skip)
    rows: list[str] = []
    numbers: list[int] = []
    characters = 0
    while len(rows) <= SAMPLE_ROWS and characters < SAMPLE_CHARACTERS:
        lines.begins_row = True
        line = next(lines, None)
        if line is None:
            break
        characters += len(line)
        if line.strip(EMPTY):
            rows.append(line)
            numbers.append(lines.count)
    lines.detach()
    if source.comment is None and rows and rows[0].startswith("#"):
        _refuse_comments(rows, numbers)
    return Opening(rows, numbers, skip, first["sep"] if first and source.skip_lines <= 1 else None)


def _refuse_comments(rows: Sequence[str], numbers: Sequence[int]) -> None:
    last = next((i for i, row in enumerate(rows) if not row.startswith("#")), len(rows)) - 1
    above = "line" if numbers[last] == 1 else f"{numbers[last]} lines"
    raise UserError(
        f"line {numbers[0]} is a comment ('#...'), not a header",
        fix=f"leave such lines out with --comment '#', or the first {above} with --skip-lines {numbers[last]}",
    )


def read_names(
    stream: IO[bytes], sep: str, opening: Opening, source: DataSource, *, needs_target: bool
) -> tuple[list[str], Start, list[str]]:
    """The names of the columns, where the data begins, and notes; without a header the columns are called 1, 2, ...

    Rows to predict may lack the target (`needs_target` False), which `columns` then names for nothing.
    """
    lines = Lines(stream, source.comment)
    try:
        lines.skip(opening.skip)
        begin, count = lines.end, lines.count
        for _, row in records(lines, sep):
            if not is_empty(row):
                break
            begin, count = lines.end, lines.count
        else:
            raise UserError("the file is empty")
        end = Start(lines.end, lines.count, len(row))
    finally:
        lines.detach()
    if source.header:
        if source.columns:
            what = "it names the columns of a file without a header"
            raise UserError(what, where="--columns", fix="add --no-header, or leave it out")
        names, notes = clean_names(row)
        return names, end, notes
    columns = [*source.columns]
    if len(columns) == len(row) + 1 and source.target in columns and not needs_target:
        columns.remove(source.target)
    if columns and len(columns) != len(row):
        has = f"{counted(len(columns), 'name')}, but the first row has {counted(len(row), 'field')}"
        raise UserError(has, where="--columns", fix="name every column once")
    names, notes = clean_names(columns or [str(i + 1) for i in range(len(row))])
    return names, Start(begin, count, len(row)), notes


def header_note(names: Sequence[str], opening: Opening, source: DataSource) -> list[str]:
    """A warning where the header has numbers as rows have them, not as names: 46.93, but not 2019, 2020, 2021."""
    numbers = [name for name in names if is_number(name)]
    if not source.header or not numbers or _count_on(numbers):
        return []
    line = f"line {opening.numbers[0]} is read as the header, and has the number {numbers[0]!r}"
    return [f"{line}: if it is a row, say --no-header"]


def _count_on(names: Sequence[str]) -> bool:
    if not all(name.isdecimal() for name in names):
        return False
    steps = {int(b) - int(a) for a, b in itertools.pairwise(names)}
    return len(steps) == 1 and min(steps) > 0 if steps else int(names[0]) <= 1


def explained(
    problem: UserError, opening: Opening, names: Sequence[str], wanted: Collection[str], source: DataSource
) -> UserError:
    """The same mistake, or a better word for it: the header stands further down, or there is none."""
    if (below := _header_below(opening, names, wanted, source)) is not None:
        what = f"the header seems to be on line {below}, not on line {opening.numbers[0]} ({_start(opening.rows[0])})"
        return UserError(what, fix=f"leave the lines above it out with --skip-lines {below - 1}")
    if source.header and any(is_number(name) for name in names):
        called = f"columns are then called 1 to {len(names)}, or as --columns says"
        return UserError(
            problem.what,
            where=problem.where,
            fix=f"{problem.fix}; if line {opening.numbers[0]} is a row and no header, say --no-header: {called}",
        )
    return problem


def _header_below(opening: Opening, names: Sequence[str], wanted: Collection[str], source: DataSource) -> int | None:
    """The line of the first row that has the wanted names, else of the first that has as many fields as most have."""
    for i in range(1, min(len(opening.rows), MOST_TITLES) if source.header else 0):
        sep = source.sep or find_separator(opening.rows[i:])
        row = split(opening.rows[i : i + 1], NAMED_SEPARATORS.get(sep, sep))[0]
        fields = {" ".join(field.split()) for field in row}
        if wanted and set(wanted) <= fields and not any(is_number(field) for field in fields):
            return opening.numbers[i]
    rest = opening.rows[1:]
    sep = source.sep or find_separator(rest)
    counts = [len(row) for row in split(rest, NAMED_SEPARATORS.get(sep, sep))]
    usual, rows = Counter(counts).most_common(1)[0] if counts else (0, 0)
    if usual > len(names) and rows > 1 and 2 * rows > len(counts):
        return opening.numbers[1 + counts.index(usual)]
    return None


def _start(line: str) -> str:
    text = line.strip()
    return repr(text if len(text) <= 40 else text[:37] + "...")


def opening_notes(opening: Opening, source: DataSource) -> list[str]:
    """What was left out above the header that nobody asked for."""
    if opening.excel_sep is None or source.sep is not None:
        return []
    return [Information(f"the first line, 'sep={opening.excel_sep}', is Excel's: it says how fields are separated")]
