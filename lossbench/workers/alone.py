"""Work in a process of its own that ends with it: whatever is done there is done to no one else."""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

from lossbench.events import Stopped, never
from lossbench.printable import LONGEST_MESSAGE, one_line
from lossbench.workers import OutOfTime, WorkerDied
from lossbench.workers.forks import ANSWER, ASKED, BEGUN, ENDED, FORKS, WORDS
from lossbench.workers.processes import ONE_THREAD

Given = TypeVar("Given")
Result = TypeVar("Result")
MOST_WORDS = 1_000_000  # bytes that are kept of what it prints
SECONDS_BETWEEN_LOOKS = 0.02
PATIENCE = 5.0  # seconds that a process may take to end


def alone(fn: Callable[[Given], Result], given: Given, stopped: Stopped = never, seconds: float = math.inf) -> Result:
    """`fn(given)` in a new process, in this one's folder; what it raises is raised here, what it prints goes nowhere.

    Raises `WorkerDied` where the process ends without an answer or was `stopped`, `OutOfTime` after so many seconds.
    """
    with tempfile.TemporaryDirectory(prefix="lossbench-") as name:
        folder = Path(name)
        asked = pickle.dumps((sys.path, os.getcwd())) + pickle.dumps((fn, given))
        (folder / ASKED).write_bytes(asked)
        code = None
        while code is None:
            with _lent() as forker:
                code = forker.work(folder, stopped, seconds)
        try:
            problem, result = pickle.loads((folder / ANSWER).read_bytes())
        except FileNotFoundError:
            words = folder / WORDS
            said = words.read_bytes() if words.exists() else b""
            raise WorkerDied(f"its process ended ({_how(code)}){_last_line(said)}") from None
        except Exception as damage:  # anyone's classes may be in it
            raise WorkerDied(f"its answer cannot be read ({type(damage).__name__})") from None
    if problem is not None:
        raise problem
    found: Result = result
    return found


class _Forker:
    """A process of `lossbench.workers.forks`."""

    def __init__(self) -> None:
        self._has_worked = False
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        modules = [name for name in list(sys.modules) if name.startswith("lossbench.experiments.")]
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "lossbench.workers.forks", str(os.getpid()), *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            env=_environment(),
            start_new_session=True,  # a terminal's Ctrl-C is for this process, which ends that one
        )

    @property
    def is_free(self) -> bool:
        """Whether it can be given work."""
        return self._process.poll() is None

    def work(self, folder: Path, stopped: Stopped, seconds: float) -> int | None:
        """Have a folder's work done: how the process has ended that did it; None where none has begun."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(os.fsencode(folder) + b"\n")
            self._process.stdin.flush()
            return self._wait(folder, stopped, seconds)
        except BrokenPipeError:
            return None
        except WorkerDied:
            raise
        except BaseException:
            self._end_start(folder)
            self.close()
            raise

    def _wait(self, folder: Path, stopped: Stopped, seconds: float) -> int | None:
        begun, ended, words = folder / BEGUN, folder / ENDED, folder / WORDS
        end = math.inf
        while not ended.exists():
            code = self._process.poll()
            if code is not None and not ended.exists():
                if code and not self._has_worked and not begun.exists():
                    raise WorkerDied(f"no process can be started (exit code {code}){self._last_line()}")
                return code if begun.exists() else None
            if end == math.inf and begun.exists():  # starting it does not count
                end = time.monotonic() + seconds
            if stopped() or time.monotonic() > end:
                self._cancel(folder)
                raise WorkerDied("it was stopped") if stopped() else OutOfTime(f"it was not done after {seconds:g} s")
            if words.exists() and words.stat().st_size > MOST_WORDS:
                _keep_end(words)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        self._has_worked = True
        return int(ended.read_text())

    def _end_start(self, folder: Path) -> None:
        """End it at once where it has not begun with the work: what it imports is not waited for."""
        if not (folder / BEGUN).exists():
            self._process.kill()

    def _cancel(self, folder: Path) -> None:
        """End the work, and this process too where it does not get to that."""
        self._end_start(folder)
        ended = folder / ENDED
        if FORKS and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(b"\n")
                self._process.stdin.flush()
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end and not ended.exists() and self.is_free:
                time.sleep(SECONDS_BETWEEN_LOOKS)
        if not ended.exists():
            self.close()

    def _last_line(self) -> str:
        self._said.seek(0)
        return _last_line(self._said.read())

    def close(self) -> None:
        """End it and what it has started."""
        if not FORKS:
            self._process.kill()
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()


_free: list[tuple[int, _Forker]] = []  # with the process that has started it: a fork of it has none
_lock = threading.Lock()


@contextlib.contextmanager
def _lent() -> Iterator[_Forker]:
    """A process to fork from, for one piece of work at a time."""
    with _lock:
        ours = [one for pid, one in _free if pid == os.getpid()]
        _free.clear()
        usable = [one for one in ours if one.is_free]
        _free.extend((os.getpid(), one) for one in usable[1:])
    for one in ours:
        if one not in usable:
            one.close()
    forker = usable[0] if usable else _Forker()
    try:
        yield forker
    finally:
        if forker.is_free:
            with _lock:
                _free.append((os.getpid(), forker))
        else:
            forker.close()


@atexit.register
def _close() -> None:
    with _lock:
        ours = [one for pid, one in _free if pid == os.getpid()]
        _free.clear()
    for one in ours:
        one.close()


def _environment() -> dict[str, str]:
    """This process's, and where it finds its modules."""
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8:backslashreplace"}


def _keep_end(words: Path) -> None:
    """Drop all but the end of what was printed, which tells how the process has ended."""
    with words.open("rb") as file:
        file.seek(-LONGEST_MESSAGE, os.SEEK_END)
        end = file.read()
    os.truncate(words, 0)
    with words.open("ab") as file:  # the process appends, too
        file.write(end)


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return f": {one_line(lines[-1], LONGEST_MESSAGE)}" if lines else ""
