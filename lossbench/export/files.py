"""Places that exports go to: folders are made, and a folder appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lossbench.errors import UserError


def made_parent(out: str) -> Path:
    """The path, in a folder that is there now; a `UserError` where none can be made."""
    path = Path(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _no_folder(problem, path.parent) from None
    return path


@contextlib.contextmanager
def folder_aside(path: Path) -> Iterator[Path]:
    """A folder that appears under its name only when it is whole, in place of one that stood there.

    Inside, files are written to the folder that is given. Raises `UserError` where there is no room for it.
    """
    aside = Path()
    try:
        aside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        yield aside
        aside.chmod(0o777 & ~_umask())
        if path.exists():
            before = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
            os.replace(path, before / path.name)
            os.replace(aside, path)
            shutil.rmtree(before)
        else:
            os.replace(aside, path)
    except BaseException as problem:
        if aside.name:
            shutil.rmtree(aside, ignore_errors=True)
        if isinstance(problem, OSError):
            raise _no_folder(problem, path) from None
        raise


def _no_folder(problem: OSError, path: Path) -> UserError:
    reason = (problem.strerror or str(problem)).lower()
    return UserError(f"cannot be written ({reason})", where=str(path), fix="give another --out")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
