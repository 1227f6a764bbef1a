"""The lines of a delimited text: which are skipped, how a row's fields are separated, and which rows are empty."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import IO

from lossbench.data.read.text_encoding import skip_mark
from lossbench.errors import UserError

BLANKS = " "  # as separator: runs of blanks and tabs
EMPTY = "".join(map(chr, range(33)))  # blanks and control characters: no value

_TOKEN = re.compile(r'"((?:[^"]|"")*)"(?=[ \t\r\n]|$)|([^ \t\r\n]+)')


class Lines:
    """The lines of a UTF-8 text from the byte `start` on (None: its first character); comments are blank lines.

    `count` and `end` are the lines and the bytes up to the line given last. A line is a comment where it begins a row.
    """

    def __init__(self, stream: IO[bytes], comment: str | None = None, start: int | None = None, count: int = 0) -> None:
        if start is None:
            skip_mark(stream)
        else:
            stream.seek(start)
        self.count, self.end = count, stream.tell()
        self.begins_row = True
        self._comment = comment
        self._text = io.TextIOWrapper(stream, encoding="utf-8", newline="")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline()
        if not line:
            raise StopIteration
        self.count += 1
        self.end += len(line.encode())
        if self._comment and self.begins_row and line.lstrip(" \t").startswith(self._comment):
            return "\n"
        self.begins_row = False
        return line

    def skip(self, lines: int) -> None:
        """Go past so many lines; `UserError` where there are fewer."""
        for _ in range(lines):
            if not self._text.readable() or next(self, None) is None:
                has = f"the file has {self.count} line{'' if self.count == 1 else 's'}"
                raise UserError(f"{lines} lines cannot be skipped: {has}", where="--skip-lines", fix="skip fewer")
        self.begins_row = True

    def detach(self) -> None:
        """Leave the stream open."""
        self._text.detach()


def records(lines: Lines, sep: str) -> Iterator[tuple[int, list[str]]]:
    """Every row with the number of its first line, blank ones too; `UserError` for quotes that are not closed."""
    if sep == BLANKS:
        for line in lines:
            lines.begins_row = True
            yield lines.count, split_blanks(line)
        return
    reader = csv.reader(lines, delimiter=sep, strict=True)
    while True:
        start = lines.count + 1
        lines.begins_row = True
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise unreadable(start, problem) from None
        yield start, row


def unreadable(line: int, problem: csv.Error) -> UserError:
    """What the csv module found wrong in the row that begins on a line."""
    what = "a quote is opened and never closed" if "end of data" in str(problem) else str(problem)
    return UserError(f"not a text table: line {line}: {what}", fix="correct the quotes")


def split_blanks(line: str) -> list[str]:
    """The fields between runs of blanks; blanks inside of double quotes do not separate."""
    return [plain or quoted.replace('""', '"') for quoted, plain in _TOKEN.findall(line)]


def split(rows: Sequence[str], sep: str) -> list[list[str]]:
    """The fields of some lines; quotes that are not closed are no error here."""
    return [split_blanks(row) for row in rows] if sep == BLANKS else list(csv.reader(rows, delimiter=sep))


def is_empty(row: Sequence[str]) -> bool:
    """Whether no field has a value."""
    return not any(field.strip(EMPTY) for field in row)
