"""`compare-losses`: every loss on the same tables, splits, first weights and batches; which one, with evidence.

`plan` finds whatever can be wrong before the first epoch; `run` has every unit of work done that the journal lacks, by
whatever workers there are, and returns the record that `assemble` makes of the journal.
"""

from __future__ import annotations

import contextlib
import pickle
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lossbench.errors import counted
from lossbench.events import (
    Emit,
    EvaluationEnded,
    EvaluationSkipped,
    EvaluationsPlanned,
    Status,
    Stopped,
    UnitsEnded,
    Warned,
    ignore,
    never,
)
from lossbench.experiments.compare.assemble import assemble
from lossbench.experiments.compare.block import (
    Block,
    MatrixBlock,
    WorkedBlock,
    WorkedUnit,
    work,
)
from lossbench.experiments.compare.matrices import Matrix, matrix_by_file
from lossbench.experiments.compare.plan import ComparePlan
from lossbench.experiments.compare.planned import Evaluation, evaluations, skeleton, table_warnings
from lossbench.experiments.compare.schedule import Schedule, Share
from lossbench.experiments.compare.setting_source import forget
from lossbench.experiments.compare.unit_key import together
from lossbench.experiments.setup.data_source import announce
from lossbench.record import CompareRecord, FinishedUnit, Journal, UnitRecord, pack, written_aside
from lossbench.workers import Workers, in_process
from lossbench.workers.alone import alone

SECONDS_BETWEEN_LOOKS = 0.2
MOST_DEATHS = 2  # of its worker, until a unit has failed


def run(
    plan: ComparePlan,
    journal: Journal | None = None,
    workers: Callable[[float], AbstractContextManager[Workers]] = lambda seconds: in_process(),
    *,
    share: Path | None = None,
    retry_failed: bool = False,
    emit: Emit = ignore,
    stopped: Stopped = never,
    command: str = "",
    looked_in: str = "",
) -> CompareRecord:
    """The record of a comparison; one that was stopped has what was finished.

    What the `journal` has is taken from there, failures too unless `retry_failed`. `workers` gives those for so many
    seconds of work; where they are other processes, they find the tables in the folder `share`.
    `looked_in` names the run that the baseline was picked from.
    """
    journal = journal or Journal.in_memory()
    with contextlib.ExitStack() as tidying:
        tidying.callback(forget)
        share = share or Path(tidying.enter_context(tempfile.TemporaryDirectory(prefix="lossbench-")))
        comparison = _Comparison(plan, journal, share, emit, stopped)
        comparison.begin(skeleton(plan, command, looked_in), retry_failed=retry_failed)
        comparison.work(workers)
        comparison.end()
    return assemble(journal)


class _Comparison:
    """The work of one run: what is left of it, what is being worked on, and who hears of it."""

    def __init__(self, plan: ComparePlan, journal: Journal, share: Path, emit: Emit, stopped: Stopped) -> None:
        self._plan, self._journal, self._emit, self._stopped = plan, journal, emit, stopped
        self._began = time.perf_counter()
        self._evaluations = list(evaluations(plan, share))
        self._missing: dict[int, list[int]] = {}
        self._ended: dict[int, list[WorkedUnit]] = {}
        self._deaths: Counter[tuple[int, int]] = Counter()
        self._statuses: dict[str, str] = {}
        self._of_setting: dict[str, list[int]] = {}
        for place, one in enumerate(self._evaluations):
            self._of_setting.setdefault(f"{one.setting.key} {one.setting.name}", []).append(place)

    def begin(self, skeleton: Mapping[str, Any], *, retry_failed: bool) -> None:
        """Keep what is asked for, find what is missing, and say what is known before any result."""
        self._journal.ask((one.asked for one in self._evaluations), **skeleton)
        statuses = self._journal.statuses()
        if retry_failed:
            self._journal.forget(unit for unit, status in statuses.items() if status == "failed")
            statuses = {unit: status for unit, status in statuses.items() if status != "failed"}
        self._statuses = statuses
        for place, one in enumerate(self._evaluations):
            if missing := [repeat for repeat, unit in enumerate(one.asked.units) if unit not in statuses]:
                self._missing[place] = missing
        self._emit(EvaluationsPlanned(len(self._missing)))
        if taken := len(self._evaluations) - len(self._missing):
            count = counted(len(self._evaluations), "evaluation")
            text = f"{taken} of {count} {'is' if taken == 1 else 'are'} finished already"
            self._emit(Warned(text, "note"))
        for one in self._evaluations:
            if failed := next((unit for unit in one.asked.units if statuses.get(unit) == "failed"), None):
                found = self._journal.unit(failed)
                message = found[0].message if found else ""
                self._emit(Warned(f"{one.asked.header.name} failed when it was trained: {message}; see --retry-failed"))
        for entry in self._plan.tables:
            for left in entry.selection.excluded:
                self._emit(EvaluationSkipped(f"{entry.table.name} / {left.name}", left.why))
            for message in table_warnings(entry):
                self._emit(Warned(message))
            announce(entry.table.notes, self._emit)

    def work(self, workers: Callable[[float], AbstractContextManager[Workers]]) -> None:
        """Have everything done that is missing, and the matrix of each setting as soon as it is complete."""
        self._complete = list(self._of_setting)
        self._fail_untrainable()
        schedule = Schedule(self._evaluations, self._missing)
        with workers(schedule.seconds(schedule.left)) as self._workers:
            schedule.sends = not self._workers.is_here
            self._pickle_tables()
            total, at_work = schedule.left, dict[Future[Any], list[Share] | str]()
            try:
                while (schedule or self._complete or at_work) and not self._stopped():
                    self._send(schedule, at_work)
                    for future in wait(at_work, timeout=SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED).done:
                        what = at_work.pop(future)
                        if isinstance(what, str):
                            self._take_matrix(future, what)
                        else:
                            self._take(future, what, schedule)
                    if not self._workers.is_here and total:
                        blocks = [what for what in at_work.values() if not isinstance(what, str)]
                        left = schedule.left + sum(schedule.steps(block) for block in blocks)
                        self._emit(UnitsEnded(total - left, total))
            finally:
                if at_work:
                    self._workers.stop()

    def _fail_untrainable(self) -> None:
        for place, repeats in list(self._missing.items()):
            if why := self._evaluations[place].untrainable:
                share = Share(place, tuple(repeats))
                self._keep(_failed([share], why), [share])

    def _send(self, schedule: Schedule, at_work: dict[Future[Any], list[Share] | str]) -> None:
        """Give workers what there is to do: matrices first, while they have the setting at hand."""
        while (self._complete or schedule) and len(at_work) < (slots := self._workers.slots()) and not self._stopped():
            if self._complete:
                if (found := self._without_matrix(self._complete.pop())) is not None:
                    key, whole = found
                    at_work[self._submit_matrix(whole)] = key
            else:
                block = schedule.next(slots)
                at_work[self._submit(block)] = block

    def _pickle_tables(self) -> None:
        """Every table that another process works on as one file, which each worker reads once."""
        missing = [self._evaluations[place] for place in self._missing]
        needed = {
            one.setting.table.pickled: one.setting.table for one in missing if one.private or not self._workers.is_here
        }
        for source in needed.values():
            with written_aside(source.pickled) as file:
                pickle.dump(replace(source.read(), place=_row), file)

    def end(self) -> None:
        """Keep how it ended, and how long it worked."""
        seconds = self._journal.described("seconds", 0.0) + time.perf_counter() - self._began
        self._journal.describe(seconds=seconds)

    def _submit(self, block: Sequence[Share]) -> Future[WorkedBlock]:
        first = self._evaluations[block[0].evaluation]
        sent = Block(
            first.setting,
            tuple((self._evaluations[share.evaluation].subject, share.repeats) for share in block),
        )
        fn: Any = work
        if first.private:
            fn = partial(alone, work, stopped=self._stopped) if self._workers.is_here else partial(alone, work)
        elif self._workers.is_here:
            fn = partial(work, emit=self._emit, stopped=self._stopped)
        return self._workers.executor.submit(fn, sent)

    def _take(self, future: Future[WorkedBlock], block: Sequence[Share], schedule: Schedule) -> None:
        """Keep what a block has brought; what was lost with its worker is tried once more, then it has failed."""
        try:
            worked = future.result()
        except self._workers.died as problem:
            if self._stopped():
                return
            lost = [(share.evaluation, repeat) for share in block for repeat in share.repeats]
            self._deaths.update(lost)
            if len(lost) > 1 or max(self._deaths[one] for one in lost) < MOST_DEATHS:
                schedule.again(block)
                return
            worked = _failed(block, f"its worker process died twice while training it: {problem}")
        except Exception as problem:
            if not self._evaluations[block[0].evaluation].private:
                raise
            if sum(len(share.repeats) for share in block) > 1:
                schedule.again(block)
                return
            worked = _failed(block, str(problem))  # a file that could be loaded when it was planned
        if worked.seconds:
            schedule.learn(schedule.steps(block), worked.seconds)
        self._keep(worked, block)

    def _keep(self, worked: WorkedBlock, block: Sequence[Share]) -> None:
        setting = self._evaluations[block[0].evaluation].setting
        places = [share.evaluation for share in block]
        finished = [
            FinishedUnit(self._evaluations[places[one.subject]].asked.units[one.repeat], one.packed, one.seconds)
            for one in worked.units
        ]
        self._statuses |= {one.unit: one.packed.status for one in finished}
        self._journal.add(finished, {(setting.key, repeat): one for repeat, one in worked.repetitions.items()})
        if 0 in worked.repetitions and setting.condition == self._plan.grid[0]:
            for note in worked.repetitions[0].notes:
                self._emit(Warned(note.message, note.level))
        for one in worked.units:
            place = places[one.subject]
            self._missing[place].remove(one.repeat)
            self._ended.setdefault(place, []).append(one)
            if not self._missing[place]:
                del self._missing[place]
                self._say_ended(place, self._ended.pop(place))
                self._complete.append(f"{setting.key} {setting.name}")

    def _say_ended(self, place: int, units: Sequence[WorkedUnit]) -> None:
        failed = [one for one in units if one.packed.status == "failed"]
        status: Status = "failed" if failed else "diverged" if all(one.diverged for one in units) else "ok"
        scores = [score for one in units for score in one.scores]
        seconds = sum(one.seconds for one in units)
        message = failed[0].message if failed else ""
        name = self._evaluations[place].asked.header.name
        self._emit(EvaluationEnded(name, status, seconds, message, self._plan.select.name, scores))

    def _submit_matrix(self, whole: Sequence[Evaluation]) -> Future[Matrix]:
        """What each loss's nets are worth under every other's loss, in one setting."""
        predicted = [[self._journal.predicted(unit) for unit in one.asked.units] for one in whole]
        block = MatrixBlock(whole[0].setting, [one.subject for one in whole], predicted, [one.private for one in whole])
        return self._workers.executor.submit(matrix_by_file, block)

    def _take_matrix(self, future: Future[Matrix], key: str) -> None:
        try:
            self._journal.keep_matrix(key, future.result())
        except self._workers.died:  # no numbers then
            self._journal.keep_matrix(key, [])

    def _without_matrix(self, setting: str) -> tuple[str, list[Evaluation]] | None:
        """The losses of a setting that is complete and whose matrix is not known, with the key of their units."""
        places = self._of_setting[setting]
        if any(place in self._missing for place in places):
            return None
        statuses = self._statuses
        whole = [self._evaluations[place] for place in places if _is_whole(self._evaluations[place], statuses)]
        key = together([unit for one in whole for unit in one.asked.units])
        return None if len(whole) < 2 or self._journal.matrix(key) is not None else (key, whole)


def _failed(block: Sequence[Share], why: str) -> WorkedBlock:
    """All units of a block as failed."""
    packed = pack(UnitRecord(status="failed", message=why, traceback=why))
    units = [WorkedUnit(i, repeat, packed, 0.0, why) for i, share in enumerate(block) for repeat in share.repeats]
    return WorkedBlock(units, {}, 0.0)


def _is_whole(evaluation: Evaluation, statuses: Mapping[str, str]) -> bool:
    """Whether it is a loss whose nets have all been scored."""
    units = evaluation.asked.units
    return evaluation.asked.kind == "loss" and all(statuses.get(unit) == "ok" for unit in units)


def _row(row: int) -> str:
    """Where a row stands in a table, where its file is not at hand."""
    return f"row {row + 1}"
