"""The bytes of a table: from a file, a gzip, a zip or standard input to a stream that can be read twice.

Nothing is believed of a packed file: what comes out is counted while it is unpacked, and kept on disk beyond 64 MiB.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import select
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from lossbench.errors import UserError

STDIN = "-"
BLOCK = 1 << 20
PATIENCE = 60.0  # seconds that a pipe may stay empty
IN_MEMORY = 64 << 20
MOST_TIMES = 500  # a table of numbers packs 2 to 20 times; deflate ends at 1032
LOOK_AT_RATIO = 16 << 20  # below this size a long row of zeros is not a bomb


@dataclass(frozen=True)
class Unpacked:
    """A seekable stream of at most `max_bytes`, and the name that tells its format (`x.csv` of `x.csv.gz`)."""

    stream: IO[bytes]
    name: str


@contextmanager
def unpack(file: str, max_bytes: int) -> Iterator[Unpacked]:
    """A file, or `-`, open while the block lasts; raises `UserError` for what is missing, damaged or too large."""
    with ExitStack() as closing:
        yield _unpacked(*_opened(file, closing), max_bytes, closing)


def _opened(file: str, closing: ExitStack) -> tuple[IO[bytes], str]:
    if file == STDIN:  # what arrives is put on disk and measured there
        return _spooled(sys.stdin.buffer, sys.maxsize, closing), ""
    try:
        stream = closing.enter_context(_open(Path(file)))
        if not stream.seekable():
            return _spooled(stream, sys.maxsize, closing), Path(file).name
        return stream, Path(file).name
    except FileNotFoundError:
        if re.match(r"https?://|ftp://|s3://", file):
            raise UserError("is not on this machine", fix="download it first, then name the file") from None
        raise UserError("no such file", fix="check the path; `lossbench datasets` lists the named sets") from None
    except IsADirectoryError:
        raise UserError("is a directory", fix="name one file in it") from None
    except OSError as problem:
        raise cannot_read(problem) from None


def _open(path: Path) -> IO[bytes]:
    """The file, open; of a pipe, once something is in it. A `UserError` where nothing comes in `PATIENCE` seconds."""
    if not path.is_fifo():
        return path.open("rb")
    pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    ready, _, _ = select.select([pipe], [], [], PATIENCE)
    if not ready:
        os.close(pipe)
        raise UserError(f"nothing came out of this pipe for {PATIENCE:g} seconds", fix="start what writes into it")
    os.set_blocking(pipe, True)
    return os.fdopen(pipe, "rb")


def cannot_read(problem: OSError) -> UserError:
    """What the system said about a table while it was read."""
    return UserError(f"cannot be read ({(problem.strerror or str(problem)).lower()})")


def _unpacked(stream: IO[bytes], name: str, max_bytes: int, closing: ExitStack) -> Unpacked:
    magic = stream.read(4)
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if magic[:2] == b"\x1f\x8b":
        inner = name[:-3] if name.lower().endswith(".gz") else name
        return Unpacked(_ungzip(stream, size, max_bytes, closing), inner)
    if name.lower().endswith(".gz"):
        raise UserError("it ends in .gz but is not gzip", fix="rename it, or pack it again")
    if magic == b"PK\x03\x04":
        return _unzip(stream, max_bytes, closing)
    if size > max_bytes:
        raise _too_large(max_bytes)
    return Unpacked(stream, name)


def _ungzip(stream: IO[bytes], size: int, max_bytes: int, closing: ExitStack) -> IO[bytes]:
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as packed:
            return _spooled(cast("IO[bytes]", packed), max_bytes, closing, packed=size)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise UserError("the gzip file is damaged or cut short", fix="get it again") from None


def _unzip(stream: IO[bytes], max_bytes: int, closing: ExitStack) -> Unpacked:
    try:
        archive = closing.enter_context(zipfile.ZipFile(stream))
        members = [info for info in archive.infolist() if not info.is_dir()]
        names = [info.filename for info in members]
        if "[Content_Types].xml" in names:
            raise UserError("this is an office document, not a text table", fix="save the sheet as CSV")
        if len(members) != 1:
            raise UserError(f"the zip holds {len(members)} files; it must hold one table", fix="unpack it and name one")
        with archive.open(members[0]) as packed:
            unpacked = _spooled(packed, max_bytes, closing, packed=members[0].compress_size)
        return Unpacked(unpacked, Path(names[0]).name)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError):
        raise UserError("the zip file is damaged or of an unknown kind", fix="unpack it yourself") from None
    except RuntimeError:  # zipfile's word for a password
        raise UserError("the zip file is encrypted", fix="unpack it yourself") from None


def _spooled(source: IO[bytes], limit: int, closing: ExitStack, packed: int | None = None) -> IO[bytes]:
    spool = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed with all the others)
    target = cast("IO[bytes]", closing.enter_context(spool))
    size = 0
    while block := source.read(BLOCK):
        size += len(block)
        if size > limit:
            raise _too_large(limit)
        if packed is not None and size > max(LOOK_AT_RATIO, MOST_TIMES * packed):
            raise UserError(
                f"it unpacks to more than {MOST_TIMES} times its size, like a decompression bomb",
                fix="if you trust it, unpack it yourself",
            )
        target.write(block)
    target.seek(0)
    return target


def _too_large(limit: int) -> UserError:
    return UserError(f"the table is larger than {limit:,} bytes", fix="raise --max-bytes to read it")
