"""Work in processes of their own: what comes back, what does not, and that none is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from lossbench.errors import UserError, UserErrors
from lossbench.workers import OutOfTime, WorkerDied
from lossbench.workers.alone import MOST_WORDS, alone


def raises(problem: Exception) -> None:
    raise problem


def says_and_ends(count: int) -> None:
    for _ in range(count):
        print("never heard " * 1000)
    os.write(2, b"\x1b[2J the last words " + b"and others " * 1000)
    os._exit(9)


def test_it_gives_the_result_in_this_folder_with_these_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert alone(abs, -3) == 3
    (tmp_path / "only_here.py").write_text("def twice(x):\n    return 2 * x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert alone(os.path.abspath, "x") == str(tmp_path / "x")
    from only_here import twice  # type: ignore[import-not-found]

    assert alone(twice, 4) == 8
    assert alone(os.getenv, "OMP_NUM_THREADS") == "1"


@pytest.mark.parametrize(
    "problem",
    [
        ValueError("no"),
        UserError("what", where="where", fix="fix"),
        UserErrors([UserError("one", where="a"), UserError("two", fix="b")]),
    ],
)
def test_what_is_raised_there_is_raised_here(problem: Exception) -> None:
    with pytest.raises(type(problem)) as raised:
        alone(raises, problem)
    assert str(raised.value) == str(problem)
    parts = [getattr(raised.value, name, None) for name in ("where", "what", "fix")]
    assert parts == [getattr(problem, name, None) for name in ("where", "what", "fix")]


def test_its_last_words_are_told_cut_and_printable_and_others_are_not_heard(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorkerDied, match=r"^its process ended \(exit code 9\): \ufffd\[2J the last words") as died:
        alone(says_and_ends, 3)
    assert str(died.value).isprintable()
    assert len(str(died.value)) < 600
    alone(print, "never heard")
    assert capfd.readouterr() == ("", "")


def prints_without_end(most: int) -> None:
    end = time.monotonic() + 1
    largest = 0
    while time.monotonic() < end:
        os.write(1, b"x" * 10_000)
        largest = max(largest, os.fstat(1).st_size)
        time.sleep(0.001)
    os.write(1, b"\nlargest %d" % largest)
    os._exit(0 if largest < most else 1)


def test_what_it_prints_fills_no_disk() -> None:
    with pytest.raises(WorkerDied, match=r"exit code 0\): largest"):
        alone(prints_without_end, 10 * MOST_WORDS)


def test_one_that_takes_too_long_or_is_stopped_ends_and_the_next_one_begins_at_once() -> None:
    alone(abs, 1)
    began = time.monotonic()
    with pytest.raises(OutOfTime, match=r"not done after 0\.2 s"):
        alone(time.sleep, 100, seconds=0.2)
    with pytest.raises(WorkerDied, match="it was stopped"):
        alone(time.sleep, 100, stopped=lambda: time.monotonic() - began > 1)
    assert alone(abs, -2) == 2
    assert time.monotonic() - began < 10  # on a busy machine; each sleep alone would be ten times as long


def test_one_whose_parent_is_gone_is_started_again() -> None:
    server = alone(_parent, None)
    os.kill(server, signal.SIGKILL)
    assert alone(abs, -2) == 2


def _parent(_: Any) -> int:
    return os.getppid()


BUSY = """
import ctypes, os, sys
from pathlib import Path
from lossbench.workers.alone import alone
Path(sys.argv[1]).write_text(f"import ctypes, os, subprocess\\n"
    "def busy(file):\\n"
    "    pids = f'{os.getpid()} {os.getppid()}'\\n"
    "    open(file + '.part', 'w').write(pids)\\n"
    "    os.rename(file + '.part', file)\\n"
    "    ctypes.PyDLL(None).sleep(1000)\\n")
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from busy_module import busy
alone(busy, sys.argv[2])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process looks for its parent once a second")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_none_outlives_its_parent_even_if_it_holds_the_interpreter(tmp_path: Path, number: signal.Signals) -> None:
    said = tmp_path / "pids"
    words = [sys.executable, "-c", BUSY, str(tmp_path / "busy_module.py"), str(said)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as parent:
        deadline = time.monotonic() + 60
        while not said.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        children = [psutil.Process(int(pid)) for pid in said.read_text().split()]
        parent.send_signal(number)
        try:
            parent.wait(20)
        finally:
            parent.kill()  # else its end would be waited for without end
    assert len(children) == 2
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
