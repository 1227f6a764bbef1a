"""Counts the rows of a delimited text before pandas reads them, so that each row has its line and no field is lost.

Plain texts are counted in numpy, a megabyte at once, and pandas reads them as they are. A text in which pandas and
Python's csv module could see different rows (control characters, comments, empty rows, runs of blanks, the line ends
of an old Mac) is written anew, a line a row, every field in quotes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from lossbench.data.read.lines import BLANKS, EMPTY, Lines, is_empty, records, unreadable
from lossbench.data.read.unpack import BLOCK
from lossbench.deferred import np
from lossbench.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

REWRITTEN_SEP = "\t"


@dataclass(frozen=True)
class Start:
    """Where the data begins: the byte, the lines before it, and how many fields a row has."""

    byte: int
    lines: int
    fields: int


@dataclass
class Rows:
    """The rows that pandas is to read, from the byte `begin` of a stream on, and what was counted in them.

    `line_N`: the line on which each begins; `short`: rows with fewer fields than the header, as (line, fields);
    `trailing`: rows with more separators than fields; `empty`: the lines of rows without a value, which are left out.
    """

    stream: IO[bytes]
    sep: str
    begin: int
    line_N: NDArray[Any]
    short: list[tuple[int, int]] = field(default_factory=list)
    trailing: int = 0
    empty: list[int] = field(default_factory=list)


def find_rows(stream: IO[bytes], spare: IO[bytes], sep: str, start: Start, comment: str | None, *, plain: bool) -> Rows:
    """The rows of a text; in `spare`, an empty file, where they must be written anew.

    `plain`: there are no control characters and no lone returns. Raises `UserError` for a row that is too long.
    """
    found = count_rows(stream, sep, start) if plain and sep != BLANKS and not comment else None
    return found or _rewrite(stream, spare, sep, start, comment)


def _rewrite(stream: IO[bytes], spare: IO[bytes], sep: str, start: Start, comment: str | None) -> Rows:
    found = Rows(spare, REWRITTEN_SEP, 0, np.empty(0, dtype=np.int64))
    lines = Lines(stream, comment, start.byte, start.lines)
    text = io.TextIOWrapper(spare, encoding="utf-8", newline="")
    numbers: list[int] = []
    try:
        writer = csv.writer(text, delimiter=REWRITTEN_SEP, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for line, row in records(lines, sep):
            if is_empty(row):
                found.empty += [line] if len(row) > 1 else []
                continue
            if len(row) > start.fields:
                if not is_empty(row[start.fields :]):
                    raise _too_long(line, len(row), start.fields)
                found.trailing += 1
            elif len(row) < start.fields:
                found.short.append((line, len(row)))
            padding = [""] * (start.fields - len(row))
            writer.writerow([*row[: start.fields], *padding])
            numbers.append(line)
    finally:
        lines.detach()
        text.flush()
        text.detach()
    found.line_N = np.array(numbers, dtype=np.int64)
    return found


def _too_long(line: int, count: int, fields: int) -> UserError:
    return UserError(
        f"line {line} has {count} fields, the header has {fields}",
        fix="correct the row (quote a field that holds the separator), or name another --sep",
    )


def count_rows(stream: IO[bytes], sep: str, start: Start) -> Rows | None:
    """The rows of a text without control characters as they stand there; None where one is empty or too long."""
    numbers: list[NDArray[Any]] = []
    short: list[tuple[int, int]] = []
    trailing = 0
    stream.seek(start.byte)
    for line_N, count_N, open_N, empty_N in _counted(stream, sep, start.lines + 1):
        extra_N = (count_N == start.fields + 1) & open_N
        if bool(empty_N.any()) or bool(((count_N > start.fields) & ~extra_N).any()):
            return None
        short += [(int(line_N[row]), int(count_N[row])) for row in np.flatnonzero(count_N < start.fields)]
        trailing += int(np.count_nonzero(extra_N))
        numbers.append(line_N)
    line_N = np.concatenate(numbers) if numbers else np.empty(0, dtype=np.int64)
    return Rows(stream, sep, start.byte, line_N, short, trailing)


# Per piece of the text, of each row that is not blank: the line, the number of fields, whether the last field is empty,
# and whether all are.
_Counted = tuple["NDArray[Any]", "NDArray[Any]", "NDArray[Any]", "NDArray[Any]"]


def _counted(stream: IO[bytes], sep: str, line: int) -> Iterator[_Counted]:
    rest = b""
    while True:
        begin = stream.tell() - len(rest)
        block = stream.read(BLOCK)
        piece = rest + block
        end = piece.rfind(b"\n") + 1 if block else len(piece)
        piece, rest = piece[:end], piece[end:]
        if b'"' in piece:
            stream.seek(begin)
            yield from _counted_by_csv(stream, sep, line)
            return
        if piece:
            yield _count_plain(piece if piece.endswith(b"\n") else piece + b"\n", sep.encode(), line)
            line += piece.count(b"\n")
        if not block:
            return


def _count_plain(piece: bytes, sep: bytes, line: int) -> _Counted:
    bytes_B = np.frombuffer(piece, dtype=np.uint8)
    ends = np.flatnonzero(bytes_B == ord("\n"))
    seps = np.flatnonzero(bytes_B == sep[0]) if len(sep) == 1 else _find_all(piece, sep)
    passed_N = np.searchsorted(seps, ends)  # separators up to the end of each line
    count_N = np.diff(passed_N, prepend=0)
    before = ends - 1 - (bytes_B[ends - 1] == ord("\r"))  # the last byte of the line; of an empty one, some other
    last_N = np.append(seps, -len(sep))[passed_N - 1]  # where there is none yet: the place before the text
    open_N = (count_N > 0) & (last_N + len(sep) - 1 == before)
    line_N = np.arange(line, line + len(ends))
    first_N = bytes_B[np.append(0, ends[:-1] + 1)]
    if bool(np.all((first_N > ord(" ")) & (first_N != sep[0]))):  # each row has a value, its first
        return line_N, count_N + 1, open_N, np.zeros(len(ends), dtype=bool)
    blanks = np.searchsorted(np.flatnonzero(bytes_B <= ord(" ")), ends, side="right")  # the line's end is one
    ink = np.diff(ends, prepend=-1) - np.diff(blanks, prepend=0)
    full = (count_N > 0) | (ink > 0)
    of_seps = len(sep) * count_N if sep > b" " else 0
    return line_N[full], count_N[full] + 1, open_N[full], (ink == of_seps)[full]


def _find_all(piece: bytes, sep: bytes) -> NDArray[Any]:
    places, place = [], piece.find(sep)
    while place >= 0:
        places.append(place)
        place = piece.find(sep, place + len(sep))
    return np.array(places, dtype=np.int64)


def _counted_by_csv(stream: IO[bytes], sep: str, line: int) -> Iterator[_Counted]:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    start, found = 0, []
    reader = csv.reader(text, delimiter=sep, strict=True)
    try:
        for row in reader:
            if len(row) > 1 or (row and (row[0].strip(EMPTY) or not row[0])):  # `""` is a row to pandas
                empty = not row[0].strip(EMPTY) and is_empty(row)
                found.append((line + start, len(row), not row[-1], empty))
            start = reader.line_num
    except csv.Error as problem:
        raise unreadable(line + start, problem) from None
    finally:
        text.detach()
    table = np.array(found, dtype=np.int64).reshape(-1, 4)
    yield table[:, 0], table[:, 1], table[:, 2].astype(bool), table[:, 3].astype(bool)
