"""Standard output and error that are closed, full or broken: a reason to say less, never to lose a run."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


class OutputFailed(Exception):
    """Standard output cannot be written to, for another reason than that its reader has gone."""

    def __init__(self, problem: OSError) -> None:
        super().__init__((problem.strerror or str(problem)).lower())


def use_standard_streams() -> None:
    """Open what was closed, write errors only where they can be, and tell a failing output from other failures.

    For a process that is all lossbench's, before it opens any file: the next one would get a closed stream's number.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # gets the lowest number that is free: this one
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lasts
    sys.stdout = _text(_Output(1, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Errors(2, "w", closefd=False), sys.stderr)


class _Output(io.FileIO):
    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:  # the reader has gone (`lossbench losses | head`)
            raise
        except OSError as problem:
            raise OutputFailed(problem) from None


class _Errors(io.FileIO):
    def write(self, data: Buffer, /) -> int:
        with contextlib.suppress(OSError):
            super().write(data)
        return memoryview(data).nbytes


def _text(raw: io.FileIO, before: IO[str] | None) -> io.TextIOWrapper:
    """A stream as Python makes them, over another way to write. What its encoding lacks is replaced."""
    encoding = getattr(before, "encoding", None) or "utf-8"
    line_buffering = raw.fileno() == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors="replace", line_buffering=line_buffering)
