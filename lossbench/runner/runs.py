"""`runs`: what stands in a folder of runs, how far each is, and how two of them differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock, Timeout

from lossbench.errors import UserError, counted, did_you_mean
from lossbench.record import JOURNAL, RUN_FILE, Asked, Journal, RunKey, read_record
from lossbench.runner.finish import OK, PARTIAL, print_answer
from lossbench.runner.folder import LOCK
from lossbench.runner.reports import read
from lossbench.runner.run_files import RECORD

if TYPE_CHECKING:
    from lossbench.record import Record

DIFFERENT = 1  # exit code of a diff, as diff has it
State = Literal["running", "finished", "unfinished", "failed", "unreadable"]


@dataclass(frozen=True)
class RunSummary:
    """One run in a line."""

    run: str
    command: str
    state: State
    done: str  # "12 of 26 evaluations"
    when: str  # of its last result, UTC
    answer: str  # the sentence


def list_runs(folder: Path, *, as_json: bool) -> int:
    """`lossbench runs`: every run in a folder, the latest last."""
    from lossbench.report.terminal.listing import show

    if not folder.is_dir():
        raise UserError("no such folder", where=str(folder), fix="name the folder that runs are kept in")
    found = [summarise(path) for path in folder.iterdir() if is_run(path)]
    rows = [asdict(one) for one in sorted(found, key=lambda one: (one.when, one.run))]
    if not rows and not as_json:
        print(f"no runs in {folder}")
        return OK
    show(rows, below=("answer",), as_json=as_json)
    return OK


def show_run(folder: Path) -> int:
    """`lossbench runs show`: a run's answer, again or as far as it is; exit code 4 where it is not finished."""
    check_run(folder)
    record = read(folder)
    print_answer(record, folder)
    return PARTIAL if record.status == "interrupted" else OK


def diff_runs(first: Path, second: Path, *, as_json: bool) -> int:
    """`lossbench runs diff`: what two runs differ in: what determines their numbers, and what came out.

    Exit code 0 where their numbers are the same, 1 where not.
    """
    from lossbench.report.terminal.listing import show

    for folder in (first, second):
        check_run(folder)
    one, other = RunKey.read(first), RunKey.read(second)
    keys = one.differences(other) if one is not None and other is not None else []
    mine, theirs = numbers(read(first)), numbers(read(second))
    rows = [
        {"result": name, first.name: _shown(mine.get(name)), second.name: _shown(theirs.get(name))}
        for name in dict.fromkeys([*mine, *theirs])
        if mine.get(name) != theirs.get(name)
    ]
    if as_json:
        print(json.dumps({"keys": keys, "results": rows}, indent=1, ensure_ascii=False))
    else:
        if keys:
            print(f"{second.name}, and here {first.name}, differ in {', '.join(keys)}")
        if rows:
            show(rows)
        else:
            print(f"the same numbers in {counted(len(mine), 'result')}")
    return DIFFERENT if rows or keys else OK


def numbers(record: Record) -> dict[str, tuple[Mapping[str, float | None], int]]:
    """Each result's mean test scores and its number of nets, by name."""
    found: dict[str, tuple[Mapping[str, float | None], int]] = {}
    for result in record.results:
        nets = [member for member in result.members if member.test and member.role in {"", "refit", "recommended"}]
        names = dict.fromkeys(name for net in nets for name in net.test)
        means = {}
        for name in names:
            known = [value for net in nets if (value := net.test.get(name)) is not None]
            means[name] = sum(known) / len(known) if known else None
        found[result.name] = (means, len(nets))
    return found


def _shown(result: tuple[Mapping[str, float | None], int] | None) -> str:
    if result is None:
        return "absent"
    means, nets = result
    first = [f"{name} {value:.6g}" for name, value in means.items() if value is not None][:2]
    return f"{', '.join(first)} ({counted(nets, 'net')})" if first else "no scores"


def is_run(folder: Path) -> bool:
    """Whether a folder is a run's."""
    return folder.is_dir() and any((folder / name).exists() for name in (RECORD, JOURNAL, RUN_FILE))


def check_run(folder: Path) -> None:
    """Raise `UserError` where a folder is no run's; those beside it are offered."""
    if is_run(folder):
        return
    beside = [path.name for path in folder.parent.iterdir() if is_run(path)] if folder.parent.is_dir() else []
    raise UserError("no such run", where=str(folder), fix=did_you_mean(folder.name, beside) if beside else "")


def summarise(folder: Path) -> RunSummary:
    """A run in a line. Of a comparison only the journal's summary is read, however large it is."""
    key = RunKey.read(folder)
    try:
        if (folder / JOURNAL).exists():
            return _comparison(folder)
        if (folder / RECORD).exists():
            return _recorded(folder, read_record(folder))
    except UserError as problem:
        return RunSummary(folder.name, key.kind if key else "", "unreadable", "", _when(folder), problem.what)
    state: State = "running" if is_at_work(folder) else "unfinished"
    return RunSummary(folder.name, key.kind if key else "", state, "", _when(folder), "")


def _comparison(folder: Path) -> RunSummary:
    with Journal.open(folder, read_only=True) as journal:
        statuses = journal.statuses()
        asked: list[Asked] = list(journal.asked())
        done = sum(all(unit in statuses for unit in one.units) for one in asked)
        failed = any(statuses.get(unit) == "failed" for one in asked for unit in one.units)
        answer, last = journal.described("sentence", ""), journal.last()
    state: State = "finished" if asked and done == len(asked) else "unfinished"
    if is_at_work(folder):
        state = "running"
    elif state == "finished" and failed:
        state = "failed"
    count = f"{done} of {counted(len(asked), 'evaluation')}"
    return RunSummary(folder.name, "compare-losses", state, count, last or _when(folder), answer)


def _recorded(folder: Path, record: Record) -> RunSummary:
    from lossbench.record import CompareRecord

    ended = record.status != "interrupted"
    failed = record.status in {"failed", "diverged"} or any(one.status == "failed" for one in record.results)
    state: State = "running" if is_at_work(folder) else "failed" if failed else "finished" if ended else "unfinished"
    members = sum(len(result.members) for result in record.results)
    scored = numbers(record) if record.kind == "train" else {}
    answer = "; ".join(f"{name}: {_shown(result)}" for name, result in scored.items())
    if isinstance(record, CompareRecord) and record.analysis is not None:
        answer = record.analysis.sentence
    return RunSummary(folder.name, record.kind, state, counted(members, "net"), _when(folder), answer)


def is_at_work(folder: Path) -> bool:
    """Whether a process works in the folder."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def _when(folder: Path) -> str:
    latest = max((path.stat().st_mtime for path in folder.iterdir()), default=folder.stat().st_mtime)
    return datetime.fromtimestamp(latest, UTC).isoformat(timespec="seconds")
