"""The sha256 of a run's files in its record: what is read again is what was written, to the last bit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.errors import UserError

if TYPE_CHECKING:
    from lossbench.record.record import Record


def manifest(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The sha256 of the files of these names in a run's folder, by name, as a record's `files` has them.

    Raises `UserError` where one cannot be read.
    """
    return {name: _digest(folder / name) for name in sorted(set(names))}


def verify(folder: Path, record: Record, name: str) -> None:
    """Check that a file of a run is the one that was written.

    Raises `UserError` where its bytes or its name are not what the record says. A record from before there were
    manifests says nothing of files: what it left is taken as it is.
    """
    if not record.files:
        return
    path = folder / name
    if record.files.get(name) != _digest(path):
        what = "changed after the run wrote it: its sha256 is not the one in result.json"
        raise UserError(what, where=str(path), fix="restore both from a copy, or train again")


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise UserError(f"cannot be read ({(problem.strerror or str(problem)).lower()})", where=str(path)) from None
