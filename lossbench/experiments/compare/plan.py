"""The checked plan of `compare-losses`: tables, splits, candidates, number of nets, protocol."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from lossbench.catalog.metrics import Metric, reported
from lossbench.catalog.vocabulary import Task
from lossbench.components.optimizers import OPTIMIZERS
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.data import DataConfig
from lossbench.data.checks.split_caveats import split_caveats
from lossbench.data.load import load
from lossbench.data.splits.rows import InnerFold, OuterFold
from lossbench.data.splits.scheme import folds_of, inner_folds_of
from lossbench.data.table import Table
from lossbench.engine.device import default_threads, resolve_device
from lossbench.engine.kernel.choice import Kernel, resolve_kernel
from lossbench.errors import UserError
from lossbench.experiments.compare.baseline import find_baseline
from lossbench.experiments.compare.candidates import (
    Candidate,
    Excluded,
    Selection,
    select_candidates,
)
from lossbench.experiments.compare.conditions import checked_conditions, grid, setting_name
from lossbench.experiments.compare.objectives import Probed
from lossbench.experiments.compare.protocol import SearchSpace, describe, primary_metric, selection_metric
from lossbench.experiments.compare.setting import changed_folds
from lossbench.experiments.compare.tuning.trials import budget, trained, tuned, tunes_params
from lossbench.experiments.compare.user_losses import UserLosses
from lossbench.experiments.setup.data_source import data_source
from lossbench.experiments.setup.metric_choice import AUTO, check_rows, lacking, metric_notes
from lossbench.experiments.setup.prepared_split import check_batch_size
from lossbench.experiments.setup.resolve import are_named, folder_name
from lossbench.experiments.setup.suites import expand
from lossbench.record import CompareProtocol


@dataclass(frozen=True)
class TablePlan:
    """One table: how it is split, and the candidates on it."""

    data: DataConfig
    table: Table
    folds: tuple[OuterFold, ...]
    pairs: tuple[InnerFold, ...]
    selection: Selection


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
    kernel: Kernel

    @property
    def metrics(self) -> list[Metric]:
        """Those that are reported."""
        return reported(*(Task(entry.table.task) for entry in self.tables), primary=self.metric)

    @property
    def evaluations(self) -> int:
        """How many evaluations there will be: tables x losses x settings."""
        return sum(len(t.selection.candidates) for t in self.tables) * len(self.grid)

    @property
    def grid(self) -> list[dict[str, float]]:
        """Every combination of the conditions' levels."""
        return grid(self.config)

    @property
    def candidates(self) -> list[Candidate]:
        """Those of all tables."""
        return [candidate for entry in self.tables for candidate in entry.selection.candidates]

    @property
    def trials(self) -> int:
        """How many nets each loss may choose from on each split."""
        return budget(self.config)

    @property
    def space(self) -> SearchSpace:
        """What each loss may choose from on each split."""
        return SearchSpace(self.trials, tunes_params(self.config), tuned(self.candidates))

    @property
    def protocol(self) -> CompareProtocol:
        """What is declared before anything is trained, as the record keeps it."""
        return describe(self.config, self.tables[0].table, self.metric, self.select, self.baseline, self.space)

    def members(self, table: TablePlan) -> int:
        """How many nets one loss trains on a table, at most: trials, refits and untuned ones of every split."""
        return len(table.pairs) * trained(self.config, self.trials) + 2 * len(table.folds)

    def steps(self, table: Table, folds: Sequence[OuterFold]) -> int:
        """How many steps of one net one loss trains on these folds of a table, if every net trains all its epochs."""
        tries = trained(self.config, self.trials)
        pairs = inner_folds_of(table, folds, self.config.inner_folds)
        tuning = sum(tries * self.steps_of_epoch(len(pair.train)) for pair in pairs)
        return self.config.optim.epochs * (tuning + 2 * sum(self.steps_of_epoch(len(fold.train)) for fold in folds))

    def steps_of_epoch(self, rows: int) -> int:
        """Steps of one epoch over so many rows."""
        size = self.config.optim.batch_size
        return 1 if size is None else math.ceil(rows / size)


def plan(config: CompareConfig, given: Sequence[Table | None] = ()) -> ComparePlan:
    """Resolve a config's names, load its tables (or take those given) and split their rows.

    Raises `UserError` for whatever is wrong.
    """
    device = resolve_device(config.device)
    if not config.lrs:
        raise UserError("no learning rate to choose from", where="lrs", fix="give at least one")
    named = expand(config.data, given)
    config = config.model_copy(update={"data": [data for data, _ in named]})
    tables = [table if table is not None else load(data_source(data, config.data)) for data, table in named]
    tables = _distinct_names(tables)
    config = _once_in_time(config, tables)
    kernel = resolve_kernel(config.kernel, device, config.net.activation)
    config = config.model_copy(update={"kernel": kernel.name})
    config = checked_conditions(config, tables)
    _check_one_kind(tables)
    if config.metric != AUTO:
        primary_metric(config.metric, tables)
    tune_params, up_to_scale = tunes_params(config), _is_blind_to_scale(config)
    plans, probed, user_losses = [], Probed(), UserLosses(isolate=config.isolate)
    for data, table in zip(config.data, tables, strict=True):
        selection = select_candidates(
            config.losses,
            table,
            added=config.losses_add or (),
            tune_params=tune_params,
            up_to_scale=up_to_scale,
            user_losses=user_losses,
            probed=probed,
        )
        folds = _split(config, table, several=len(tables) > 1)
        for levels, changed in zip(grid(config), folds_by_setting(config, table, folds), strict=True):
            rows = min(len(pair.train) for pair in inner_folds_of(table, changed, config.inner_folds))
            where = setting_name(table.name, levels)
            check_batch_size(config.optim.batch_size, rows, f"inner training rows of {where}")
        table = replace(table, notes=(*table.notes, *split_caveats(table, folds[0].test)))  # noqa: PLW2901
        pairs = inner_folds_of(table, folds, config.inner_folds)
        plans.append(TablePlan(data, table, tuple(folds), tuple(pairs), selection))
    _check_served(config, plans)
    is_named = are_named(config.losses)
    losses = [c.pair.loss for entry in plans for c in entry.selection.candidates] if is_named else []
    metric = primary_metric(config.metric, tables, losses)
    plans = [_scored(config, metric, entry) for entry in plans]
    _check_several(plans)
    baselines = {find_baseline(config.baseline, entry.selection, Task(entry.table.task)) for entry in plans}
    if len(baselines) > 1:
        raise UserError(
            f"no loss is the baseline on every table (found {', '.join(sorted(baselines))})",
            where="baseline",
            fix="name one that supports all of them",
        )
    threads = config.threads or default_threads()
    select = selection_metric(config.select_by, metric, tables)
    for entry in plans:
        check_rows(metric, min(len(fold.test) for fold in entry.folds), "test")
        check_rows(select, min(len(part) for pair in entry.pairs for part in pair.validation), "inner validation")
    return ComparePlan(config, tuple(plans), metric, select, baselines.pop(), device, threads, kernel)


def _scored(config: CompareConfig, metric: Metric, entry: TablePlan) -> TablePlan:
    """The plan without the losses whose predictions the metric cannot score, and with what is to be known of it.

    Raises `UserError` for such a loss that was named.
    """
    candidates, excluded = [], list(entry.selection.excluded)
    for candidate in entry.selection.candidates:
        if why := lacking(metric, candidate.pair, calibrated=True):
            excluded.append(Excluded(candidate.full_name, why))
        else:
            candidates.append(candidate)
    if are_named(config.losses) and len(candidates) < len(entry.selection.candidates):
        fix = "choose another metric, or leave the loss out"
        raise UserError(f"{excluded[-1].name}: {excluded[-1].why}", where="metric", fix=fix)
    notes = metric_notes(config.metric, metric, entry.table, [candidate.pair for candidate in candidates])
    table = replace(entry.table, notes=(*entry.table.notes, *notes))
    return replace(entry, table=table, selection=Selection(tuple(candidates), tuple(excluded)))


def folds_by_setting(config: CompareConfig, table: Table, folds: Sequence[OuterFold]) -> list[list[OuterFold]]:
    """A table's folds under every combination of the conditions' levels; `UserError` for one that leaves too little."""
    return [changed_folds(table, folds, seed=config.seed, condition=levels) for levels in grid(config)]


def default_name(plan: ComparePlan) -> str:
    """`compare-titanic-wine`: what the run's folder is called where no name was given."""
    names = [entry.table.name for entry in plan.tables]
    return folder_name("compare", *names[:3], *([f"and-{len(names) - 3}-more"] if len(names) > 3 else []))


def _is_blind_to_scale(config: CompareConfig) -> bool:
    """Whether a multiple of an objective is the same one, at another learning rate at most: a penalty is not multiplied
    with it, nor is a weight decay that is added to the gradient."""
    decays = config.optim.weight_decay > 0 and not OPTIMIZERS.get(config.optim.name).decoupled
    return not (any(config.penalty.split()) or decays)


def _once_in_time(config: CompareConfig, tables: Sequence[Table]) -> CompareConfig:
    """Windows in time have one order: they are not repeated, whatever the default; to request it is an error."""
    if config.repeats == 1 or all(table.time is None for table in tables):
        return config
    if "repeats" in config.model_fields_set:
        fix = "choose repeats 1, and more folds for more windows"
        raise UserError(f"windows in time cannot be repeated {config.repeats} times", where="repeats", fix=fix)
    return config.model_copy(update={"repeats": 1})


def _split(config: CompareConfig, table: Table, *, several: bool) -> list[OuterFold]:
    """A table's splits; where there are several tables, what is wrong with one is said with its name."""
    try:
        return folds_of(table, config.folds, config.repeats, config.seed)
    except UserError as problem:
        raise (problem.at(table.name) if several else problem) from None


def _check_several(plans: Sequence[TablePlan]) -> None:
    """Raise `UserError` where no table has two losses to compare."""
    if all(len(entry.selection.candidates) < 2 for entry in plans):
        alone = plans[0].selection.candidates[0].full_name
        raise UserError(
            f"{alone} is the only loss of its kind: nothing to compare it with",
            where="losses",
            fix="name another loss, or none for all of them",
        )


def _distinct_names(tables: Sequence[Table]) -> list[Table]:
    """Tables of one name (two files called data.csv) get numbers: results are found by the name."""
    seen: Counter[str] = Counter()
    named = []
    for table in tables:
        seen[table.name] += 1
        times = seen[table.name]
        named.append(table if times == 1 else replace(table, name=f"{table.name}-{times}"))
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


def _check_served(config: CompareConfig, plans: Sequence[TablePlan]) -> None:
    """Raise `UserError` for a named loss that no table can use."""
    first = len(config.losses or ())
    for i, entry in enumerate([*(config.losses or ()), *(config.losses_add or ())]):
        whys = [left.why for table in plans for left in table.selection.excluded if left.index == i]
        if len(whys) == len(plans):
            raise UserError(
                f"{entry.loss.name}: {whys[0]}",
                where=f"losses.{i}" if i < first else f"losses_add.{i - first}",
                fix="compare losses that support the same task",
            )
