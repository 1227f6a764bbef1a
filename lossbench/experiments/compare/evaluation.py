"""One loss in an arena: tune on every split, train again with what was chosen, judge on the test parts.

Members of a run: "trial" (split x learning rate x the loss's own parameters), "refit" (what was chosen of these, and
the epochs, on the whole outer training part), "untuned" (the defaults, with the epochs that their own trial asks for).
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from lossbench.engine.problem import Problem
from lossbench.engine.threads import one_thread
from lossbench.engine.training.train import Outcome, Trained, train
from lossbench.errors import UserError
from lossbench.events import Emit, RunEnded, RunLabel, RunStarted, Stopped, ignore, never
from lossbench.experiments.compare.candidates import Contender
from lossbench.experiments.compare.conditions import words
from lossbench.experiments.compare.job import Job
from lossbench.experiments.compare.member_records import failed_records, judged_records, trial_records
from lossbench.experiments.compare.setting import Arena
from lossbench.experiments.compare.test_scores import Judged, judge_nets, reliability, settle, temperatures
from lossbench.experiments.compare.tuning import Choice, Refit, choose, refits, tuning, untuned
from lossbench.experiments.scoring.diagnostics import diagnose
from lossbench.experiments.scoring.scores import mean_known
from lossbench.record import ObjectiveRecord, RunRecord, Scores, levels_text


@dataclass(frozen=True)
class Evaluation:
    """What came of a job: the run's record, and the scores of its refits, one a split (empty unless all ended)."""

    job: Job
    run: RunRecord
    judged: Sequence[Judged] = ()


def run_label(arena: Arena, contender: Contender) -> RunLabel:
    """What is trained where."""
    text = levels_text(words(arena.condition), arena.condition)
    return RunLabel(arena.table.name, contender.label, contender.pair.activation.name, dict(arena.condition), text)


def evaluate_loss(job: Job, emit: Emit = ignore, stopped: Stopped = never) -> Evaluation:
    """Tune, refit and score one loss in one setting.

    Whatever the loss raises ends this evaluation only: the run is "failed" and has the traceback. The scores of nets
    that failed are open (None): what is worst, `settle_failures` says when all losses are known. Once `stopped()` is
    true, the run is "interrupted" and has what was finished.
    """
    began = time.perf_counter()
    run = opened(job)
    if stopped():
        run.status, run.message = "interrupted", "it was interrupted before it began"
        return Evaluation(job, run)
    judged: Sequence[Judged] = ()
    try:
        judged = _fill(run, job, emit, stopped)
    except Exception as problem:  # a loss is anyone's code
        # A user's loss says itself where it failed; anything else is named by its kind.
        said = str(problem) if isinstance(problem, UserError) else f"{type(problem).__name__}: {problem}"
        run.status, run.message = "failed", said
        run.traceback = "".join(traceback.format_exception(problem))
        run.members = [m for m in run.members if m.role == "trial"] + failed_records(job)
    run.seconds = time.perf_counter() - began
    emit(RunEnded(run.name, run.status, run.seconds, run.message))
    return Evaluation(job, run, judged)


def opened(job: Job) -> RunRecord:
    """The record of a job, before anything is trained."""
    arena, contender, dummies = job.arena, job.contender, job.dummies
    pair = contender.pair
    objective = None
    if contender.group or contender.stands_for:
        objective = ObjectiveRecord(
            group=contender.group, factor=contender.factor, represents=list(contender.stands_for)
        )
    return RunRecord(
        name=str(run_label(arena, contender)),
        data=arena.table.name,
        loss=contender.loss_record(),
        last_act=pair.activation.name,
        verdict=pair.verdict_record(),
        status="ok",
        outputs=pair.outputs,
        condition=dict(arena.condition),
        realised=dict(arena.realised),
        objective=objective,
        baseline={"test": {key: mean_known([dummy[key] for dummy in dummies]) for key in dummies[0]}},
    )


def settle_failures(arena: Arena, runs: Sequence[RunRecord], dummies: Sequence[Scores]) -> None:
    """Close the open scores in the runs of one setting, once all losses are evaluated."""
    nets: dict[tuple[int, int], list[Scores]] = {(fold.repeat, fold.fold): [] for fold in arena.folds}
    for run in runs:
        for member in run.members:
            if member.role != "trial":
                nets[member.split["repeat"], member.split["fold"]].append(member.test)
    settle(list(nets.values()), dummies)


def _fill(run: RunRecord, job: Job, emit: Emit, stopped: Stopped) -> Sequence[Judged]:
    """Train and score; the run's members, evidence and status are filled in as far as it gets."""
    config = job.config
    device, threads = str(job.settings.device), job.settings.threads
    fit = partial(train, run=run.name, emit=emit, stopped=stopped, device=device, threads=threads)
    problem = tuning(job)
    emit(_started(run.name, job, problem, "tune"))
    tuned = fit(problem)
    choices = choose(config, job.tried, tuned.members, job.settings.select.better)
    defaults = untuned(config, job.tried, tuned.members)
    run.members = trial_records(job, tuned.members, choices)
    if _any_interrupted(tuned.members):
        run.status = "interrupted"
        return ()
    # A default that was also chosen is the same net: it is trained once and counts twice.
    nets = dict.fromkeys(choice.net for choice in [*choices, *defaults])
    problem = refits(job, list(nets))
    emit(_started(run.name, job, problem, "refit"))
    trained = fit(problem)
    with one_thread():
        judged = _judge(run, job, _Fitted(tuned, trained, choices, defaults, tuple(nets)))
    if _any_interrupted(trained.members):
        run.status = "interrupted"
        return ()
    if all(outcome.status == "diverged" for outcome in trained.members):
        run.status = "diverged"
    return judged


def _started(run: str, job: Job, problem: Problem, stage: str) -> RunStarted:
    metric = job.settings.select
    return RunStarted(run, len(problem.members), job.config.optim.epochs, metric.name, metric.better, stage)


@dataclass(frozen=True)
class _Fitted:
    """What training leaves to be scored; `nets` are the refits, in their order."""

    tuned: Trained
    trained: Trained
    choices: Sequence[Choice]
    defaults: Sequence[Choice]
    nets: tuple[Refit, ...]


def _judge(run: RunRecord, job: Job, fitted: _Fitted) -> Sequence[Judged]:
    """Look at the test parts, once: the members and the evidence of the refits and the untuned nets."""
    arena, contender, trained = job.arena, job.contender, fitted.trained
    place = {net: i for i, net in enumerate(fitted.nets)}
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
        run.members += judged_records(job, role, chosen, outcomes, judged)
        if role == "refit":
            refitted = judged
            _gather(run, job, outcomes, [outputs[i] for i in own], judged)
    return refitted


def _any_interrupted(outcomes: Sequence[Outcome]) -> bool:
    return any(outcome.status == "interrupted" for outcome in outcomes)


def _gather(
    run: RunRecord,
    job: Job,
    outcomes: Sequence[Outcome],
    outputs: Sequence[torch.Tensor],
    judged: Sequence[Judged],
) -> None:
    pair, outer = job.contender.pair, job.arena.outer
    done = [i for i, outcome in enumerate(outcomes) if outcome.status != "interrupted"]
    labels = [label for i in done if (label := judged[i].label_N) is not None]
    curves = [outcomes[i].train_loss for i in done]
    run.diagnostics = diagnose(pair, curves, [outputs[i] for i in done], labels)
    if pair.task.is_classification:
        run.reliability = reliability([judged[i] for i in done], [outer[i] for i in done])
