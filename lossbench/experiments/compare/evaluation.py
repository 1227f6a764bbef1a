"""One loss in an arena: tune on every split, train again with what was chosen, judge on the test parts.

Members of a run: "trial" (split x learning rate x the loss's own parameters), "refit" (what was chosen of these, and
the epochs, on the whole outer training part), "untuned" (the defaults, with the epochs that their own trial asks for).
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import torch

from lossbench.catalog.metrics import Metric
from lossbench.config.schema import CompareConfig
from lossbench.data.table import Table
from lossbench.engine.threads import one_thread
from lossbench.engine.training.train import Outcome, Trained, train
from lossbench.errors import UserError
from lossbench.events import Event, RunEnded, RunStarted
from lossbench.experiments.compare.candidates import Contender
from lossbench.experiments.compare.member_records import failed_records, judged_records, trial_records
from lossbench.experiments.compare.setting import Arena
from lossbench.experiments.compare.test_scores import Judged, judge_nets, reliability, settle, temperatures
from lossbench.experiments.compare.trials import trials
from lossbench.experiments.compare.tuning import Choice, Refit, choose, refits, tuning, untuned
from lossbench.experiments.scoring.diagnostics import gather_evidence
from lossbench.experiments.scoring.scores import mean_known
from lossbench.record import RunRecord, Scores


@dataclass(frozen=True)
class Settings:
    """What holds for every contest of a comparison."""

    config: CompareConfig
    select: Metric
    trials: int  # how many nets each loss may choose from on each split
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


def setting_name(table: Table, noise: float) -> str:
    """`titanic (0.2 label noise)`: where a contest takes place."""
    return table.name + (f" ({noise:g} label noise)" if noise else "")


def compete(
    settings: Settings, arena: Arena, contender: Contender, dummies: Sequence[Scores]
) -> Generator[Event, None, Contest]:
    """Tune, refit and judge one contender; `dummies` are the arena's `dummy_scores`.

    Whatever its loss raises ends this contest only: the run is "failed" and has the traceback. The scores of nets that
    failed are open (None): what is worst, `settle_failures` says when all contenders are known.
    """
    began = time.perf_counter()
    run = opened(arena, contender, dummies)
    judged: Sequence[Judged] = ()
    try:
        judged = yield from _fill(run, settings, arena, contender, dummies)
    except Exception as problem:  # a loss is anyone's code
        # A user's loss says itself where it failed; anything else is named by its kind.
        said = str(problem) if isinstance(problem, UserError) else f"{type(problem).__name__}: {problem}"
        run.status, run.message = "failed", said
        run.evidence["traceback"] = "".join(traceback.format_exception(problem))
        run.members = [m for m in run.members if m.role == "trial"] + failed_records(arena, contender, dummies)
    run.seconds = time.perf_counter() - began
    yield RunEnded(run.name, run.status, run.seconds, run.message)
    return Contest(contender, run, judged)


def opened(arena: Arena, contender: Contender, dummies: Sequence[Scores]) -> RunRecord:
    """The record of a contest, before anything is trained."""
    pair = contender.pair
    evidence: dict[str, object] = {}
    if contender.group:
        evidence["objective_group"] = contender.group
        evidence["objective_factor"] = contender.factor
    if contender.stands_for:
        evidence["stands_for"] = list(contender.stands_for)
    return RunRecord(
        name=contest_name(arena, contender),
        data=arena.table.name,
        loss=contender.loss_record(),
        last_act=pair.activation.name,
        verdict=pair.verdict_record(),
        status="ok",
        outputs=pair.outputs,
        conditions={"label_noise": arena.noise, "realised": arena.realised},
        evidence=evidence,
        baseline={"test": {key: mean_known([dummy[key] for dummy in dummies]) for key in dummies[0]}},
    )


def settle_failures(arena: Arena, runs: Sequence[RunRecord], dummies: Sequence[Scores]) -> None:
    """Close the open scores in the runs of an arena's contests, once all have been held."""
    nets: dict[tuple[int, int], list[Scores]] = {(fold.repeat, fold.fold): [] for fold in arena.folds}
    for run in runs:
        for member in run.members:
            if member.role != "trial":
                nets[member.split["repeat"], member.split["fold"]].append(member.test)
    settle(list(nets.values()), dummies)


def _fill(
    run: RunRecord, settings: Settings, arena: Arena, contender: Contender, dummies: Sequence[Scores]
) -> Generator[Event, None, Sequence[Judged]]:
    """Train and judge; the run's members, evidence and status are filled in as far as it gets."""
    config = settings.config
    tried = trials(config, contender, len(arena.folds), settings.trials)
    tune = tuning(config, arena, contender, tried, settings.select)
    yield _started(run, settings, len(tune.members), "tune")
    tuned = yield from train(
        tune, run=run.name, device=str(settings.device), threads=settings.threads, stop=settings.stop
    )
    choices = choose(config, tried, tuned.members, settings.select.better)
    defaults = untuned(config, tried, tuned.members)
    run.members = trial_records(config, arena, contender, settings.select.name, tried, tuned.members, choices)
    if _any_interrupted(tuned.members):
        run.status = "interrupted"
        return ()
    # A default that was also chosen is the same net: it is trained once and counts twice.
    nets = dict.fromkeys(choice.net for choice in [*choices, *defaults])
    problem = refits(config, arena, contender, list(nets))
    yield _started(run, settings, len(problem.members), "refit")
    trained = yield from train(
        problem, run=run.name, device=str(settings.device), threads=settings.threads, stop=settings.stop
    )
    with one_thread():
        judged = _judge(
            run, settings, arena, contender, _Fitted(tuned, trained, choices, defaults, tuple(nets), dummies)
        )
    if _any_interrupted(trained.members):
        run.status = "interrupted"
        return ()
    if all(outcome.status == "diverged" for outcome in trained.members):
        run.status = "diverged"
    return judged


@dataclass(frozen=True)
class _Fitted:
    """What training leaves to be judged; `nets` are the refits, in their order."""

    tuned: Trained
    trained: Trained
    choices: Sequence[Choice]
    defaults: Sequence[Choice]
    nets: tuple[Refit, ...]
    dummies: Sequence[Scores]


def _judge(run: RunRecord, settings: Settings, arena: Arena, contender: Contender, fitted: _Fitted) -> Sequence[Judged]:
    """Look at the test parts, once: the members and the evidence of the refits and the untuned nets."""
    place = {net: i for i, net in enumerate(fitted.nets)}
    trained = fitted.trained
    outputs = trained.outputs([split.x_ND["test"] for split in arena.outer])
    validation = fitted.tuned.outputs([split.x_ND["validation"] for split in arena.inner])
    refitted: Sequence[Judged] = ()
    for role, chosen in (("refit", fitted.choices), ("untuned", fitted.defaults)):
        own = [place[c.net] for c in chosen]
        heat = None
        if contender.pair.task.is_classification:
            heat = temperatures(contender.pair, [validation[c.trial] for c in chosen], arena.inner)
        judged = judge_nets(contender.pair, [outputs[i] for i in own], arena.outer, heat, proper=contender.is_proper)
        outcomes = [trained.members[i] for i in own]
        run.members += judged_records(settings.config, arena, contender, role, chosen, outcomes, judged, fitted.dummies)
        if role == "refit":
            refitted = judged
            _gather(run, arena, contender, outcomes, [outputs[i] for i in own], judged)
    return refitted


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
