"""The process that those of `alone` come from: it has imported what they need, and does nothing else.

A fork of it begins its work after some hundredths of a second, where a new process needs seconds for its imports. It
reads folders from its standard input and has one piece of work done at a time. It ends with whoever writes there, and
when nothing was asked for in a while. Where processes are not forked safely (Linux is where they are), it does one
piece of work itself and ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import pickle
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from lossbench.plain_warnings import say_plainly
from lossbench.workers import WorkerDied
from lossbench.workers.processes import follow

FORKS = sys.platform == "linux"
ASKED, BEGUN, ANSWER, WORDS, ENDED = "asked", "begun", "answer", "words", "ended"  # of a folder
SECONDS_UNASKED = 60.0
SECONDS_BETWEEN_LOOKS = 0.02


def write_whole(file: Path, content: bytes) -> None:
    """A file that is there with all its content, or not at all."""
    aside = file.with_name(f"{file.name}.{os.getpid()}")
    aside.write_bytes(content)
    aside.rename(file)


def _serve() -> None:
    say_plainly()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    end_with_parent(os.getppid())
    while folder := _next(SECONDS_UNASKED):
        (folder / BEGUN).touch()
        own = os.getpid()
        child = os.fork()
        if not child:
            try:
                os.setpgid(0, 0)  # what it does to its group it does to itself
                end_with_parent(own)
                _redirect(folder)
                _work(folder)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        code = _ended(child)
        with contextlib.suppress(OSError):  # the processes that it has left
            os.killpg(child, signal.SIGKILL)
        write_whole(folder / ENDED, str(code).encode())


def _next(seconds: float) -> Path | None:
    """The next folder; None where there is no one who asks, or nothing is asked for in so many seconds."""
    import select  # for pipes on POSIX only

    line = b""
    while not line.strip() or not line.endswith(b"\n"):
        if not select.select([0], [], [], seconds)[0] or not (read := os.read(0, 4096)):
            return None
        line += read
    return Path(os.fsdecode(line.strip()))


def _ended(child: int) -> int:
    """The exit code of a child, minus the number of the signal that ended it.

    An empty line ends the child; the end of the input, where no one waits any more, ends both.
    """
    import select

    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if select.select([0], [], [], SECONDS_BETWEEN_LOOKS)[0]:
            is_waited_for = os.read(0, 4096)
            for kill in (os.killpg, os.kill):  # it may not have a group of its own yet
                with contextlib.suppress(OSError):
                    kill(child, signal.SIGKILL)
            if not is_waited_for:
                os._exit(1)


def end_with_parent(parent: int) -> None:
    """Have the system end this process with the one that has started it, whatever it is doing then."""
    if FORKS:
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it has ended before
            os._exit(1)


def _redirect(folder: Path) -> None:
    """Let what is printed go to the folder, and nothing come in."""
    words = os.open(folder / WORDS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (words, 1), (words, 2)):
        os.dup2(ours, theirs)
    os.close(nothing)
    os.close(words)


def _work(folder: Path) -> None:
    own = os.getpid()
    content = (folder / ASKED).open("rb")
    sys.path[:], directory = pickle.load(content)
    os.chdir(directory)
    problem: BaseException | None = None
    result: Any = None
    try:
        fn, given = pickle.load(content)
        result = fn(given)
    except Exception as raised:
        problem = raised
    except BaseException as raised:  # no signal comes here: it is a user's code that has raised it
        problem = WorkerDied(f"it raised {type(raised).__name__}")
    if os.getpid() != own:  # a fork that a user's code has made and let run on
        os._exit(1)
    write_whole(folder / ANSWER, pickle.dumps((problem, result)))
    os._exit(0)  # what a user's code has left to run at the exit is not waited for


def _main(parent: str, *modules: str) -> None:
    for module in modules:
        importlib.import_module(module)
    if FORKS:
        _serve()
        return
    follow(int(parent))
    folder = Path(sys.stdin.readline().removesuffix("\n"))
    (folder / BEGUN).touch()
    _redirect(folder)
    _work(folder)


if __name__ == "__main__":
    _main(*sys.argv[1:])
