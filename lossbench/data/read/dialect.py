"""Finds out how a delimited text is written: its separator and its decimal mark, from the first rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lossbench.data.infer.spelling import Marks
from lossbench.data.read.lines import BLANKS, split
from lossbench.data.source import DataSource
from lossbench.data.table import Information
from lossbench.errors import UserError

SEPARATORS = (",", ";", "\t", "|")
SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", BLANKS: "blank"}
NAMED_SEPARATORS = {r"\t": "\t", "space": BLANKS, **{name: sep for sep, name in SEPARATOR_NAMES.items()}}
NAMED_MARKS = {"space": " ", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'", "none": ""}

_DECIMAL = {
    ",": re.compile(r"\s*[+-]?\d+,\d+\s*"),
    ".": re.compile(r"\s*[+-]?\d*\.\d+\s*"),
}
_THOUSANDS = {mark: re.compile(rf"\s*[+-]?[1-9]\d{{0,2}}([{mark}]\d{{3}})+\s*") for mark in _DECIMAL}


@dataclass(frozen=True)
class Dialect:
    """How a delimited text is written, and what was noticed while finding out."""

    sep: str
    marks: Marks
    notes: tuple[str, ...] = ()


def given_marks(source: DataSource) -> Marks:
    """What the user said of the marks in numbers; `UserError` where one mark is said to be both."""
    thousands = None if source.thousands is None else NAMED_MARKS.get(source.thousands, source.thousands)
    if thousands and thousands == source.decimal:
        fix = "leave one of them out"
        raise UserError(f"{thousands!r} is the decimal mark too (--decimal)", where="--thousands", fix=fix)
    return Marks(source.decimal or ("," if thousands == "." else "."), thousands, source.decimal is not None)


def find_dialect(rows: Sequence[str], name: str, source: DataSource, excel_sep: str | None = None) -> Dialect:
    """Separator and decimal mark from the header and the first rows, where they are not given.

    The separator is the one of , ; tab | that parts the header into most fields, those first whose rows have as many;
    runs of blanks where none of them does, and all rows have as many fields. `excel_sep` is what a first line `sep=;`
    says. The decimal mark is a comma if some number has one that cannot part thousands, and none has such a point.
    """
    notes: list[str] = []
    if source.sep is not None:
        sep = NAMED_SEPARATORS.get(source.sep, source.sep)
        _refuse_separator(rows, sep)
    elif excel_sep is not None:
        sep = excel_sep
    else:
        sep = find_separator(rows)
        usual = "\t" if name.lower().endswith((".tsv", ".tab")) else ","
        if sep != usual:
            notes.append(Information(f"fields are separated by {SEPARATOR_NAMES[sep]}s (--sep to say otherwise)"))
    marks = given_marks(source)
    if source.decimal is None and marks.thousands not in (",", "."):
        marks = _find_marks(split(rows if not source.header else rows[1:], sep), marks, notes)
    return Dialect(sep, marks, tuple(notes))


def _find_marks(rows: Sequence[Sequence[str]], marks: Marks, notes: list[str]) -> Marks:
    """The decimal mark that the first rows show: the one that only one kind of number can have."""
    fields = [field for row in rows for field in row]
    sure = {
        mark: next((f for f in fields if pattern.fullmatch(f) and not _THOUSANDS[mark].fullmatch(f)), None)
        for mark, pattern in _DECIMAL.items()
    }
    if sure[","] is None or sure["."] is not None:
        return Marks(".", marks.thousands, evident=sure["."] is not None and sure[","] is None)
    first = next(field for field in fields if _DECIMAL[","].fullmatch(field))
    notes.append(Information(f"numbers have a decimal comma, like {first!r} (--decimal . to say otherwise)"))
    return Marks(",", marks.thousands, evident=True)


def _refuse_separator(rows: Sequence[str], sep: str) -> None:
    """Raise `UserError` where the given separator is none, or parts nothing, and another one does."""
    if len(sep) != 1 or sep in '"\r\n':
        raise UserError(f"the separator {sep!r} is not one character", where="--sep", fix="choose , ; tab | or space")
    found = find_separator(rows)
    if rows and found != sep and sep not in rows[0].strip() and found in rows[0].strip():
        what = f"{sep!r} does not occur in the header {rows[0].strip()!r}"
        raise UserError(what, where="--sep", fix=f"fields are separated by {SEPARATOR_NAMES[found]}s there")


def refuse_another_header(rows: Sequence[str], sep: str) -> None:
    """Raise `UserError` where the rows are separated otherwise than the header, and have decimal commas.

    Under `a,y`, the row `1,5;0` has two fields by commas too: '1' and '5;0', which is not meant.
    """
    header, *below = split(rows, sep) or [[]]
    for other in set(SEPARATORS) - {sep}:
        fields = list(csv.reader(rows[1:], delimiter=other))
        alike = all(len(row) == len(header) for row in fields) and not any(other in name for name in header)
        if below and len(header) > 1 and alike and any(_DECIMAL[","].fullmatch(f) for row in fields for f in row):
            names = f"{SEPARATOR_NAMES.get(sep, sep)}s, the rows by {SEPARATOR_NAMES[other]}s"
            raise UserError(
                f"the header is separated by {names} (the first is {rows[1].strip()!r})",
                fix=f"write the header like the rows, or say --sep '{sep}' if it is right",
            )


def find_separator(rows: Sequence[str]) -> str:
    """The one of , ; tab | that parts the first row best, else blanks if they part all rows alike, else a comma."""
    fits, most = {}, {}
    for candidate in SEPARATORS:
        counts = [len(row) for row in csv.reader(rows, delimiter=candidate)]
        if counts and counts[0] > 1:
            most[candidate] = counts[0]
            if all(count in (counts[0], counts[0] + 1) for count in counts[1:]):
                fits[candidate] = counts[0]
    found = fits or most
    if found:
        return max(found, key=lambda candidate: found[candidate])
    counts = [len(row) for row in split(rows, BLANKS)]
    return BLANKS if len(counts) > 2 and counts[0] > 1 and len(set(counts)) == 1 else ","
