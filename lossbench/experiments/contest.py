"""One loss in an arena: tune on every split, train again with what was chosen, judge on the test parts.

Members of a run: "trial" (split x learning rate), "refit" (the chosen learning rate and epochs, on the whole outer
training part), "untuned" (the default learning rate, with the epochs that its own trial asks for).
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from lossbench.catalog.metrics import Metric
from lossbench.config.schema import CompareConfig
from lossbench.engine.train import Outcome, Trained, train
from lossbench.events import Event, RunEnded, RunStarted
from lossbench.experiments.design import Arena
from lossbench.experiments.evaluate import baseline_scores
from lossbench.experiments.evidence import gather_evidence
from lossbench.experiments.judging import Judged, judge_nets, reliability, temperatures, worst_scores
from lossbench.experiments.lineup import Contender
from lossbench.experiments.tuning import Choice, choose, refits, trial_rates, trials, untuned
from lossbench.record import MemberRecord, RunRecord

DIGITS = 6  # of a curve's numbers: single precision has seven


@dataclass(frozen=True)
class Settings:
    """What holds for every contest of a comparison."""

    config: CompareConfig
    select: Metric
    device: torch.device
    threads: int
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Contest:
    """A contender in an arena, and what came of it; `judged` are its refits, one a split (empty unless all ended)."""

    contender: Contender
    run: RunRecord
    judged: Sequence[Judged] = ()


def contest_name(arena: Arena, contender: Contender) -> str:
    """`titanic / nll + logsoftmax`, with the label noise where there is some."""
    noise = f" ({arena.noise:g} label noise)" if arena.noise else ""
    return f"{arena.table.name} / {contender.full_name}{noise}"


def compete(settings: Settings, arena: Arena, contender: Contender) -> Generator[Event, None, Contest]:
    """Tune, refit and judge one contender.

    Whatever its loss raises ends this contest only: the run is "failed", has the traceback, and scores the worst there
    is on every split.
    """
    name = contest_name(arena, contender)
    began = time.perf_counter()
    run = _opened(arena, contender, name)
    judged: Sequence[Judged] = ()
    try:
        judged = yield from _fill(run, settings, arena, contender)
    except Exception as problem:  # a loss is anyone's code
        run.status, run.message = "failed", f"{type(problem).__name__}: {problem}"
        run.evidence["traceback"] = "".join(traceback.format_exception(problem))
        run.members = [m for m in run.members if m.role == "trial"] + _failed_members(arena, contender)
    run.seconds = time.perf_counter() - began
    yield RunEnded(name, run.status, run.seconds, run.message)
    return Contest(contender, run, judged)


def _opened(arena: Arena, contender: Contender, name: str) -> RunRecord:
    pair = contender.pair
    dummies = [baseline_scores(split, pair, "test") for split in arena.outer]
    evidence: dict[str, object] = {}
    if contender.group:
        evidence["objective_group"] = contender.group
    if contender.stands_for:
        evidence["stands_for"] = list(contender.stands_for)
    return RunRecord(
        name=name,
        data=arena.table.name,
        loss=contender.loss_record(),
        last_act=pair.activation.name,
        verdict=pair.verdict_record(),
        status="ok",
        outputs=pair.outputs,
        conditions={"label_noise": arena.noise, "realised": arena.realised},
        evidence=evidence,
        baseline={"test": {key: _mean([dummy[key] for dummy in dummies]) for key in dummies[0]}},
    )


def _fill(
    run: RunRecord, settings: Settings, arena: Arena, contender: Contender
) -> Generator[Event, None, Sequence[Judged]]:
    """Train and judge; the run's members, evidence and status are filled in as far as it gets."""
    config = settings.config
    tune = trials(config, arena, contender, settings.select)
    yield _started(run, settings, len(tune.members), "tune")
    tuned = yield from train(
        tune, run=run.name, device=str(settings.device), threads=settings.threads, stop=settings.stop
    )
    choices, defaults = choose(config, tuned.members, settings.select.better), untuned(config, tuned.members)
    run.members = _trial_records(settings, arena, tuned, choices)
    if _any_interrupted(tuned.members):
        run.status = "interrupted"
        return ()
    # A default that was also chosen is the same net: it is trained once and counts twice.
    nets = dict.fromkeys((choice.split, choice.lr, choice.epochs) for choice in [*choices, *defaults])
    problem = refits(config, arena, contender, list(nets))
    yield _started(run, settings, len(problem.members), "refit")
    trained = yield from train(
        problem, run=run.name, device=str(settings.device), threads=settings.threads, stop=settings.stop
    )
    place = {net: i for i, net in enumerate(nets)}
    outputs = trained.outputs([split.x_ND["test"] for split in arena.outer])
    validation = tuned.outputs([split.x_ND["validation"] for split in arena.inner])
    by_role: dict[str, list[Judged]] = {}
    for role, chosen in (("refit", choices), ("untuned", defaults)):
        own = [place[c.split, c.lr, c.epochs] for c in chosen]
        heat = None
        if contender.pair.task.is_classification:
            heat = temperatures(contender.pair, [validation[c.trial] for c in chosen], arena.inner)
        judged = judge_nets(contender.pair, [outputs[i] for i in own], arena.outer, heat)
        outcomes = [trained.members[i] for i in own]
        run.members += _judged_records(settings, arena, contender, role, chosen, outcomes, judged)
        by_role[role] = judged
        if role == "refit":
            _gather(run, arena, contender, outcomes, [outputs[i] for i in own], judged)
    if _any_interrupted(trained.members):
        run.status = "interrupted"
        return ()
    if all(outcome.status == "diverged" for outcome in trained.members):
        run.status = "diverged"
    return by_role["refit"]


def _started(run: RunRecord, settings: Settings, members: int, stage: str) -> RunStarted:
    metric = settings.select
    return RunStarted(run.name, members, settings.config.optim.epochs, metric.name, metric.better, stage)


def _any_interrupted(outcomes: Sequence[Outcome]) -> bool:
    return any(outcome.status == "interrupted" for outcome in outcomes)


def _gather(
    run: RunRecord,
    arena: Arena,
    contender: Contender,
    outcomes: Sequence[Outcome],
    outputs: Sequence[torch.Tensor],
    judged: Sequence[Judged],
) -> None:
    done = [i for i, outcome in enumerate(outcomes) if outcome.status != "interrupted"]
    labels = [label for i in done if (label := judged[i].label_N) is not None]
    curves = [outcomes[i].train_loss for i in done]
    run.evidence |= gather_evidence(contender.pair, curves, [outputs[i] for i in done], labels)
    if contender.pair.task.is_classification:
        run.evidence["reliability"] = reliability([judged[i] for i in done], [arena.outer[i] for i in done])


def _trial_records(settings: Settings, arena: Arena, tuned: Trained, choices: Sequence[Choice]) -> list[MemberRecord]:
    """One per trial; only the chosen ones keep their curves, thousands of others would be most of the record."""
    config, rates = settings.config, trial_rates(settings.config)
    chosen = {choice.trial for choice in choices}
    records = []
    for i, outcome in enumerate(tuned.members):
        split = i // len(rates)
        epoch = outcome.best_epoch if config.early_stopping.keep == "best" else outcome.epochs
        value = float(outcome.val_score[epoch - 1]) if epoch else None
        record = _member(config, arena, split, rates[i % len(rates)], outcome, "trial")
        record.val = {settings.select.name: value}
        record.best_epoch = outcome.best_epoch
        record.extra = {"chosen": i in chosen}
        if i in chosen:
            record.curves = _curves(outcome)
        records.append(record)
    return records


def _judged_records(
    settings: Settings,
    arena: Arena,
    contender: Contender,
    role: str,
    choices: Sequence[Choice],
    outcomes: Sequence[Outcome],
    judged: Sequence[Judged],
) -> list[MemberRecord]:
    """One per split; a net that was interrupted has no score and is left out, one that diverged has the worst."""
    records = []
    for choice, outcome, net in zip(choices, outcomes, judged, strict=True):
        if outcome.status == "interrupted":
            continue
        split = arena.outer[choice.split]
        record = _member(settings.config, arena, choice.split, choice.lr, outcome, role)
        record.test = dict(net.test) if outcome.status == "ok" else worst_scores(contender.pair, split)
        record.extra = {
            "temperature": net.temperature,
            "n_train": len(split.truth_N["train"]),
            "n_test": len(split.truth_N["test"]),
        }
        if role == "refit":
            record.extra["grid_edge"] = choice.grid_edge
            record.curves = {"train_loss": _rounded(outcome.train_loss)}
        records.append(record)
    return records


def _failed_members(arena: Arena, contender: Contender) -> list[MemberRecord]:
    return [
        MemberRecord(
            seed=arena.seeds[j],
            lr=None,
            status="failed",
            split={"repeat": fold.repeat, "fold": fold.fold},
            role="refit",
            test=worst_scores(contender.pair, arena.outer[j]),
            extra={"n_train": len(fold.train), "n_test": len(fold.test)},
        )
        for j, fold in enumerate(arena.folds)
    ]


def _member(config: CompareConfig, arena: Arena, split: int, lr: float, outcome: Outcome, role: str) -> MemberRecord:
    fold = arena.folds[split]
    return MemberRecord(
        seed=arena.seeds[split],
        lr=lr,
        status=outcome.status,
        split={"repeat": fold.repeat, "fold": fold.fold},
        penalty={"l1": config.penalty.l1, "l2": config.penalty.l2},
        role=role,
        epochs=outcome.epochs,
    )


def _curves(outcome: Outcome) -> dict[str, list[float | None]]:
    return {
        "train_loss": _rounded(outcome.train_loss),
        "val_loss": _rounded(outcome.val_loss),
        "val_score": _rounded(outcome.val_score),
    }


def _rounded(curve: np.ndarray) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") for value in curve]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
