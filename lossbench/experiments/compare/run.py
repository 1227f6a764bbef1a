"""`compare-losses`: every loss on the same tables, splits, first weights and batches; which one, with evidence.

`compare_plan` finds whatever can be wrong before the first epoch; `run` tells the story and returns the record, from
whose runs alone every statistic can be computed again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from lossbench.catalog.metrics import suiting
from lossbench.catalog.vocabulary import Task
from lossbench.data.split import digest
from lossbench.engine.threads import in_threads, one_thread
from lossbench.events import Event, RunSkipped, RunsPlanned, Warned
from lossbench.experiments.compare.candidates import Contender, Lineup
from lossbench.experiments.compare.cross_loss_matrix import cross_loss_matrix
from lossbench.experiments.compare.evaluation import Contest, Settings, compete, opened, setting_name, settle_failures
from lossbench.experiments.compare.plan import ComparePlan, TablePlan, default_name
from lossbench.experiments.compare.protocol import split_scheme
from lossbench.experiments.compare.setting import Arena, prepare_arena
from lossbench.experiments.compare.test_scores import dummy_scores
from lossbench.experiments.scoring.scores import metric_record
from lossbench.experiments.setup.data_source import announced, data_record, repairs
from lossbench.experiments.setup.environment import environment
from lossbench.record import DataRecord, Record, RunRecord, Scores


def run(plan: ComparePlan, *, stop: threading.Event, command: str = "") -> Generator[Event, None, Record]:
    """Every loss in every arena; a stopped comparison returns the record of what was finished."""
    began = time.perf_counter()
    settings = Settings(plan.config, plan.select, plan.trials, plan.device, plan.threads, stop)
    runs: list[RunRecord] = []
    data: list[DataRecord] = []
    warnings: list[str] = []
    preparing = meeting = 0.0
    yield RunsPlanned(plan.contests)
    for entry in plan.tables:
        for left in entry.lineup.left_out:
            yield RunSkipped(f"{entry.table.name} / {left.name}", left.why)
        for message in _warnings(entry):
            warnings.append(message)
            yield Warned(message)
        for noise in plan.config.label_noise:
            if stop.is_set():
                warnings.append(f"interrupted before it began: {setting_name(entry.table, noise)}")
                continue
            start = time.perf_counter()
            arena = prepare_arena(entry.table, entry.folds, data=entry.data, seed=plan.config.seed, noise=noise)
            preparing += time.perf_counter() - start
            if len(data) <= plan.tables.index(entry):
                first = arena.inner[0]
                data.append(data_record(entry.table, first.inputs, _split_facts(plan, entry), first.preparation))
                told = (*entry.table.notes, *first.preparation.notes)
                warnings += repairs(told)
                yield from announced(told)
            start = time.perf_counter()
            runs += yield from _meet(settings, arena, entry.lineup)
            meeting += time.perf_counter() - start
    total = time.perf_counter() - began
    first_table = plan.tables[0].table
    return Record(
        kind="compare-losses",
        name=plan.config.name or default_name(plan),
        status="interrupted" if stop.is_set() and _is_unfinished(plan, runs) else "ok",
        command=command,
        config=plan.config.model_dump(mode="json"),
        environment=environment(plan.device, plan.threads),
        data=data,
        metrics=[metric_record(metric) for metric in suiting(Task(first_table.task))],
        protocol=plan.protocol,
        runs=runs,
        timing={"prepare": preparing, "compete": meeting, "total": total},
        warnings=warnings,
    )


@dataclass
class _Bout:
    """A contest as a job: contests are independent, and side by side they keep the processors busier than one alone."""

    settings: Settings
    arena: Arena
    contender: Contender
    dummies: Sequence[Scores]
    contest: Contest | None = None

    def train(self, emit: Callable[[Event], None], stopped: Callable[[], bool]) -> None:
        """Hold the contest, unless it is too late to begin."""
        if stopped():
            return
        story = compete(self.settings, self.arena, self.contender, self.dummies)
        while True:
            try:
                emit(next(story))
            except StopIteration as end:
                self.contest = end.value
                return
            if stopped():
                self.settings.stop.set()


def _meet(settings: Settings, arena: Arena, lineup: Lineup) -> Generator[Event, None, list[RunRecord]]:
    """All contenders in one arena, then what each one's nets are worth under every other's loss.

    One that was stopped before it began has a run without members, "interrupted".
    """
    dummies = dummy_scores(lineup.contenders[0].pair, arena.outer)
    together = min(settings.threads, len(lineup.contenders)) if settings.device.type == "cpu" else 1
    each = replace(settings, threads=max(1, settings.threads // together))
    bouts = [_Bout(each, arena, contender, dummies) for contender in lineup.contenders]
    yield from in_threads(bouts, together, settings.stop)
    contests = [bout.contest for bout in bouts if bout.contest is not None]
    finished = {contest.contender.name: contest for contest in contests if contest.judged}
    pairs = {name: contest.contender.pair for name, contest in finished.items()}
    with one_thread():
        matrix = cross_loss_matrix(pairs, {name: contest.judged for name, contest in finished.items()}, arena.outer)
    for name, row in matrix.items():
        finished[name].run.evidence["matrix"] = row
    runs = [_never_began(bout, dummies) if bout.contest is None else bout.contest.run for bout in bouts]
    settle_failures(arena, runs, dummies)
    return runs


def _never_began(bout: _Bout, dummies: Sequence[Scores]) -> RunRecord:
    run = opened(bout.arena, bout.contender, dummies)
    run.status, run.message = "interrupted", "it was interrupted before it began"
    return run


def _is_unfinished(plan: ComparePlan, runs: Sequence[RunRecord]) -> bool:
    return len(runs) < plan.contests or any(run.status == "interrupted" for run in runs)


def _warnings(entry: TablePlan) -> list[str]:
    said = []
    if len(entry.folds) < 5:
        said.append(
            f"anecdotal: {len(entry.folds)} splits of {entry.table.name} cannot carry a conclusion; use at least 5"
        )
    for contender in entry.lineup.contenders:
        said += contender.pair.warnings(contender.full_name)
    return said


def _split_facts(plan: ComparePlan, entry: TablePlan) -> dict[str, object]:
    sizes = [(len(f.inner_train), len(f.inner_validation), len(f.test)) for f in entry.folds]
    return {
        "scheme": split_scheme(entry.table),
        "folds": plan.config.folds,
        "repeats": plan.config.repeats,
        "inner_train": max(s[0] for s in sizes),
        "inner_validation": max(s[1] for s in sizes),
        "test": max(s[2] for s in sizes),
        "seed": plan.config.seed,
        "sha256": [digest(fold) for fold in entry.folds],
    }
