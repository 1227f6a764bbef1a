"""Text in its encoding: what reaches the parsers is UTF-8, checked to the last byte."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from lossbench.data.read.unpack import BLOCK, IN_MEMORY
from lossbench.errors import UserError


@contextmanager
def as_utf8(stream: IO[bytes], encoding: str) -> Iterator[IO[bytes]]:
    """The same text as UTF-8, checked to its end; a `UserError` names the encoding or the byte that is wrong."""
    try:
        codec = codecs.lookup(encoding)
    except LookupError:
        raise UserError(f"unknown encoding {encoding!r}", fix="try utf-8, latin-1, cp1252 or utf-16") from None
    with SpooledTemporaryFile(max_size=IN_MEMORY) as target:
        if codec.name in {"utf-8", "utf-8-sig", "ascii"}:
            text = stream
        else:
            text = cast("IO[bytes]", target)
            _transcode(stream, text, codec, encoding)
        _check(text)
        yield text


def _transcode(stream: IO[bytes], target: IO[bytes], codec: codecs.CodecInfo, encoding: str) -> None:
    decoder = codec.incrementaldecoder("strict")
    stream.seek(0)
    try:
        while block := stream.read(BLOCK):
            target.write(decoder.decode(block).encode())
        target.write(decoder.decode(b"", final=True).encode())
    except UnicodeError as problem:
        raise UserError(f"not {encoding} ({problem})", fix="name another --encoding") from None


def skip_mark(stream: IO[bytes]) -> bool:
    """Go to the first character of a UTF-8 text; whether there was a byte order mark before it."""
    stream.seek(0)
    marked = stream.read(3) == codecs.BOM_UTF8
    stream.seek(3 if marked else 0)
    return marked


def _check(stream: IO[bytes]) -> None:
    """Read a UTF-8 text through; the first byte that is none, or is NUL, is named."""
    stream.seek(0)
    head = stream.read(BLOCK)[:1000]
    if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        raise UserError("not UTF-8 at byte 0: it looks like UTF-16", fix="try --encoding utf-16")
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    start = 0
    while block := stream.read(BLOCK):
        nul = block.find(b"\0")
        if nul >= 0:
            if order := _utf16_order(head):
                raise UserError("not UTF-8: it looks like UTF-16 without a mark", fix=f"try --encoding utf-16-{order}")
            raise UserError(f"not a text table: byte {start + nul} is NUL", fix="save the table as text (CSV)")
        _decode(decoder, block, start)
        start += len(block)
    _decode(decoder, b"", start, final=True)
    stream.seek(0)


def _utf16_order(head: bytes) -> str:
    """`le` or `be` where every other byte is NUL, as in European text in UTF-16; else ""."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if min(even, odd) > 0.1 * half or max(even, odd) < 0.8 * half:
        return ""
    return "le" if odd > even else "be"


def _decode(decoder: codecs.IncrementalDecoder, block: bytes, start: int, *, final: bool = False) -> None:
    pending = len(decoder.getstate()[0])
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError as problem:
        place = start - pending + problem.start
        fix = "try --encoding latin-1 (or cp1252, utf-16)"
        raise UserError(f"not UTF-8 at byte {place}", fix=fix) from None
