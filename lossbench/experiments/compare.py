"""`compare-losses`: every loss on the same tables, splits, first weights and batches; which one, with evidence.

`plan` finds whatever can be wrong before the first epoch; `run` tells the story and returns the record, from whose
runs alone every statistic can be computed again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import torch

from lossbench.catalog.metrics import Metric, suiting
from lossbench.catalog.vocabulary import Task
from lossbench.config.parts import DataConfig
from lossbench.config.schema import CompareConfig
from lossbench.data.load import load
from lossbench.data.split import OuterFold, digest, repeated_kfold
from lossbench.data.table import Table
from lossbench.engine.device import default_threads, resolve_device
from lossbench.engine.threads import in_threads, one_thread
from lossbench.errors import UserError
from lossbench.events import Event, RunSkipped, Warned
from lossbench.experiments.contest import Contest, Settings, compete
from lossbench.experiments.design import Arena, prepare_arena
from lossbench.experiments.environment import environment
from lossbench.experiments.evaluate import metric_record
from lossbench.experiments.folds import check_batch_size
from lossbench.experiments.judging import dummy_scores
from lossbench.experiments.lineup import Contender, Lineup, find_baseline, resolve_lineup
from lossbench.experiments.matrix import cross_loss_matrix
from lossbench.experiments.names import folder_name
from lossbench.experiments.protocol import describe, primary_metric, selection_metric
from lossbench.experiments.sources import announced, data_record, data_source, repairs
from lossbench.experiments.tuning import trial_rates
from lossbench.record import DataRecord, Record, Scores


@dataclass(frozen=True)
class TablePlan:
    """One table: how it is split, and who meets on it."""

    data: DataConfig
    table: Table
    folds: tuple[OuterFold, ...]
    lineup: Lineup


@dataclass(frozen=True)
class ComparePlan:
    """A checked comparison: everything that can be wrong was found before the first epoch."""

    config: CompareConfig
    tables: tuple[TablePlan, ...]
    metric: Metric
    select: Metric
    baseline: str
    device: torch.device
    threads: int

    @property
    def contests(self) -> int:
        """How many runs there will be: tables x losses x levels of label noise."""
        return sum(len(t.lineup.contenders) for t in self.tables) * len(self.config.label_noise)

    @property
    def trials(self) -> int:
        """How many nets each loss may choose from on each split."""
        return len(self.config.lrs)

    def members(self, table: TablePlan) -> int:
        """How many nets one loss trains on a table, at most: trials, refits and untuned ones of every split."""
        return len(table.folds) * (len(trial_rates(self.config)) + 2)


def plan(config: CompareConfig, given: Sequence[Table | None] = ()) -> ComparePlan:
    """Resolve a config's names, load its tables (or take those given) and deal out their splits.

    Raises `UserError` for whatever is wrong.
    """
    device = resolve_device(config.device)
    if not config.lrs:
        raise UserError("no learning rate to choose from", where="lrs", fix="give at least one")
    tables = [
        table if table is not None else load(data_source(data, config.data))
        for data, table in zip_longest(config.data, given)
    ]
    tables = _distinct_names(tables)
    _check_one_kind(tables)
    tasks = [Task(table.task) for table in tables]
    metric = primary_metric(config.metric, tasks[0])
    plans = []
    for data, table in zip(config.data, tables, strict=True):
        _check_noise(config, table)
        lineup = resolve_lineup(config.losses, table)
        folds = repeated_kfold(
            table.target,
            table.task,
            config.folds,
            config.repeats,
            config.seed,
            config.inner_validation,
            groups=table.groups,
            classes=table.classes,
        )
        rows = min(len(fold.inner_train) for fold in folds)
        check_batch_size(config.optim.batch_size, rows, f"inner training rows of {table.name}")
        plans.append(TablePlan(data, table, tuple(folds), lineup))
    _check_served(config, plans)
    baselines = {find_baseline(config.baseline, entry.lineup, Task(entry.table.task)) for entry in plans}
    if len(baselines) > 1:
        raise UserError(
            f"no loss is the baseline on every table (found {', '.join(sorted(baselines))})",
            where="baseline",
            fix="name one that serves all of them",
        )
    threads = config.threads or default_threads()
    select = selection_metric(metric, tasks[0])
    return ComparePlan(config, tuple(plans), metric, select, baselines.pop(), device, threads)


def default_name(plan: ComparePlan) -> str:
    """`compare-titanic-wine`: what the run's folder is called where no name was given."""
    names = [entry.table.name for entry in plan.tables]
    return folder_name("compare", *names[:3], *([f"and-{len(names) - 3}-more"] if len(names) > 3 else []))


def run(plan: ComparePlan, *, stop: threading.Event, command: str = "") -> Generator[Event, None, Record]:
    """Every loss in every arena; a stopped comparison returns the record of what was finished."""
    began = time.perf_counter()
    settings = Settings(plan.config, plan.select, plan.device, plan.threads, stop)
    contests: list[Contest] = []
    data: list[DataRecord] = []
    warnings: list[str] = []
    preparing = meeting = 0.0
    for entry in plan.tables:
        for left in entry.lineup.left_out:
            yield RunSkipped(f"{entry.table.name} / {left.name}", left.why)
        for message in _warnings(plan, entry):
            warnings.append(message)
            yield Warned(message)
        for noise in plan.config.label_noise:
            if stop.is_set():
                break
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
            met = yield from _meet(settings, arena, entry.lineup)
            meeting += time.perf_counter() - start
            contests += met
    runs = [contest.run for contest in contests]
    total = time.perf_counter() - began
    first_table = plan.tables[0].table
    return Record(
        kind="compare-losses",
        name=plan.config.name or default_name(plan),
        status="interrupted" if stop.is_set() and _unfinished(plan, contests) else "ok",
        command=command,
        config=plan.config.model_dump(mode="json"),
        environment=environment(plan.device, plan.threads),
        data=data,
        metrics=[metric_record(metric) for metric in suiting(Task(first_table.task))],
        protocol=describe(plan.config, first_table, plan.metric, plan.select, plan.baseline, plan.trials),
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


def _meet(settings: Settings, arena: Arena, lineup: Lineup) -> Generator[Event, None, list[Contest]]:
    """All contenders in one arena, then what each one's nets are worth under every other's loss."""
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
    return contests


def _unfinished(plan: ComparePlan, contests: Sequence[Contest]) -> bool:
    return len(contests) < plan.contests or any(contest.run.status == "interrupted" for contest in contests)


def _warnings(plan: ComparePlan, entry: TablePlan) -> list[str]:
    said = []
    if len(entry.folds) < 5:
        said.append(
            f"anecdotal: {len(entry.folds)} splits of {entry.table.name} cannot carry a conclusion; use at least 5"
        )
    for contender in entry.lineup.contenders:
        verdict = contender.pair.verdict
        if not verdict.level.is_sound:
            said.append(verdict.warning(contender.full_name))
    return said


def _split_facts(plan: ComparePlan, entry: TablePlan) -> dict[str, object]:
    sizes = [(len(f.inner_train), len(f.inner_validation), len(f.test)) for f in entry.folds]
    return {
        "scheme": describe(plan.config, entry.table, plan.metric, plan.select, plan.baseline, plan.trials)["scheme"],
        "folds": plan.config.folds,
        "repeats": plan.config.repeats,
        "inner_train": max(s[0] for s in sizes),
        "inner_validation": max(s[1] for s in sizes),
        "test": max(s[2] for s in sizes),
        "seed": plan.config.seed,
        "sha256": [digest(fold) for fold in entry.folds],
    }


def _distinct_names(tables: Sequence[Table]) -> list[Table]:
    """Tables of one name (two files called data.csv) get numbers: runs are found by the name."""
    seen: Counter[str] = Counter()
    named = []
    for table in tables:
        seen[table.name] += 1
        times = seen[table.name]
        named.append(table if times == 1 else replace(table, name=f"{table.name}-{times}", _hash=[]))
    return named


def _check_one_kind(tables: Sequence[Table]) -> None:
    kinds = {table.task == "regression" for table in tables}
    if len(kinds) > 1:
        listed = ", ".join(f"{table.name}: {table.task}" for table in tables)
        raise UserError(
            f"tables of different tasks have no metric in common ({listed})",
            where="data",
            fix="compare classes and values in separate runs",
        )


def _check_noise(config: CompareConfig, table: Table) -> None:
    if table.task == "regression" and any(config.label_noise):
        raise UserError(
            f"label noise needs classes, and {table.name} is a regression", where="label_noise", fix="use 0"
        )


def _check_served(config: CompareConfig, plans: Sequence[TablePlan]) -> None:
    """Raise `UserError` for a named loss that no table can use."""
    for i, entry in enumerate(config.losses or ()):
        whys = [left.why for table in plans for left in table.lineup.left_out if left.index == i]
        if len(whys) == len(plans):
            raise UserError(
                f"{entry.loss.name}: {whys[0]}", where=f"losses.{i}", fix="compare losses that serve the same task"
            )
