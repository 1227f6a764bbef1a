"""The bytes of a table: from a file, a gzip, a zip or standard input to a stream that can be read twice.

Nothing is believed of a packed file: what comes out is counted while it is unpacked, and kept on disk beyond 64 MiB.
"""

from __future__ import annotations

import gzip
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from lossbench.errors import UserError

STDIN = "-"
BLOCK = 1 << 20
IN_MEMORY = 64 << 20
MOST_TIMES = 500  # a table of numbers packs 2 to 20 times; deflate ends at 1032
LOOK_AT_RATIO = 16 << 20  # below this size a long row of zeros is not a bomb


@dataclass(frozen=True)
class Unpacked:
    """A seekable stream of at most `max_bytes`, and the name that tells its format (`x.csv` of `x.csv.gz`)."""

    stream: IO[bytes]
    name: str


def unpack(file: str, max_bytes: int) -> Unpacked:
    """Open a file, or `-`; raises `UserError` for what is missing, damaged or too large."""
    stream, name = _open(file)
    magic = stream.read(4)
    stream.seek(0)
    if magic[:2] == b"\x1f\x8b":
        size = stream.seek(0, 2)
        stream.seek(0)
        inner = name[:-3] if name.lower().endswith(".gz") else name
        try:
            return Unpacked(_spool(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)), max_bytes, packed=size), inner)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise UserError("the gzip file is damaged or cut short", fix="get it again") from None
    if name.lower().endswith(".gz"):
        raise UserError("it ends in .gz but is not gzip", fix="rename it, or pack it again")
    if magic == b"PK\x03\x04":
        return _unzip(stream, max_bytes)
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > max_bytes:
        raise _too_large(max_bytes)
    return Unpacked(stream, name)


def _open(file: str) -> tuple[IO[bytes], str]:
    if file == STDIN:
        # gzip or not, it is read once here; no limit is needed: what arrives is on disk, and counted below
        return _spool(sys.stdin.buffer, sys.maxsize), ""
    try:
        return Path(file).open("rb"), Path(file).name
    except FileNotFoundError:
        raise UserError("no such file", fix="check the path; `lossbench datasets` lists the named sets") from None
    except IsADirectoryError:
        raise UserError("is a directory", fix="name one file in it") from None
    except OSError as problem:
        raise UserError(f"cannot be read ({problem.strerror})") from None


def _unzip(stream: IO[bytes], max_bytes: int) -> Unpacked:
    try:
        archive = zipfile.ZipFile(stream)
        members = [info for info in archive.infolist() if not info.is_dir()]
        names = [info.filename for info in members]
        if "[Content_Types].xml" in names:
            raise UserError("this is an office document, not a text table", fix="save the sheet as CSV")
        if len(members) != 1:
            raise UserError(f"the zip holds {len(members)} files; it must hold one table", fix="unpack it and name one")
        with archive.open(members[0]) as packed:
            return Unpacked(_spool(packed, max_bytes, packed=members[0].compress_size), Path(names[0]).name)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError):
        raise UserError("the zip file is damaged or of an unknown kind", fix="unpack it yourself") from None
    except RuntimeError:  # zipfile's word for a password
        raise UserError("the zip file is encrypted", fix="unpack it yourself") from None


def _spool(source: IO[bytes], limit: int, packed: int | None = None) -> IO[bytes]:
    target = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (handed on; closed with its last reader)
    size = 0
    while block := source.read(BLOCK):
        size += len(block)
        if size > limit:
            raise _too_large(limit)
        if packed is not None and size > max(LOOK_AT_RATIO, MOST_TIMES * packed):
            raise UserError(
                f"it unpacks to more than {MOST_TIMES} times its size, like a bomb",
                fix="if you trust it, unpack it yourself",
            )
        target.write(block)
    target.seek(0)
    return cast("IO[bytes]", target)


def _too_large(limit: int) -> UserError:
    return UserError(f"the table is larger than {limit:,} bytes", fix="raise --max-bytes if you mean it")
