"""The checked plan of `train`: every mistake is found before anything is trained or written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.metrics import Metric, reported
from lossbench.catalog.plugins.resolve import find_metric
from lossbench.catalog.verdicts import Level, best_activation
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.train import TrainConfig
from lossbench.data.checks.split_caveats import split_caveats
from lossbench.data.load import load
from lossbench.data.splits.rows import Split
from lossbench.data.splits.scheme import holdout_of
from lossbench.data.table import Information, Table
from lossbench.engine.device import default_threads, resolve_device
from lossbench.engine.kernel.choice import Kernel, resolve_kernel
from lossbench.errors import UserError
from lossbench.experiments.setup.data_source import data_source
from lossbench.experiments.setup.metric_choice import auto_metric, check_metric, check_rows, lacking, metric_notes
from lossbench.experiments.setup.pair import Pair, resolve_pair
from lossbench.experiments.setup.pair_on_table import check_target, shape_of_target
from lossbench.experiments.setup.prepared_split import check_batch_size
from lossbench.experiments.setup.resolve import AUTO, check_names, folder_name, resolve_loss
from lossbench.experiments.setup.training_key import training_key


@dataclass(frozen=True)
class TrainPlan:
    """A checked `train`. `config` has no `auto` left in it: it is what the record keeps, and gives the same run again.

    `recommended` is trained beside a broken pair, for comparison; `notes` are decisions that the config left open.
    """

    config: TrainConfig
    table: Table
    pair: Pair
    metric: Metric
    splits: tuple[Split, ...]  # one, or one a seed
    device: torch.device
    threads: int
    kernel: Kernel
    recommended: Pair | None = None
    notes: tuple[str, ...] = ()

    @property
    def metrics(self) -> list[Metric]:
        """Those that are reported."""
        return reported(self.pair.task, primary=self.metric)

    @property
    def key(self) -> dict[str, Any]:
        """What its numbers depend on, as JSON holds it."""
        return training_key(
            self.config, self.table, self.pair, self.splits, self.device, self.metric.name, self.kernel.name
        )

    @property
    def seeds(self) -> range:
        """The members' seeds."""
        return range(self.config.seed, self.config.seed + self.config.seeds)


def plan_train(config: TrainConfig, table: Table | None = None) -> TrainPlan:
    """Resolve the names of a config and load its table (or take the one given).

    Raises `UserError` for whatever cannot be trained.
    """
    check_names(config)
    device = resolve_device(config.device)
    kernel = resolve_kernel(config.kernel, device, config.net.activation)
    table = load(data_source(config.data)) if table is None else table
    task = Task(table.task)
    classes = table.classes
    pair = resolve_pair(
        resolve_loss(config.loss, task),
        config.last_act,
        task,
        len(classes),
        class_weight=config.loss.class_weight,
        class_names=classes,
        target_weight=config.loss.target_weight,
        target_note=table.target_note,
        **shape_of_target(table),
    )
    check_target(pair, table)
    metric = _metric(config.metric, table, pair)
    first = config.split.seed
    if table.time is not None and config.split.per_seed:
        config = config.model_copy(update={"split": config.split.model_copy(update={"per_seed": False})})
        if config.seeds > 1:
            one = Information(f"rows in time have one split: the {config.seeds} seeds change the nets only")
            table = replace(table, notes=(*table.notes, one))
    seeds = range(first, first + config.seeds) if config.split.per_seed else [first]
    splits = tuple(holdout_of(table, config.split.test, config.split.validation, seed) for seed in seeds)
    for part in ("validation", "test"):
        check_rows(metric, min(len(getattr(split, part)) for split in splits), part)
    of_metric = metric_notes(config.metric, metric, table, [pair])
    table = replace(table, notes=(*table.notes, *split_caveats(table, splits[0].test), *of_metric))
    batch_size, notes = _batch_size(config, len(splits[0].train))
    plan = TrainPlan(
        config,
        table,
        pair,
        metric,
        splits,
        device,
        config.threads or default_threads(),
        kernel,
        _recommended(pair) if config.recommended else None,
        tuple(notes),
    )
    return replace(plan, config=_resolved(plan, batch_size))


def default_name(plan: TrainPlan) -> str:
    """`titanic-nll-logsoftmax`: what the run's folder is called where no name was given."""
    return folder_name(plan.table.name, plan.pair.loss.name, plan.pair.activation.name)


def _metric(name: str, table: Table, pair: Pair) -> Metric:
    if name == AUTO:
        return auto_metric(pair.task, [table.class_totals], [pair.loss], soft=table.soft is not None)
    metric = find_metric(name, where="metric")
    check_metric(metric, table)
    if why := lacking(metric, pair):
        raise UserError(f"{pair.name}: {why}", where="metric", fix="choose another metric")
    return metric


def _batch_size(config: TrainConfig, rows: int) -> tuple[int | None, list[str]]:
    """What was requested; a default that is larger than the rows takes all of them, and a note says so."""
    size = config.optim.batch_size
    if size is None or size <= rows:
        return size, []
    if "batch_size" in config.optim.model_fields_set:
        check_batch_size(size, rows, "training rows")
    return None, [f"the batch size, {size} by default, is more than the {rows} training rows: each step takes all"]


def _recommended(pair: Pair) -> Pair | None:
    """The pair that a broken one's verdict recommends; None for every other one."""
    if pair.verdict.level is not Level.BROKEN:
        return None
    return replace(pair, activation=best_activation(pair.loss, pair.task))


def _resolved(plan: TrainPlan, batch_size: int | None) -> TrainConfig:
    """The config with what every `auto`, default and short form in it came to."""
    config, loss = plan.config, plan.pair.loss
    known = loss.name in LOSSES
    return config.model_copy(
        update={
            "data": config.data.model_copy(update={"task": plan.table.task}),
            "loss": config.loss.model_copy(
                update={"name": loss.name if known else config.loss.name, "params": dict(loss.params)}
            ),
            "last_act": plan.pair.activation.name if plan.pair.activation.name in ACTIVATIONS else config.last_act,
            "optim": config.optim.model_copy(update={"batch_size": batch_size}),
            "metric": plan.metric.name if config.metric == AUTO else config.metric,
            "device": str(plan.device),
            "threads": plan.threads,
            "kernel": plan.kernel.name,
            "name": config.name or default_name(plan),
        }
    )
