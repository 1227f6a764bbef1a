"""The folder of a comparison: its name, and its creation before anything is trained."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from lossbench.errors import UserError
from lossbench.runner.run_files import RECORD


@contextlib.contextmanager
def numbered_folder(output: str, name: str | None, default_name: str, *, force: bool) -> Iterator[Path]:
    """A folder of the run's own in `output`, removed again, with what was made to hold it, if no record came of it.

    A name that was given and is taken is a `UserError` without `force`; a default name gets the next free number.
    """
    parent, parents = Path(output), []
    try:
        parents = [path for path in (parent, *parent.parents) if not path.exists()]
        folder, made = _claim(parent, name, default_name, force)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as problem:
        _remove_empty(parents)
        reason = (problem.strerror or str(problem)).lower()
        raise UserError(f"cannot write there ({reason})", where=output, fix="give another --output") from None
    try:
        yield folder
    finally:
        if made and not (folder / RECORD).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _remove_empty(parents)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, the innermost first, that hold nothing."""
    for folder in folders:
        with contextlib.suppress(OSError):  # not empty: it is somebody else's by now
            folder.rmdir()


def _claim(parent: Path, name: str | None, default_name: str, force: bool) -> tuple[Path, bool]:
    """The folder, and whether it was made now; making it is what claims it."""
    parent.mkdir(parents=True, exist_ok=True)
    folder, number = parent / (name or default_name), 1
    while True:
        try:
            folder.mkdir()
            return folder, True
        except FileExistsError:
            if not folder.is_dir():
                raise
            if force:
                return folder, False
            if name is not None:
                fix = "give another --name, or --force to overwrite it"
                raise UserError("this run exists already", where=str(folder), fix=fix) from None
            number += 1
            folder = parent / f"{default_name}-{number}"
