"""Detects the format of a file from its first bytes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Literal

from lossbench.data.read.text_encoding import skip_mark
from lossbench.data.read.unpack import BLOCK, Unpacked
from lossbench.data.table import Information
from lossbench.errors import UserError

Format = Literal["delimited", "jsonlines", "parquet", "arrow", "arrow stream"]

SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonlines",
    ".ndjson": "jsonlines",
    ".json": "jsonlines",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "arrow",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".arrows": "arrow stream",
}
SEPARATORS = (",", ";", "\t", "|")
SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank"}
OTHERS = {
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"SQLite format 3": "an SQLite database",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy file",
    b"\x7fELF": "a program",
}
PACKED = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf": "7-zip"}
HEAD = 1 << 16
SAMPLE_ROWS = 200

# How documents begin, and no header of a table does, whatever its columns are called.
_HTML = re.compile(rb"<(!doctype\s+html|(html|head|body|table)[\s>])")
_XML = re.compile(rb"<(\?xml\s|!doctype\s|!--|[\w.:-]+(\s+xmlns|\s*>\s*<))")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_DECIMAL_POINT = re.compile(r"\s*[+-]?\d*\.\d+\s*")
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(,\d{3})+\s*")


@dataclass(frozen=True)
class Dialect:
    """How a delimited text is written, and what was noticed while finding out."""

    sep: str
    decimal: str
    notes: tuple[str, ...] = ()


def file_format(unpacked: Unpacked) -> Format:
    """The format by the first bytes, else by the name, else by the look of the text."""
    head = _head(unpacked.stream)
    if not head.strip():
        raise UserError("the file is empty")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"FEA1")):
        return "arrow"
    if head.startswith(b"\xff\xff\xff\xff"):
        return "arrow stream"
    suffix = re.search(r"\.\w+$", unpacked.name.lower())
    named = SUFFIXES.get(suffix[0]) if suffix else None
    if named in {"parquet", "arrow", "arrow stream"}:
        raise UserError(f"damaged, or not {named}", fix="write it again")
    _refuse_lookalikes(head)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if named == "jsonlines":
        return named
    if re.match(rb'[\[\s]*\{\s*"', text):
        if not unpacked.name:
            return "jsonlines"
        fix = "name it .json" if text.startswith(b"[") else "name it .jsonl, one object a line"
        raise UserError("this is JSON, not a table of fields", fix=fix)
    return "delimited"


def _refuse_lookalikes(head: bytes) -> None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if _HTML.match(start):
        raise UserError("this is an HTML page, not a table", fix="download the file itself, not the page about it")
    if _XML.match(start):
        raise UserError("this is XML, not a table", fix="save it as CSV")
    if start.startswith(b"version https://git-lfs"):
        raise UserError("this is a Git LFS pointer, not the table", fix="run `git lfs pull` to get it")
    if start.startswith(b"#"):
        raise UserError("line 1 is a comment ('#...'), not a header", fix="delete the lines above the header")
    for magic, what in OTHERS.items():
        if head.startswith(magic):
            raise UserError(f"this is {what}, not a text table", fix="export the table as CSV")
    for magic, what in PACKED.items():
        if head.startswith(magic):
            raise UserError(f"this is {what}-compressed", fix="unpack it, or pack it with gzip")


def find_dialect(stream: IO[bytes], name: str, sep: str | None, decimal: str | None) -> Dialect:
    """Separator and decimal mark from the header and the first rows, where they are not given.

    The separator is the one of , ; tab | that parts the header into most fields, those first whose rows have as many.
    The decimal mark is a comma if fields are not separated by commas, some number has one, and none has a point.
    """
    rows = _sample(stream)
    notes = []
    if sep is not None:
        _refuse_wrong_separator(rows, sep)
    else:
        sep = find_separator(rows)
        usual = "\t" if name.lower().endswith((".tsv", ".tab")) else ","
        if sep != usual:
            notes.append(Information(f"fields are separated by {SEPARATOR_NAMES[sep]}s (--sep to say otherwise)"))
        _refuse_another_header(rows, sep)
    sep = {r"\t": "\t", "tab": "\t"}.get(sep, sep)
    if len(sep) != 1:
        raise UserError(f"the separator {sep!r} is not one character", where="--sep", fix="choose , ; tab or |")
    if decimal is None:
        fields = [field for row in csv.reader(rows[1:], delimiter=sep) for field in row] if sep != "," else []
        commas = [field for field in fields if _DECIMAL_COMMA.fullmatch(field)]
        points = any(_DECIMAL_POINT.fullmatch(field) for field in fields)
        ambiguous = all(_THOUSANDS.fullmatch(field) for field in commas)
        decimal = "," if commas and not points and not ambiguous else "."
        if decimal == ",":
            notes.append(
                Information(f"numbers have a decimal comma, like {commas[0]!r} (--decimal . to say otherwise)")
            )
    return Dialect(sep, decimal, tuple(notes))


def _refuse_wrong_separator(rows: Sequence[str], sep: str) -> None:
    """Raise `UserError` where the given separator parts nothing, and another one does."""
    found = find_separator(rows)
    if rows and len(sep) == 1 and found != sep and sep not in rows[0] and found in rows[0]:
        what = f"{sep!r} does not occur in the header {rows[0].strip()!r}"
        raise UserError(what, where="--sep", fix=f"fields are separated by {SEPARATOR_NAMES[found]}s there")


def _refuse_another_header(rows: Sequence[str], sep: str) -> None:
    """Raise `UserError` where the rows are separated otherwise than the header, and have decimal commas.

    Under `a,y`, the row `1,5;0` has two fields by commas too: '1' and '5;0', which is not meant.
    """
    header, *below = list(csv.reader(rows, delimiter=sep)) or [[]]
    for other in set(SEPARATORS) - {sep}:
        fields = list(csv.reader(rows[1:], delimiter=other))
        alike = all(len(row) == len(header) for row in fields) and not any(other in name for name in header)
        if below and len(header) > 1 and alike and any(_DECIMAL_COMMA.fullmatch(f) for row in fields for f in row):
            names = f"{SEPARATOR_NAMES[sep]}s, the rows by {SEPARATOR_NAMES[other]}s"
            raise UserError(
                f"the header is separated by {names} (the first is {rows[1].strip()!r})",
                fix=f"write the header like the rows, or say --sep '{sep}' if it is right",
            )


def find_separator(rows: Sequence[str]) -> str:
    """The one of , ; tab | that parts the header into most fields, those first whose rows have as many."""
    fits, most = {}, {}
    for candidate in SEPARATORS:
        counts = [len(row) for row in csv.reader(rows, delimiter=candidate)]
        if counts and counts[0] > 1:
            most[candidate] = counts[0]
            if all(count in (counts[0], counts[0] + 1) for count in counts[1:]):
                fits[candidate] = counts[0]
    found = fits or most
    return max(found, key=lambda candidate: found[candidate]) if found else ","


def _head(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    return head


def _sample(stream: IO[bytes]) -> list[str]:
    """The header and the first rows, as lines; what is not UTF-8 is said later, with its place."""
    skip_mark(stream)
    text = io.TextIOWrapper(io.BytesIO(stream.read(BLOCK)), encoding="utf-8", errors="replace", newline="")
    lines = [line for line in islice(text, SAMPLE_ROWS + 1) if line.strip()]
    return lines[:-1] if len(lines) > 2 and not lines[-1].endswith(("\n", "\r")) else lines
