"""Detects the format of a file from its first bytes."""

from __future__ import annotations

import re
from typing import IO, Literal

from lossbench.data.read.text_encoding import utf_mark
from lossbench.data.read.unpack import Unpacked
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

# How documents begin, and no header of a table does, whatever its columns are called.
_HTML = re.compile(rb"<(!doctype\s+html|(html|head|body|table)[\s>])")
_XML = re.compile(rb"<(\?xml\s|!doctype\s|!--|[\w.:-]+(\s+xmlns|\s*>\s*<))")


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
    for magic, what in OTHERS.items():
        if head.startswith(magic):
            raise UserError(f"this is {what}, not a text table", fix="export the table as CSV")
    for magic, what in PACKED.items():
        if head.startswith(magic):
            raise UserError(f"this is {what}-compressed", fix="unpack it, or pack it with gzip")


def _head(stream: IO[bytes]) -> bytes:
    """The first bytes; of a text in UTF-16 or UTF-32 with a mark, in UTF-8."""
    marked = utf_mark(stream)
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    return head.decode(marked, errors="replace").encode() if marked else head
