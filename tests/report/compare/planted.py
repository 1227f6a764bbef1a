"""Records of comparisons that never ran, with planted differences: what reports are tested on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lossbench.experiments.compare.conditions import CONDITIONS
from lossbench.record import (
    CompareProtocol,
    CompareRecord,
    DataRecord,
    Diagnostics,
    LossRecord,
    LossResult,
    MemberRecord,
    MetricRecord,
    ObjectiveRecord,
    RangeRecord,
    ReliabilityRecord,
    SplitRecord,
    TrainProtocol,
    TrainRecord,
    VerdictRecord,
)
from lossbench.record.loss_profile import AXIS_TEXT, LossProfile, ProfileAxis

LRS = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]


@dataclass(frozen=True)
class Planted:
    """A loss whose score is the table's level plus `gain`, with `spread` over the splits of its own.

    Losses of one `group` have the spread, and the scores but for the gain, of the first of them.
    """

    label: str
    gain: float = 0.0
    spread: float = 0.004
    last_act: str = "logsoftmax"
    level: str = "ok"
    status: str = "ok"
    group: str = ""
    lr: float = 1e-3
    grid_edge: bool = False
    diverged: int = 0
    message: str = ""
    represents: tuple[str, ...] = ()
    diagnostics: Diagnostics = field(default_factory=Diagnostics)


CLASSIC = (
    Planted("cross_entropy", last_act="identity", group="log-likelihood"),
    Planted("nll", group="log-likelihood", spread=0.0),
    Planted("focal", gain=0.031, last_act="identity", spread=0.006),
    Planted("mse", gain=0.0005, last_act="softmax", spread=0.001),
    Planted("gce", gain=-0.004, last_act="softmax", spread=0.012, grid_edge=True, lr=3e-2),
    Planted("multi_margin", gain=-0.002, last_act="identity", spread=0.011),
    Planted("l1", gain=-0.034, last_act="softmax", spread=0.007, diverged=2),
    Planted(
        "nll",
        gain=-0.19,
        last_act="relu",
        level="broken",
        spread=0.002,
        diagnostics=Diagnostics(
            floor=0.0,
            members=25,
            members_below_floor=25,
            below_floor_from_epoch=2,
            final_train_loss=RangeRecord(min=-812.0, mean=-703.4, max=-650.0),
            dead_outputs=0.5,
            members_predicting_one_class=24,
        ),
    ),
    Planted("my_loss", status="failed", message="Traceback (most recent call last):\nValueError: shapes do not fit"),
)


def _profile(planted: Planted, axis: ProfileAxis) -> LossProfile:
    """A softplus on any axis, so that every picture of losses has something to draw."""
    x = np.linspace(0.1, 4, 40)
    return LossProfile(
        label=f"{planted.label} + {planted.last_act}",
        axis=axis,
        x=x.tolist(),
        value=np.log1p(np.exp(-x)).tolist(),
        gradient=(-1 / (1 + np.exp(x))).tolist(),
        curvature=(np.exp(x) / (1 + np.exp(x)) ** 2).tolist(),
    )


def planted_record(
    losses: tuple[Planted, ...] = CLASSIC,
    *,
    data: tuple[str, ...] = ("titanic",),
    noise: tuple[float, ...] = (0.0,),
    share: tuple[float, ...] = (1.0,),
    folds: int = 5,
    repeats: int = 5,
    metric: str = "accuracy",
    baseline: str = "cross_entropy",
    seed: int = 0,
    epochs: int = 40,
    ranks: bool = False,
    lrs: Sequence[float] = LRS,
) -> CompareRecord:
    """A record as a comparison leaves it; under "rmse" a gain lowers the error by ten times as much.

    `noise` and `share` are levels of label noise and of the training-set size: each costs every loss the same.
    """
    regression = metric == "rmse"
    tables = [_table(name, folds, repeats, regression) for name in data]
    requested = {"train_share": (share, 1.0), "label_noise": (noise, 0.0)}
    varied = {name: levels for name, (levels, clean) in requested.items() if set(levels) != {clean}}
    results = [
        _run(planted, i, losses, table, dict(condition), folds, repeats, metric, seed, epochs, lrs)
        for table in tables
        for condition in itertools.product(*([(name, level) for level in of] for name, of in varied.items()))
        for i, planted in enumerate(losses)
    ]
    return CompareRecord(
        name="titanic-9-losses",
        status="ok",
        command="lossbench compare-losses --data titanic",
        config={"kind": "compare-losses", "data": list(data), "metric": metric, "seed": seed, "lrs": list(lrs)},
        environment={"python": "3.13.5", "torch": "2.13.0", "device": "cpu", "threads": 2},
        data=tables,
        metrics=_metrics(regression),
        conditions=[
            condition.words.replace(levels=list(varied[condition.name]))
            for condition in CONDITIONS
            if condition.name in varied
        ],
        loss_profiles=[_profile(planted, axis) for planted in losses for axis in AXIS_TEXT],
        protocol=CompareProtocol(
            metric=metric,
            select_metric=metric,
            better="lower" if regression else "higher",
            folds=folds,
            repeats=repeats,
            lrs=list(lrs),
            trials=len(lrs),
            inner_folds=4,
            baseline=baseline,
            rope=0.01,
            alpha=0.05,
            ranks=ranks,
            scheme="repeated stratified k-fold",
            text=[
                f"{repeats} times {folds}-fold cross-validation, the same splits for every loss.",
                "The learning rate was chosen on inner folds by one loss-neutral metric.",
            ],
        ),
        results=results,
        timing={"total": 151.3},
    )


def _metrics(regression: bool) -> list[MetricRecord]:
    if regression:
        return [
            MetricRecord(name="rmse", better="lower", unit="target", low=0.0, rope="dummy_error"),
            MetricRecord(name="r2", better="higher", high=1.0),
        ]
    return [
        MetricRecord(
            name="accuracy", better="higher", low=0.0, high=1.0, formula="share of rows whose class was decided right"
        ),
        MetricRecord(
            name="log_loss", better="lower", low=0.0, rope="dummy_error", formula="-mean log p of the true class"
        ),
    ]


def _table(name: str, folds: int, repeats: int, regression: bool) -> DataRecord:
    return DataRecord(
        name=name,
        task="regression" if regression else "binary",
        rows=714,
        features=["Pclass", "Sex", "Age"],
        inputs=5,
        target="Survived",
        classes=[] if regression else ["died", "survived"],
        class_counts=[] if regression else [424, 290],
        sha256="0" * 64,
        split=SplitRecord(scheme="repeated stratified k-fold", folds=folds, repeats=repeats, seed=0),
    )


def _run(
    planted: Planted,
    index: int,
    losses: tuple[Planted, ...],
    table: DataRecord,
    condition: dict[str, float],
    folds: int,
    repeats: int,
    metric: str,
    seed: int,
    epochs: int,
    lrs: Sequence[float],
) -> LossResult:
    regression = metric == "rmse"
    common = np.random.default_rng([seed, len(table.name), sum(map(ord, table.name))])
    noise, share = condition.get("label_noise", 0.0), condition.get("train_share", 1.0)

    def generator(number: int) -> np.random.Generator:
        name = sum(map(ord, table.name))
        return np.random.default_rng([seed, name, number, int(100 * noise), *([int(100 * share)] if share < 1 else [])])

    own = generator(index)
    # what has the gradients of another loss is trained to the same scores
    first = next(
        i for i, other in enumerate(losses) if (other.group or other.label) == (planted.group or planted.label)
    )
    spread = losses[first].spread
    noise_J = (own if first == index else generator(first)).normal(0, spread, folds * repeats)
    level = common.uniform(0.75, 0.85) - 0.3 * noise - 0.1 * (1 - share)
    score = level + common.normal(0, 0.02, folds * repeats)
    score = score + planted.gain + noise_J
    members = []
    for j, value in enumerate(score if planted.status != "failed" else []):
        split = {"repeat": j // folds, "fold": j % folds}
        facts = {"temperature": 1.1, "grid_edge": planted.grid_edge, "n_train": round(571 * share), "n_test": 143}
        members += [_trial(j, split, lr, float(value), own, epochs) for lr in lrs]
        status = "diverged" if j < planted.diverged else "ok"
        for role, lr, loss in (("refit", planted.lr, 0.0), ("untuned", 1e-3, 0.004)):
            sound = {"accuracy": value - loss, "log_loss": 1.1 - 0.8 * value}
            members.append(
                MemberRecord(
                    seed=j,
                    lr=lr,
                    status=status if role == "refit" else "ok",
                    split=split,
                    role=role,
                    best_epoch=20,
                    epochs=20,
                    test={"rmse": 10 * (1.2 - value + loss), "r2": value} if regression else sound,
                    **facts,
                )
            )
    confidence = [(i + 0.5) / 15 for i in range(15)]
    return LossResult(
        name=f"{table.name} / {planted.label} + {planted.last_act}",
        data=table.name,
        loss=LossRecord(name=planted.label, label=planted.label, formula=f"the formula of {planted.label}"),
        last_act=planted.last_act,
        verdict=VerdictRecord(
            level=planted.level,
            why="The logarithm of a rectified number is no log-probability." if planted.level != "ok" else "They fit.",
            fix="Use logsoftmax." if planted.level != "ok" else "",
        ),
        status=planted.status,
        message=planted.message,
        outputs=2,
        condition=condition,
        realised=condition,
        members=members,
        objective=ObjectiveRecord(
            group=planted.group,
            represents=list(planted.represents),
            probes=1000 if planted.group else 0,
            reach=1e4 if planted.group else 0.0,
        ),
        diagnostics=planted.diagnostics,
        matrix={other.label: float(own.uniform(0.3, 0.9)) if i % 4 != 3 else None for i, other in enumerate(losses)},
        reliability=ReliabilityRecord(
            confidence=confidence,
            accuracy=[min(1.0, max(0.0, c + own.normal(0, 0.05))) if c > 0.5 else None for c in confidence],
            count=[int(own.integers(5, 90)) if c > 0.5 else 0 for c in confidence],
        ),
        dummy={"test": {"rmse": 8.0, "r2": 0.0} if regression else {"accuracy": 0.594, "log_loss": 0.675}},
        seconds=4.2,
    )


def _trial(
    seed: int, split: dict[str, int], lr: float, level: float, rng: np.random.Generator, epochs: int
) -> MemberRecord:
    epoch = np.arange(1, epochs + 1)
    pace = 1 - np.exp(-epoch * lr * 300)
    penalty = 0.02 * abs(np.log10(lr / 1e-3)) ** 2
    curve = 0.6 + (level - penalty - 0.6) * pace + rng.normal(0, 0.004, epochs)
    return MemberRecord(
        seed=seed, lr=lr, status="ok", split=split, role="trial", best_epoch=int(curve.argmax()) + 1, epochs=epochs,
        val={"accuracy": float(curve.max())},
        curves={"train_loss": [float(v) for v in 1.2 - curve], "val_score": [float(v) for v in curve]},
    )  # fmt: skip


def as_training(record: CompareRecord, *results: LossResult, warnings: tuple[str, ...] = ()) -> TrainRecord:
    """Runs of a comparison as those of a training."""
    return TrainRecord(
        name=record.name,
        status=record.status,
        data=record.data[0],
        metrics=record.metrics,
        protocol=TrainProtocol(metric=record.protocol.metric),
        results=list(results),
        warnings=list(warnings),
    )
