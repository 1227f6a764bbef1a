"""Rows as CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

# https://owasp.org/www-community/attacks/CSV_Injection: what makes a cell a formula, also behind our own mark.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """The rows, the header among them, with every text that a spreadsheet would run behind an apostrophe.

    That is a text which begins with `=`, `+`, `-`, `@`, a tab or the end of a line, or with apostrophes before one of
    these. Numbers stay as they are, also where a text is one (a class label `-1`). Round trip: a cell that `FORMULA`
    matches, begins with an apostrophe, and was read from such a file is the original behind one apostrophe.
    """
    return "".join(csv_lines(rows))


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The same, row by row."""
    line = ""

    def write(text: str) -> None:
        nonlocal line
        line = text.removesuffix("\r\n") + "\n"

    # Cells are quoted that hold a character of the line's end: so both are in it, until a line is whole.
    writer = csv.writer(SimpleNamespace(write=write), lineterminator="\r\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        yield line


def _cell(value: Any) -> Any:
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value
