"""Work in a process of its own that ends with it: whatever is done there is done to no one else."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lossbench.events import Stopped, never
from lossbench.workers import WorkerDied
from lossbench.workers.processes import ONE_THREAD, follow

Given = TypeVar("Given")
Result = TypeVar("Result")
MOST_WORDS = 500  # characters of its last words that are told


def alone(fn: Callable[[Given], Result], given: Given, stopped: Stopped = never) -> Result:
    """`fn(given)` in a new process; what it raises is raised here.

    Raises `WorkerDied` where the process ends without an answer, and when it was `stopped`.
    """
    with tempfile.TemporaryDirectory(prefix="lossbench-") as folder:
        asked, answer = Path(folder) / "asked", Path(folder) / "answer"
        asked.write_bytes(pickle.dumps((fn, given)))
        command = [sys.executable, "-m", "lossbench.workers.alone", str(asked), str(answer), str(os.getpid())]
        with (Path(folder) / "words").open("w+b") as words:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, env=_environment()
            )
            try:
                code = _wait(process, stopped)
            finally:
                process.kill()
            words.seek(0)
            said = words.read().decode(errors="replace")
        if not answer.exists():
            raise WorkerDied(f"its process ended ({_how(code)}){_last_line(said)}")
        problem, result = pickle.loads(answer.read_bytes())
    if problem is not None:
        raise problem
    found: Result = result
    return found


def _wait(process: subprocess.Popen[bytes], stopped: Stopped) -> int:
    while True:
        try:
            return process.wait(0.1)
        except subprocess.TimeoutExpired:
            if stopped():
                raise WorkerDied("it was stopped") from None


def _environment() -> dict[str, str]:
    """This process's, and where it finds its modules."""
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return f": {lines[-1].strip()[:MOST_WORDS]}" if lines else ""


def _main(asked: str, answer: str, parent: str) -> None:
    follow(int(parent))
    fn, given = pickle.loads(Path(asked).read_bytes())
    problem, result = None, None
    try:
        result = fn(given)
    except Exception as raised:
        problem = raised
    aside = Path(f"{answer}.part")
    aside.write_bytes(pickle.dumps((problem, result)))
    aside.rename(answer)
    os._exit(0)  # what a user's code has left to run at the exit is not waited for


if __name__ == "__main__":
    _main(*sys.argv[1:])
