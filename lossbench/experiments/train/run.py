"""`train`: one pair of loss and last activation on one table, one member a seed."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lossbench.catalog.plugins.faults import comes_from, fault
from lossbench.catalog.plugins.resolve import loss_file
from lossbench.data.splits.rows import Split, digest
from lossbench.data.splits.scheme import scheme
from lossbench.engine.problem import Member, Problem, Training
from lossbench.engine.training.train import Outcome, Trained, train
from lossbench.errors import FAULTS, UserError
from lossbench.events import Emit, EvaluationEnded, EvaluationLabel, EvaluationStarted, Stopped, Warned, ignore, never
from lossbench.experiments.scoring.diagnostics import diagnose
from lossbench.experiments.scoring.scores import (
    mean_known,
    metric_record,
    predict,
    score_dummy,
    scores,
    scores_by_target,
    validation_score,
)
from lossbench.experiments.setup.data_source import announce, data_record, repairs
from lossbench.experiments.setup.environment import environment
from lossbench.experiments.setup.net import net_for
from lossbench.experiments.setup.pair import Pair
from lossbench.experiments.setup.prepared_split import PreparedSplit
from lossbench.experiments.setup.shared_table import give_back, prepare_splits
from lossbench.experiments.train.checkpoints import CheckpointFolder
from lossbench.experiments.train.plan import TrainPlan, default_name
from lossbench.record import LossResult, MemberRecord, Scores, SplitRecord, TrainProtocol, TrainRecord

PARTS = ("train", "validation", "test")
FIELDS = {"train": "train", "validation": "val", "test": "test"}  # a part's name in a member's record
REQUESTED = "requested"
RECOMMENDED = "recommended"  # the role of nets that are trained beside those requested, for comparison


@dataclass(frozen=True)
class TrainResult:
    """The record, and what `weights.safetensors` is made of."""

    record: TrainRecord
    plan: TrainPlan
    trained: Trained
    splits: list[PreparedSplit]  # one a member


def run(
    plan: TrainPlan,
    *,
    emit: Emit = ignore,
    stopped: Stopped = never,
    command: str = "",
    checkpoints: Path | None = None,
) -> TrainResult:
    """Train every member, score it on every part, and gather the evidence.

    The requested pair comes first; where one is recommended instead of it, that is the second run, of the same
    seeds on the same splits. It keeps checkpoints in the folder `checkpoints` and resumes from those of the same key,
    to the same bits as a run that was never stopped. Raises `UserError` where another training's are there.
    """
    config, table, pair = plan.config, plan.table, plan.pair
    stores = _stores(plan, checkpoints, emit)
    began = time.perf_counter()
    messages = [*plan.notes, *pair.warnings()]
    announce(table.notes, emit)
    for note in messages:
        emit(Warned(note))
    prepared = prepare_splits(table, [_rows(split) for split in plan.splits], data=config.data)
    announce(prepared[0].preparation.notes, emit)
    warnings = [*messages, *repairs((*table.notes, *prepared[0].preparation.notes))]
    data = data_record(table, prepared[0].inputs, _split_facts(plan), prepared[0].preparation)
    if prepared[0].shared:  # a large table: its columns are not needed any more
        table = replace(table, features=table.features.iloc[:0].copy())
        plan = replace(plan, table=table, splits=plan.splits[:1])
        give_back()
    ready = time.perf_counter()
    requested = _run(plan, pair, prepared, emit, stopped, stores.get(REQUESTED))
    runs = [requested]
    if plan.recommended is not None and not stopped():
        runs.append(_run(plan, plan.recommended, prepared, emit, stopped, stores.get(RECOMMENDED), role=RECOMMENDED))
    ended, fitted = time.perf_counter(), sum(one.record.seconds or 0.0 for one in runs)
    interrupted = any(one.record.status == "interrupted" for one in runs)
    interrupted |= plan.recommended is not None and len(runs) == 1
    record = TrainRecord(
        name=config.name or default_name(plan),
        status="interrupted" if interrupted else requested.record.status,
        command=command,
        config=config.model_dump(mode="json"),
        environment=environment(plan.device, plan.threads, plan.kernel),
        data=data,
        verdict=pair.verdict_record(),
        metrics=[metric_record(m) for m in plan.metrics],
        protocol=TrainProtocol(metric=plan.metric.name, keep=config.early_stopping.keep),
        results=[one.record for one in runs],
        timing={"prepare": ready - began, "train": fitted, "score": ended - ready - fitted, "total": ended - began},
        warnings=warnings,
    )
    return TrainResult(record, plan, requested.trained, requested.splits)


@dataclass(frozen=True)
class _Run:
    record: LossResult
    trained: Trained
    splits: list[PreparedSplit]  # one a member


def _stores(plan: TrainPlan, folder: Path | None, emit: Emit) -> dict[str, CheckpointFolder]:
    """Where the checkpoints of the pairs are kept."""
    if folder is None:
        return {}
    key = plan.key
    return {pair: CheckpointFolder(folder / pair, {**key, "pair": pair}, emit) for pair in (REQUESTED, RECOMMENDED)}


def _run(
    plan: TrainPlan,
    pair: Pair,
    prepared: Sequence[PreparedSplit],
    emit: Emit,
    stopped: Stopped,
    store: CheckpointFolder | None,
    role: str = "",
) -> _Run:
    """Train one pair on every split."""
    label = EvaluationLabel(plan.table.name, pair.label, pair.activation.name)
    name = str(label)
    problem = _problem(plan, pair, prepared)
    began = time.perf_counter()
    emit(
        EvaluationStarted(
            name, len(problem.members), problem.training.epochs, plan.metric.name, plan.metric.better, label=label
        )
    )
    try:
        trained = train(
            problem,
            evaluation=name,
            emit=emit,
            stopped=stopped,
            device=str(plan.device),
            threads=plan.threads,
            checkpoints=store,
        )
    except FAULTS as raised:  # such as of a user's own derivative, which is called by torch
        if isinstance(raised, UserError) or not comes_from(loss_file(pair.loss), raised):
            raise
        raise fault(raised, file=loss_file(pair.loss), where=pair.objective.place) from raised
    seconds = time.perf_counter() - began + (store.seconds if store else 0.0)
    splits = [prepared[member.fold] for member in problem.members]
    record = _run_record(plan, pair, name, trained, prepared, splits, role)
    record.seconds = seconds
    emit(EvaluationEnded(name, record.status, seconds))
    return _Run(record, trained, splits)


def _rows(split: Split) -> dict[str, np.ndarray]:
    return {"train": split.train, "validation": split.validation, "test": split.test}


def _split_facts(plan: TrainPlan) -> SplitRecord:
    split, first = plan.splits[0], plan.config.split.seed
    return SplitRecord(
        scheme=scheme(plan.table, "holdout"),
        train=len(split.train),
        validation=len(split.validation),
        test=len(split.test),
        seed=first,
        per_seed=plan.config.split.per_seed,
        sha256=[digest(split) for split in plan.splits],
    )


def _problem(plan: TrainPlan, pair: Pair, prepared: Sequence[PreparedSplit]) -> Problem:
    config, optim = plan.config, plan.config.optim
    l1, l2 = config.penalty.split()
    per_seed = len(prepared) > 1
    members = tuple(
        Member(
            seed=seed,
            fold=i if per_seed else 0,
            lr=optim.lr,
            l1=l1,
            l2=l2,
            weight_decay=optim.weight_decay,
            momentum=optim.momentum,
        )
        for i, seed in enumerate(plan.seeds)
    )
    return Problem(
        net=net_for(config.net, prepared[0].inputs, pair),
        folds=tuple(split.fold(pair) for split in prepared),
        members=members,
        objectives=(pair.objective,),
        training=Training(
            epochs=optim.epochs,
            batch_size=optim.batch_size,
            optimizer=optim.name,
            schedule=optim.schedule,
            patience=config.early_stopping.patience,
            min_delta=config.early_stopping.min_delta,
            keep=config.early_stopping.keep,
            kernel=plan.kernel.name,
        ),
        score=validation_score(plan.metric, [pair], prepared, unmeasured=math.nan),
        better=plan.metric.better,
    )


def _run_record(
    plan: TrainPlan,
    pair: Pair,
    name: str,
    trained: Trained,
    prepared: Sequence[PreparedSplit],
    splits: Sequence[PreparedSplit],
    role: str,
) -> LossResult:
    parts = [part for part in PARTS if part in prepared[0].x_ND]
    scored: dict[str, list[Scores]] = {}
    for part in parts:  # one after another: only the last one's outputs are looked at again
        outputs = trained.outputs([split.rows(part) for split in prepared])
        scored[FIELDS[part]] = [
            scores(pair, out, split, part, plan.metrics) for out, split in zip(outputs, splits, strict=True)
        ]
    weights = [_weights_of(plan, pair, split) for split in splits]
    members = [
        _member_record(plan, i, outcome, {k: of[i] for k, of in scored.items()}, role, weights[i])
        for i, outcome in enumerate(trained.members)
    ]
    if plan.table.targets and parts[-1] == "test":
        for member, out, split in zip(members, outputs, splits, strict=True):
            each = scores_by_target(predict(pair, out[None], [split]), split, "test", plan.metrics)
            member.test_by_target = dict(zip(plan.table.targets, each, strict=True))
    labels = (
        [predict(pair, out[None], [split]).label_PN[0] for out, split in zip(outputs, splits, strict=True)]
        if pair.task.is_classification
        else []
    )
    dummies = [{part: score_dummy(split, pair.classes, part, plan.metrics) for part in parts} for split in prepared]
    statuses = {outcome.status for outcome in trained.members}
    return LossResult(
        name=name,
        data=plan.table.name,
        loss=pair.loss_record(),
        last_act=pair.activation.name,
        verdict=pair.verdict_record(),
        status="interrupted" if "interrupted" in statuses else "diverged" if statuses == {"diverged"} else "ok",
        outputs=pair.outputs,
        members=members,
        diagnostics=diagnose(pair, [o.train_loss for o in trained.members], outputs, labels),
        dummy={
            FIELDS[part]: {m: mean_known([d[part][m] for d in dummies]) for m in dummies[0][part]} for part in parts
        },
    )


def _weights_of(plan: TrainPlan, pair: Pair, split: PreparedSplit) -> dict[str, float]:
    """What a training sample of each class counted; empty where all counted alike."""
    weights = split.class_weights(pair)
    return {} if weights is None else dict(zip(plan.table.classes, weights, strict=True))


def _member_record(
    plan: TrainPlan,
    i: int,
    outcome: Outcome,
    by_part: dict[str, dict[str, float | None]],
    role: str,
    class_weights: dict[str, float],
) -> MemberRecord:
    config = plan.config
    curves = {"train_loss": outcome.train_loss, "val_loss": outcome.val_loss, "val_score": outcome.val_score}
    if outcome.status == "diverged" and (config.early_stopping.keep == "last" or outcome.best_epoch is None):
        # What is left are weights from after the end: their outputs, finite or not, are not predictions.
        by_part = {part: dict.fromkeys(values) for part, values in by_part.items()}
    return MemberRecord(
        seed=plan.seeds[i],
        lr=config.optim.lr,
        status=outcome.status,
        split={"seed": config.split.seed + i if config.split.per_seed else config.split.seed},
        penalty=dict(zip(("l1", "l2"), config.penalty.split(), strict=True)),
        role=role,
        best_epoch=outcome.best_epoch,
        epochs=outcome.epochs,
        curves={key: [float(v) for v in curve] for key, curve in curves.items()},
        class_weights=class_weights,
        **by_part,
    )
