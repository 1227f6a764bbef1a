"""Files that appear under their name only when they are whole; pipes and devices are written as they are."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lossbench.errors import UserError


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is whole: written beside it, then renamed.

    A symbolic link stays, and the file that it points to is replaced. What exists and is no regular file (a device, a
    pipe) is opened and written to, never replaced. Raises `UserError` where it cannot be written (a full disk, no
    permission); a file that stood there before stays.
    """
    aside = ""
    try:
        path = Path(os.path.realpath(path))
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            yield file
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, path)
    except BaseException as problem:
        if aside:
            with contextlib.suppress(OSError):
                os.unlink(aside)
        if isinstance(problem, OSError):
            raise cannot_write(problem, str(path)) from None
        raise


def cannot_write(problem: OSError, where: str) -> UserError:
    """What the system said about a place that cannot be written to."""
    reason = (problem.strerror or str(problem)).lower()
    return UserError(f"cannot be written ({reason})", where=where, fix="free some space, or give another --output")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
