"""The folder of a run: which one it is, and that one process at a time works in it.

A run has a key: its command, and all that its numbers depend on. The key stands in the folder (run.json), so that the
same command again finds its folder, and another one does not take it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from lossbench.errors import UserError
from lossbench.record import RUN_FILE, RunKey
from lossbench.runner.run_files import RECORD, RUN_FILES, remove, remove_asides, remove_run

LOCK = ".lock"
PATIENCE = 0.5  # seconds that a process may need between its lock and its run.json


@contextlib.contextmanager
def run_folder(
    output: str,
    name: str | None,
    default_name: str,
    run: RunKey,
    *,
    force: bool,
    suits: Callable[[Path], bool] = lambda folder: True,
) -> Iterator[Path]:
    """The folder of this very run in `output`, locked while inside; the system lets go of it when the process dies.

    What an earlier process left of the same run is there, its record if it has one; of another run there is nothing.
    `force` removes what is there first. A default name that another run has gets a number (`-2`, `-3`, ...), the first
    that is free or this run's own and `suits`. Raises `UserError` for a name that was given and that another run has
    (not with `force`), for a folder in which another process works, and where it cannot be written.

    Afterwards, where there is no record, only what the run can go on from stays; where there is nothing to go on from,
    the folder goes, with what was made to hold it.
    """
    parent, parents, lock = Path(output), [], None
    try:
        parents = [path for path in (parent, *parent.parents) if not path.exists()]
        parent.mkdir(parents=True, exist_ok=True)
        folder, lock, made = _claimed(parent, name, default_name, run, force, suits)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
        there = RunKey.read(folder)
        if force or there is None or run.differences(there):
            remove_run(folder)
            there = None
        if run.joined(there) != there:
            run.joined(there).write(folder)
        remove_asides(folder)
    except OSError as problem:
        if lock is not None:
            lock.release()
        _remove_empty(parents)
        reason = (problem.strerror or str(problem)).lower()
        raise UserError(f"cannot write there ({reason})", where=output, fix="give another --output") from None
    try:
        yield folder
    finally:
        if not (folder / RECORD).exists():
            _tidy(folder, run, made)
        lock.release()
        _remove_empty(parents)


def _tidy(folder: Path, run: RunKey, made: bool) -> None:
    """Of a run that has no record, leave what it can go on from."""
    files = RUN_FILES[run.kind]
    remove(folder, files.results)
    if any(path for pattern in files.progress for path in folder.glob(pattern)):
        return
    remove(folder, [RUN_FILE, LOCK])  # who opened the lock before it was removed finds that it has no name, and retries
    if made:
        _remove_empty([folder])


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, the innermost first, that hold nothing."""
    for folder in folders:
        with contextlib.suppress(OSError):  # not empty: it is somebody else's by now
            folder.rmdir()


def _claimed(
    parent: Path, name: str | None, default_name: str, run: RunKey, force: bool, suits: Callable[[Path], bool]
) -> tuple[Path, FileLock, bool]:
    """The folder, its lock, and whether it was made now."""
    for number in count(1):
        folder = parent / (name or (default_name if number == 1 else f"{default_name}-{number}"))
        made = _made(folder, needed=name is not None)
        if made is None:
            continue
        overwrite = force and name is not None  # a default name takes no other run's folder
        differ = _differences(folder, run)
        if name is None and not differ and not force and not suits(folder):
            continue
        if not differ or overwrite:
            lock = _locked(folder)
            differ = _differences(folder, run)  # whoever came first has written it by now
            if lock is not None:
                if not differ or overwrite:
                    return folder, lock, made
                lock.release()
            elif not differ or overwrite:
                fix = "wait for it, or give another --name"
                raise UserError("another process works on this run", where=str(folder), fix=fix)
        if name is not None:
            fix = "give another --name, or --force to replace it"
            raise UserError(f"holds another run, which differs in {', '.join(differ)}", where=str(folder), fix=fix)
    raise AssertionError("numbers do not end")


def _made(folder: Path, *, needed: bool) -> bool | None:
    """Whether the folder was made now; None for a name that no folder can have, unless it is needed."""
    try:
        folder.mkdir()
        return True
    except FileExistsError:
        if folder.is_dir():
            return False
        if needed:
            raise
        return None


def _differences(folder: Path, run: RunKey) -> list[str]:
    """Where the run that has this folder is another one; empty where the folder is free, or this run's own."""
    there = RunKey.read(folder)
    if there is not None:
        return run.differences(there)
    return ["its key (it has no run.json)"] if (folder / RECORD).exists() else []


def _locked(folder: Path) -> FileLock | None:
    """The folder's lock, held; None while another process has the folder."""
    lock = FileLock(folder / LOCK, timeout=PATIENCE)
    try:
        lock.acquire()
    except (Timeout, FileNotFoundError):  # it holds it, or has just removed the folder
        return None
    return lock
