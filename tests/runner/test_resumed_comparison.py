"""`lossbench compare-losses` that is killed, loses a worker or is asked for more: it goes on, and trains nothing
twice."""

from __future__ import annotations

import importlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from lossbench import runner
from lossbench.config.commands.compare import CompareConfig
from lossbench.errors import UserError
from lossbench.events import EvaluationEnded, EvaluationsPlanned, Event, Warned
from lossbench.record import JOURNAL, CompareRecord, Journal
from lossbench.runner import reports

ASKED = "--data wine --losses ce,brier,nll+relu --folds 3 --repeats 2 --epochs 6 --hidden 8 --label-noise 0,0.2"
NAME = "compare-wine"

# Imports once and forks for each command, so that a kill costs no second of imports. Every unit is a block of its own.
FORKS = """
import os, sys
from lossbench.experiments.compare import schedule
schedule.ENOUGH = schedule.LONGEST = 0.0
from lossbench.cli import main
import lossbench.runner.comparison, lossbench.experiments.compare.run, lossbench.report.compare.files
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.setsid()
        code = 1
        try:
            code = main(line.split())
        finally:
            os._exit(code)
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print("ended", os.waitstatus_to_exitcode(status), flush=True)
"""


class Forks:
    """Commands in processes of their own, one after the other."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", FORKS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, words: str, kill_after: float | None = None) -> int:
        """The exit code of a command, minus the number of the signal that ended it."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(words + "\n")
        self._server.stdin.flush()
        child = int(self._server.stdout.readline())
        if kill_after is not None and not select.select([self._server.stdout], [], [], kill_after)[0]:
            os.killpg(child, signal.SIGKILL)
        while not (line := self._server.stdout.readline()).startswith("ended"):
            pass
        return int(line.split()[1])

    def close(self) -> None:
        with self._server:  # closes its pipes, and waits for it
            pass


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    server = Forks()
    yield server
    server.close()


def numbers(folder: Path) -> tuple[str, dict[str, Any]]:
    """members.csv, and the record without times, machine and folder."""
    record = json.loads((folder / "result.json").read_text())
    for key in ("timing", "command", "environment"):
        record.pop(key)
    record["config"].pop("output")
    for page in ("report.html", "comparison.md"):  # they tell the command and the time
        record["files"].pop(page)
    return (folder / "members.csv").read_text(), record


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> tuple[str, dict[str, Any], float]:
    output, began = tmp_path_factory.mktemp("undisturbed"), time.monotonic()
    assert forks.run(f"compare-losses {ASKED} --quiet --jobs 1 --output {output}") == 0
    seconds = time.monotonic() - began
    return (*numbers(output / NAME), seconds)


def test_it_is_killed_at_fifty_moments_and_ends_with_the_same_bytes(
    tmp_path: Path, forks: Forks, undisturbed: tuple[str, dict[str, Any], float]
) -> None:
    chance, kills, whole = random.Random(0), 0, 0
    csv, record, seconds = undisturbed
    output = tmp_path / "0"
    while kills < 50:
        command = f"compare-losses {ASKED} --quiet --jobs 1 --output {output}"
        code = forks.run(command, kill_after=chance.uniform(0.0, 0.25 * seconds))
        if code == -signal.SIGKILL:
            kills += 1
            if (output / NAME / JOURNAL).exists():  # it can be read at any time
                with Journal.open(output / NAME, read_only=True) as journal:
                    journal.statuses()
        else:  # it came to its end between two kills: the next ones fall on a new run
            assert code == 0
            assert numbers(output / NAME) == (csv, record)
            whole += 1
            output = tmp_path / str(whole)
    assert forks.run(f"compare-losses {ASKED} --quiet --jobs 1 --output {output}") == 0
    assert numbers(output / NAME) == (csv, record)
    left = {path.name for path in (output / NAME).iterdir() if path.name.startswith(".")}
    assert left <= {".lock"}


def config(output: Path, **other: Any) -> CompareConfig:
    plain = {"losses": "ce,brier", "folds": 3, "repeats": 2, "lrs": [1e-3, 1e-2], "optim": {"epochs": 3}, "net": 8}
    return CompareConfig.model_validate({**plain, "data": "wine", "output": str(output), **other})


class Heard:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        pass

    @property
    def planned(self) -> int:
        return next(event.evaluations for event in self.events if isinstance(event, EvaluationsPlanned))

    @property
    def ended(self) -> list[str]:
        return [event.evaluation for event in self.events if isinstance(event, EvaluationEnded)]


def compared(chosen: CompareConfig, **options: Any) -> tuple[CompareRecord, Path, Heard]:
    heard = Heard()
    record, folder = runner.run_compare(chosen, listeners=[heard], **options)
    return record, folder, heard


def losses_of(record: CompareRecord) -> list[str]:
    return [result.loss.label for result in record.results]


def test_what_is_there_is_taken_what_is_missing_is_trained_what_is_not_asked_for_is_not_shown(tmp_path: Path) -> None:
    _, folder, first = compared(config(tmp_path, name="run"))
    assert first.ended == ["wine / cross_entropy + identity", "wine / brier + softmax"]
    _, _, again = compared(config(tmp_path, name="run"))
    assert (again.planned, again.ended) == (0, [])
    more, same, heard = compared(config(tmp_path, name="run", losses="ce,hinge,brier", repeats=3))
    assert same == folder
    assert losses_of(more) == ["cross_entropy", "hinge", "brier"]
    assert heard.planned == 3  # of two, one repetition is missing
    anew, _, _ = compared(config(tmp_path, name="anew", losses="ce,hinge,brier", repeats=3))
    assert [result.members for result in more.results] == [result.members for result in anew.results]
    less, _, heard = compared(config(tmp_path, name="run", losses="hinge,ce"))
    assert (losses_of(less), heard.planned) == (["hinge", "cross_entropy"], 0)
    assert {member.split["repeat"] for member in less.results[0].members} == {0, 1}


def test_a_level_of_a_condition_is_added_without_training_the_others_again(tmp_path: Path) -> None:
    compared(config(tmp_path))
    record, folder, heard = compared(config(tmp_path, label_noise=[0, 0.3]))
    assert folder.name == NAME
    assert heard.planned == 2
    assert all("30% symmetric label noise" in name for name in heard.ended)
    assert len(record.results) == 4


def test_a_loss_is_added_to_those_of_the_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from lossbench import Encoding, Decoder, Space, Task, loss\n"
        "import torch.nn.functional as F\n"
        "@loss(targets={Task.MULTICLASS: Encoding.CLASS_INDEX}, sound={Space.REAL},"
        " decode=Decoder.SOFTMAX, reference='')\n"
        "def mine(logits, target):\n"
        "    '''Twice the cross-entropy.'''\n"
        "    return 2 * F.cross_entropy(logits.movedim(-1, -2), target, reduction='none')\n"
    )
    compared(config(tmp_path, losses=None, isolate=False))
    record, _, heard = compared(config(tmp_path, losses=None, losses_add=f"{file}:mine", isolate=False))
    assert heard.ended == ["wine / mine + identity"]
    assert losses_of(record)[-1] == "mine"


def test_what_changes_the_numbers_is_named(tmp_path: Path) -> None:
    compared(config(tmp_path, name="run"))
    with pytest.raises(UserError, match=r"net\.hidden.*optim\.epochs \(3, here 4\).*--name.*--force"):
        compared(config(tmp_path, name="run", optim={"epochs": 4}, net=4))
    with pytest.raises(UserError, match=r"wine\.scale"):
        compared(config(tmp_path, name="run", data={"name": "wine", "scale": "quantile"}))
    record, _, heard = compared(config(tmp_path, name="run", optim={"epochs": 4}), force=True)
    assert heard.planned == 2
    assert record.config["optim"]["epochs"] == 4


def test_a_default_name_loses_no_earlier_answer(tmp_path: Path) -> None:
    _, first, _ = compared(config(tmp_path))
    _, second, _ = compared(config(tmp_path, losses="hinge,ce"))
    assert (first.name, second.name) == (NAME, f"{NAME}-2")
    _, third, heard = compared(config(tmp_path, losses="ce,brier,hinge"))
    assert (third, heard.ended) == (first, ["wine / hinge + identity"])


def test_a_failure_is_kept_shown_again_and_trained_again_on_request(tmp_path: Path) -> None:
    file = tmp_path / "weary.py"
    file.write_text(
        "import os, torch.nn.functional as F\n"
        "def weary(logits, target):\n"
        f"    if not os.path.exists({str(tmp_path / 'rested')!r}) and logits.requires_grad and len(logits) > 8:\n"
        "        raise RuntimeError('too tired')\n"
        "    return F.cross_entropy(logits, target, reduction='none')\n"
    )
    own = {"loss": {"name": f"{file}:weary", "target_encoding": "class_index", "decode": "softmax"}}
    chosen = config(tmp_path, losses=[{"loss": "ce"}, own], isolate=False)
    first, _, _ = compared(chosen)
    assert [result.status for result in first.results] == ["ok", "failed"]
    (tmp_path / "rested").touch()
    again, _, heard = compared(chosen)
    assert heard.planned == 0
    assert "too tired" in again.results[1].message
    assert "raise RuntimeError" in again.results[1].traceback
    said = [event.message for event in heard.events if isinstance(event, Warned)]
    assert any("weary" in text and "too tired" in text and "--retry-failed" in text for text in said)
    rested, _, heard = compared(chosen, retry_failed=True)
    assert [result.status for result in rested.results] == ["ok", "ok"]
    assert heard.ended == [rested.results[1].name]


@contextmanager
def at_work(words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "lossbench", "compare-losses", *words.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def workers_of(process: subprocess.Popen[str], count: int) -> list[psutil.Process]:
    """Its worker processes, once there are so many that have worked for a moment."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
        found = [one for one in children if "loky" in " ".join(one.cmdline()) and sum(one.cpu_times()[:2]) > 1.5]
        found = [one for one in found if "resource_tracker" not in " ".join(one.cmdline())]
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError("no workers")


LONGER = ASKED.replace("--epochs 6", "--epochs 60")


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> tuple[str, dict[str, Any]]:
    output = tmp_path_factory.mktemp("longer")
    assert forks.run(f"compare-losses {LONGER} --quiet --jobs 1 --output {output}") == 0
    return numbers(output / NAME)


def test_a_worker_that_is_killed_costs_nothing_but_time(tmp_path: Path, longer: tuple[str, dict[str, Any]]) -> None:
    with at_work(f"{LONGER} --quiet -j 2 --output {tmp_path}") as process:
        workers_of(process, 2)[0].kill()
        _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert numbers(tmp_path / NAME) == longer


def test_workers_do_not_outlive_their_parent(tmp_path: Path) -> None:
    with at_work(f"{LONGER} --epochs 2000 --quiet -j 2 --output {tmp_path}") as process:
        workers = workers_of(process, 2)
        process.kill()
        process.wait()
    gone, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive, gone


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_workers_and_leaves_a_partial_record(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with at_work(f"{LONGER} --epochs 2000 -j 2 --output {tmp_path}") as process:
        workers = workers_of(process, 2)
        process.send_signal(number)
        printed, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert not psutil.wait_procs(workers, timeout=10)[1]
    record = json.loads((tmp_path / NAME / "result.json").read_text())
    assert record["status"] == "interrupted"
    assert {result["status"] for result in record["results"]} == {"interrupted"}
    assert "0 of 6 evaluations" in " ".join(printed.split())


def test_a_second_process_in_the_same_folder_says_so_and_changes_nothing(tmp_path: Path) -> None:
    with at_work(f"{LONGER} --epochs 2000 --quiet -j 1 --output {tmp_path}") as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / NAME / JOURNAL).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        before = sorted(path.name for path in (tmp_path / NAME).iterdir())
        with pytest.raises(UserError, match="another process works on this run"):
            runner.run_compare(
                CompareConfig.model_validate(
                    {
                        "data": "wine",
                        "losses": "ce,brier,nll+relu",
                        "folds": 3,
                        "repeats": 2,
                        "optim": {"epochs": 2000},
                        "net": 8,
                        "label_noise": [0, 0.2],
                        "output": str(tmp_path),
                    }
                )
            )
        assert sorted(path.name for path in (tmp_path / NAME).iterdir()) == before
        assert process.poll() is None


def test_a_journal_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    _, folder, _ = compared(config(tmp_path, name="run"))
    whole = (folder / JOURNAL).read_bytes()
    (folder / JOURNAL).write_bytes(b"no journal at all" + whole[17:])
    with pytest.raises(UserError, match=r"journal\.sqlite: the journal is damaged.*--force"):
        compared(config(tmp_path, name="run"))
    (folder / JOURNAL).write_bytes(whole)
    with Journal.open(folder) as journal:
        journal._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="newer lossbench"):
        compared(config(tmp_path, name="run"))
    record, _, heard = compared(config(tmp_path, name="run"), force=True)
    assert (record.status, heard.planned) == ("ok", 2)


def test_a_unit_that_was_changed_on_the_disk_is_noticed(tmp_path: Path) -> None:
    _, folder, _ = compared(config(tmp_path, name="run"))
    with Journal.open(folder) as journal, journal._connection:
        (unit, body) = journal._connection.execute("SELECT unit, body FROM units").fetchone()
        wrong = bytearray(body)
        wrong[len(wrong) // 2] ^= 1
        journal._connection.execute("UPDATE units SET body = ? WHERE unit = ?", (bytes(wrong), unit))
    with pytest.raises(UserError, match="the journal is damaged"):
        compared(config(tmp_path, name="run"))


def test_no_room_is_one_line_and_what_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite says of a full disk what it says of a journal that has reached its greatest number of pages."""
    _, folder, _ = compared(config(tmp_path, name="run"))
    opened = Journal.open

    def full(where: Path, *, read_only: bool = False) -> Journal:
        journal = opened(where, read_only=read_only)
        pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
        journal._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        return journal

    monkeypatch.setattr(Journal, "open", full)
    more = config(tmp_path, name="run", losses="ce,brier,hinge,mse,focal", repeats=6)
    with pytest.raises(UserError, match=r"journal\.sqlite: cannot be written.*full.*free some space"):
        compared(more)
    monkeypatch.undo()
    record, _, heard = compared(more)
    assert record.status == "ok"
    assert len(heard.ended) <= 5
    with Journal.open(folder, read_only=True) as journal:
        assert set(journal.statuses().values()) == {"ok"}


DASK = str(Path(sys.executable).with_name("dask"))


@contextmanager
def dask_cluster(folder: Path) -> Iterator[tuple[str, list[psutil.Process]]]:
    """A scheduler and two worker processes on loopback TCP: its address, and the workers."""
    where, quiet = folder / "scheduler.json", {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = [
        DASK,
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(where),
    ]
    worker = [DASK, "worker", "--scheduler-file", str(where), "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    started = [subprocess.Popen(scheduler, **quiet)]
    try:
        deadline = time.monotonic() + 60
        while not where.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        started += [subprocess.Popen(worker, cwd=folder, **quiet) for _ in range(2)]
        yield json.loads(where.read_text())["address"], [psutil.Process(one.pid) for one in started[1:]]
    finally:
        for one in started:
            one.kill()
            one.wait()


def test_a_dask_cluster_over_tcp_that_loses_a_worker_gives_the_same_bytes(
    tmp_path: Path, longer: tuple[str, dict[str, Any]]
) -> None:
    with dask_cluster(tmp_path) as (address, workers):
        with at_work(f"{LONGER} --scheduler {address} --output {tmp_path}") as process:
            begun = [sum(one.cpu_times()[:2]) for one in workers]
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline and process.poll() is None:
                used = [sum(one.cpu_times()[:2]) - start for one, start in zip(workers, begun, strict=True)]
                if min(used) > 4:  # both have imported torch and are training
                    break
                time.sleep(0.05)
            workers[0].kill()
            printed, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
        assert not workers[0].is_running() or workers[0].status() == psutil.STATUS_ZOMBIE
    assert numbers(tmp_path / NAME) == longer
    assert "On wine" in printed


def test_a_scheduler_that_does_not_answer_is_one_line_within_ten_seconds(tmp_path: Path) -> None:
    importlib.import_module("distributed")
    began = time.monotonic()
    with pytest.raises(UserError, match=r"--scheduler: tcp://127\.0\.0\.1:9 does not answer"):
        compared(config(tmp_path, scheduler="tcp://127.0.0.1:9"))
    assert time.monotonic() - began < 10


def test_a_baseline_that_was_named_after_it_came_out_best_is_tested_as_one_of_all_pairs(tmp_path: Path) -> None:
    """Naming the winner of a first look makes equally good losses worse in 10 to 18% of null comparisons."""
    design = {"losses": "ce,brier,hinge", "folds": 5, "repeats": 1}
    unlooked, _, _ = compared(config(tmp_path / "apart", **design))
    assert unlooked.analysis is not None
    winner, *_, loser = (row.name for row in unlooked.analysis.tables[0].rows)
    _, folder, _ = compared(config(tmp_path, **design, baseline=loser, name="look"))
    picked, _, _ = compared(config(tmp_path, **design, baseline=winner, name="again"))
    assert picked.analysis is not None
    assert (picked.protocol.looked_in, picked.analysis.tables[0].picked) == (folder.name, True)
    assert any("it came out best in the run look" in note for note in picked.analysis.tables[0].notes)
    for baseline in (loser, "auto", "best"):
        other, _, _ = compared(config(tmp_path, **design, baseline=baseline, name=f"with-{baseline}"))
        assert other.protocol.looked_in == ""


def test_a_reader_that_has_gone_before_the_answer_costs_no_report(tmp_path: Path) -> None:
    """`lossbench compare-losses ... 2>&1 | head -1`: the answer is printed before the reports are drawn."""
    words = "--data wine --losses ce,brier --folds 3 --repeats 1 --epochs 3 --hidden 8"
    with at_work(f"{words} --output {tmp_path}") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=120) == 0
    assert {"report.html", "result.json"} <= {path.name for path in (tmp_path / NAME).iterdir()}


def test_a_very_large_comparison_leaves_trials_and_curves_in_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossbench.record.files.MOST_DETAILED", 1)
    whole, folder, _ = compared(config(tmp_path))
    written = json.loads((folder / "result.json").read_text())["results"]
    assert {member["role"] for result in written for member in result["members"]} == {"refit", "untuned"}
    assert not any("curves" in member for result in written for member in result["members"])
    assert runner.report(folder) == 0
    again = reports.read(folder)
    assert [result.members for result in again.results] == [result.members for result in whole.results]
