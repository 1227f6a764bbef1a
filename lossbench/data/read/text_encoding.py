"""Text in its encoding: what reaches the parsers is UTF-8, checked to the last byte."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from lossbench.data.read.unpack import BLOCK, IN_MEMORY
from lossbench.data.table import Information
from lossbench.deferred import np
from lossbench.errors import UserError

UTF_MARKS = {  # a text that begins so says its encoding itself
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
USUAL = {"utf-8", "utf-8-sig", "ascii"}
_END = b"\x1a"  # Ctrl-Z, which ended texts under DOS
_TAIL = 1024


@dataclass(frozen=True)
class Utf8:
    """A text in UTF-8. `plain`: it has no control characters but line ends and tabs, and no line ends in a lone CR."""

    stream: IO[bytes]
    plain: bool
    notes: tuple[str, ...] = ()


@contextmanager
def as_utf8(stream: IO[bytes], encoding: str) -> Iterator[Utf8]:
    """The same text as UTF-8, checked to its end; a `UserError` names the encoding or the byte that is wrong.

    A byte order mark of UTF-16 or UTF-32 says the encoding where none is given. DOS's end of a text, a Ctrl-Z behind
    everything, is left out.
    """
    try:
        codec = codecs.lookup(encoding)
    except LookupError:
        raise UserError(f"unknown encoding {encoding!r}", fix="try utf-8, latin-1, cp1252 or utf-16") from None
    notes: list[str] = []
    if codec.name in USUAL and (marked := utf_mark(stream)):
        codec, encoding = codecs.lookup(marked), marked
        notes.append(Information(f"the text is {marked.upper()}, as its byte order mark says"))
    with SpooledTemporaryFile(max_size=IN_MEMORY) as spare, SpooledTemporaryFile(max_size=IN_MEMORY) as cut:
        text = stream
        if codec.name not in USUAL:
            text = cast("IO[bytes]", spare)
            _transcode(stream, text, codec, encoding)
        if size := _size_before_end(text):
            text = _copied(text, cast("IO[bytes]", cut), size)
            notes.append(Information("the end mark of DOS (Ctrl-Z) behind the text is left out"))
        yield Utf8(text, _check(text), tuple(notes))


def utf_mark(stream: IO[bytes]) -> str:
    """The encoding that a byte order mark names, if not UTF-8; "" where there is none."""
    stream.seek(0)
    head = stream.read(4)
    return next((name for mark, name in UTF_MARKS.items() if head.startswith(mark)), "")


def _size_before_end(stream: IO[bytes]) -> int:
    """The size of the text without the Ctrl-Z that ends it, with what is blank around it; 0 where there is none."""
    size = stream.seek(0, io.SEEK_END)
    start = stream.seek(max(0, size - _TAIL))
    tail = stream.read()
    kept = tail.rstrip(_END + b"\r\n\t \f")
    return start + len(kept) if _END in tail[len(kept) :] else 0


def _copied(source: IO[bytes], target: IO[bytes], size: int) -> IO[bytes]:
    source.seek(0)
    while size > 0:
        block = source.read(min(size, BLOCK))
        target.write(block)
        size -= len(block)
    return target


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


def _check(stream: IO[bytes]) -> bool:
    """Whether a UTF-8 text is `plain`; the first byte that is not UTF-8, or is NUL, is a `UserError`."""
    stream.seek(0)
    head = stream.read(BLOCK)[:1000]
    stream.seek(0)
    controls = returns = 0  # control characters and lone returns
    decoder = codecs.getincrementaldecoder("utf-8")()
    start, last = 0, b""
    while block := stream.read(BLOCK):
        nul = block.find(b"\0")
        if nul >= 0:
            if order := _utf16_order(head):
                raise UserError("not UTF-8: it looks like UTF-16 without a mark", fix=f"try --encoding utf-16-{order}")
            raise UserError(f"not a text table: byte {start + nul} is NUL", fix="save the table as text (CSV)")
        _decode(decoder, block, start)
        start += len(block)
        low = int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) < ord(" "))) - block.count(b"\n")
        cr = block.count(b"\r") if low else 0
        controls += low - cr - (block.count(b"\t") if low > cr else 0)
        returns += cr - (block.count(b"\r\n") if cr else 0) - (block[:1] == b"\n" and last == b"\r")
        last = block[-1:]
    _decode(decoder, b"", start, final=True)
    stream.seek(0)
    return controls == 0 and returns == 0


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
