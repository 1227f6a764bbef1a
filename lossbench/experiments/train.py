"""`train`: one pair of loss and last activation on one table, one member a seed."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from lossbench.catalog.metrics import Metric, default_metric, suiting
from lossbench.catalog.plugins import find_metric
from lossbench.catalog.vocabulary import Task
from lossbench.config.schema import TrainConfig
from lossbench.data.load import load
from lossbench.data.split import Split, digest, holdout
from lossbench.data.table import Table
from lossbench.engine.device import default_threads, resolve_device
from lossbench.engine.problem import Member, Net, Problem, Training
from lossbench.engine.train import Outcome, Trained, train
from lossbench.errors import UserError
from lossbench.events import Event, RunEnded, RunStarted, Warned
from lossbench.experiments.environment import environment
from lossbench.experiments.evaluate import baseline_scores, mean_known, metric_record, predict, scores, validation_score
from lossbench.experiments.evidence import gather_evidence
from lossbench.experiments.folds import PreparedSplit, check_batch_size
from lossbench.experiments.names import AUTO, check_names, folder_name, resolve_loss
from lossbench.experiments.pairs import Pair, resolve_pair
from lossbench.experiments.shared import give_back, prepare_splits
from lossbench.experiments.sources import announced, data_record, data_source, repairs
from lossbench.record import MemberRecord, Record, RunRecord

PARTS = ("train", "validation", "test")
FIELDS = {"train": "train", "validation": "val", "test": "test"}  # a part's name in a member's record


@dataclass(frozen=True)
class TrainPlan:
    """A checked `train`: everything that can be wrong was found before the first epoch."""

    config: TrainConfig
    table: Table
    pair: Pair
    metric: Metric
    splits: tuple[Split, ...]  # one, or one a seed
    device: torch.device
    threads: int

    @property
    def seeds(self) -> range:
        """The members' seeds."""
        return range(self.config.seed, self.config.seed + self.config.seeds)


@dataclass(frozen=True)
class TrainResult:
    """The record, and what `weights.safetensors` is made of."""

    record: Record
    plan: TrainPlan
    trained: Trained
    splits: list[PreparedSplit]  # one a member


def plan_train(config: TrainConfig, table: Table | None = None) -> TrainPlan:
    """Resolve the names of a config and load its table (or take the one given).

    Raises `UserError` for whatever cannot be trained.
    """
    check_names(config)
    device = resolve_device(config.device)
    table = load(data_source(config.data)) if table is None else table
    task = Task(table.task)
    loss = resolve_loss(config.loss, task)
    pair = resolve_pair(loss, config.last_act, task, len(table.classes), told=table.target_told)
    metric = default_metric(task) if config.metric == AUTO else find_metric(config.metric, where="metric")
    if task not in metric.tasks:
        raise UserError(f"metric {metric.name} does not suit a {task} task", where="metric")
    first = config.split.seed
    seeds = range(first, first + config.seeds) if config.split.per_seed else [first]
    splits = tuple(
        holdout(table.target, table.task, config.split.test, config.split.validation, seed, table.groups, table.classes)
        for seed in seeds
    )
    check_batch_size(config.optim.batch_size, len(splits[0].train), "training rows")
    threads = config.threads or default_threads()
    return TrainPlan(config, table, pair, metric, splits, device, threads)


def run(plan: TrainPlan, *, stop: threading.Event, command: str = "") -> Generator[Event, None, TrainResult]:
    """Train every member, score it on every part, and gather the evidence."""
    config, table, pair = plan.config, plan.table, plan.pair
    began = time.perf_counter()
    name = f"{table.name} / {pair.name}"
    yield from announced(table.notes)
    if not pair.verdict.level.is_sound:
        yield Warned(pair.verdict.warning(pair.name))
    prepared = prepare_splits(table, [_rows(split) for split in plan.splits], data=config.data)
    yield from announced(prepared[0].preparation.notes)
    problem = _problem(plan, prepared)
    data = data_record(table, prepared[0].inputs, _split_facts(plan), prepared[0].preparation)
    if prepared[0].shared:  # a large table: nobody needs its columns any more
        table = replace(table, features=table.features.iloc[:0].copy())
        plan = replace(plan, table=table, splits=plan.splits[:1])
        give_back()
    ready = time.perf_counter()
    yield RunStarted(name, len(problem.members), config.optim.epochs, plan.metric.name, plan.metric.better)
    trained = yield from train(problem, run=name, device=str(plan.device), threads=plan.threads, stop=stop)
    fitted = time.perf_counter()
    splits = [prepared[member.fold] for member in problem.members]
    run_record = _run_record(plan, name, trained, prepared, splits)
    scored = time.perf_counter()
    run_record.seconds = fitted - ready
    yield RunEnded(name, run_record.status, fitted - ready)
    record = Record(
        kind="train",
        name=config.name or default_name(plan),
        status=run_record.status,
        command=command,
        config=config.model_dump(mode="json"),
        environment=environment(plan.device, plan.threads),
        data=data,
        verdict=pair.verdict_record(),
        metrics=[metric_record(m) for m in suiting(pair.task)],
        protocol={"metric": plan.metric.name, "keep": config.early_stopping.keep},
        runs=[run_record],
        warnings=repairs((*table.notes, *prepared[0].preparation.notes)),
        timing={"prepare": ready - began, "train": fitted - ready, "score": scored - fitted, "total": scored - began},
    )
    return TrainResult(record, plan, trained, splits)


def default_name(plan: TrainPlan) -> str:
    """`titanic-nll-logsoftmax`: what the run's folder is called where no name was given."""
    return folder_name(plan.table.name, plan.pair.loss.name, plan.pair.activation.name)


def _rows(split: Split) -> dict[str, np.ndarray]:
    return {"train": split.train, "validation": split.validation, "test": split.test}


def _split_facts(plan: TrainPlan) -> dict[str, object]:
    split, first = plan.splits[0], plan.config.split.seed
    return {
        "scheme": "stratified holdout" if plan.pair.task.is_classification else "holdout",
        "train": len(split.train),
        "validation": len(split.validation),
        "test": len(split.test),
        "seed": first,
        "per_seed": plan.config.split.per_seed,
        "sha256": [digest(split) for split in plan.splits],
    }


def _problem(plan: TrainPlan, prepared: Sequence[PreparedSplit]) -> Problem:
    config, optim = plan.config, plan.config.optim
    per_seed = len(prepared) > 1
    members = tuple(
        Member(
            seed=seed,
            fold=i if per_seed else 0,
            lr=optim.lr,
            l1=config.penalty.l1,
            l2=config.penalty.l2,
            weight_decay=optim.weight_decay,
            momentum=optim.momentum,
        )
        for i, seed in enumerate(plan.seeds)
    )
    return Problem(
        net=Net(prepared[0].inputs, tuple(config.net.hidden), plan.pair.outputs, config.net.activation),
        folds=tuple(split.fold(plan.pair, config.loss.class_weight) for split in prepared),
        members=members,
        objectives=(plan.pair.objective,),
        training=Training(
            epochs=optim.epochs,
            batch_size=optim.batch_size,
            optimizer=optim.name,
            schedule=optim.schedule,
            patience=config.early_stopping.patience,
            min_delta=config.early_stopping.min_delta,
            keep=config.early_stopping.keep,
        ),
        score=validation_score(plan.metric, [plan.pair], prepared),
        better=plan.metric.better,
    )


def _run_record(
    plan: TrainPlan, name: str, trained: Trained, prepared: Sequence[PreparedSplit], splits: Sequence[PreparedSplit]
) -> RunRecord:
    pair = plan.pair
    parts = [part for part in PARTS if part in prepared[0].x_ND]
    outputs = {part: trained.outputs([split.rows(part) for split in prepared]) for part in parts}
    members = []
    for i, outcome in enumerate(trained.members):
        by_part = {FIELDS[part]: scores(pair, outputs[part][i], splits[i], part) for part in parts}
        members.append(_member_record(plan, i, outcome, by_part))
    last = parts[-1]
    labels = (
        [predict(pair, out[None], [split]).label_PN[0] for out, split in zip(outputs[last], splits, strict=True)]
        if pair.task.is_classification
        else []
    )
    baselines = [{part: baseline_scores(split, pair, part) for part in parts} for split in prepared]
    statuses = {outcome.status for outcome in trained.members}
    return RunRecord(
        name=name,
        data=plan.table.name,
        loss=pair.loss_record(),
        last_act=pair.activation.name,
        verdict=pair.verdict_record(),
        status="interrupted" if "interrupted" in statuses else "diverged" if statuses == {"diverged"} else "ok",
        outputs=pair.outputs,
        members=members,
        evidence=gather_evidence(pair, [o.train_loss for o in trained.members], outputs[last], labels),
        baseline={
            FIELDS[part]: {m: mean_known([b[part][m] for b in baselines]) for m in baselines[0][part]} for part in parts
        },
    )


def _member_record(
    plan: TrainPlan, i: int, outcome: Outcome, by_part: dict[str, dict[str, float | None]]
) -> MemberRecord:
    config = plan.config
    curves = {"train_loss": outcome.train_loss, "val_loss": outcome.val_loss, "val_score": outcome.val_score}
    return MemberRecord(
        seed=plan.seeds[i],
        lr=config.optim.lr,
        status=outcome.status,
        split={"seed": config.split.seed + i if config.split.per_seed else config.split.seed},
        penalty={"l1": config.penalty.l1, "l2": config.penalty.l2},
        best_epoch=outcome.best_epoch,
        epochs=outcome.epochs,
        curves={key: [float(v) for v in curve] for key, curve in curves.items()},
        **by_part,
    )
