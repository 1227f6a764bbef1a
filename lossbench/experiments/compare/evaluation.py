"""One loss in one setting: tune on every split, train again with what was chosen, score on the test parts.

Members of a result: "trial" (split x learning rate x the loss's own parameters), "refit" (what was chosen of these, and
the epochs, on the whole outer training part), "untuned" (the defaults, with the epochs that their own trial asks for).
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from lossbench.catalog.metrics import Metric
from lossbench.catalog.plugins.faults import words_of
from lossbench.engine.problem import Problem
from lossbench.engine.threads import one_thread
from lossbench.engine.training.train import Outcome, Trained, train
from lossbench.errors import FAULTS, UserError
from lossbench.events import Emit, EvaluationLabel, EvaluationStarted, Stopped, ignore, never
from lossbench.experiments.compare.conditions import words
from lossbench.experiments.compare.job import Job
from lossbench.experiments.compare.results.member_records import failed_records, scored_records, trial_records
from lossbench.experiments.compare.results.test_scores import ScoredNet, count_reliability, score_nets
from lossbench.experiments.compare.setting import joined
from lossbench.experiments.compare.tuning.choice import Choice, Refit, choose, pool, untuned
from lossbench.experiments.compare.tuning.inner_scores import stop_metric
from lossbench.experiments.compare.tuning.problems import refit_problem, tuning_problem
from lossbench.experiments.scoring.diagnostics import diagnose_net
from lossbench.experiments.setup.pair import Pair
from lossbench.printable import cut, one_line
from lossbench.record import Levels, MemberRecord, UnitRecord, levels_text


@dataclass(frozen=True)
class Evaluation:
    """What came of one repetition of a job: the record, and what its refits predict, one a split (none where it
    failed)."""

    repeat: int
    record: UnitRecord
    predicted: tuple[torch.Tensor, ...] = ()


def evaluation_label(data: str, pair: Pair, condition: Levels) -> EvaluationLabel:
    """What is trained where."""
    text = levels_text(words(condition), condition)
    return EvaluationLabel(data, pair.label, pair.activation.name, dict(condition), text)


def evaluate(repetitions: Sequence[Job], emit: Emit = ignore, stopped: Stopped = never) -> list[Evaluation]:
    """Tune, refit and score one loss on repetitions of one setting, which train together; nothing once `stopped()`.

    `repetitions` are of equal width. Each one's result is what it would be alone. Whatever the loss raises ends it
    only: its record is "failed" and has the traceback, and the scores of its nets are missing (None).
    """
    together = repetitions[0] if len(repetitions) == 1 else _together(repetitions)
    try:
        return _evaluate(together, emit, stopped)
    except FAULTS as problem:  # a loss is anyone's code
        if len(repetitions) == 1:
            record = failure(problem, failed_records(together))
            return [] if stopped() else [Evaluation(together.setting.folds[0].repeat, record)]
    return [one for job in repetitions for one in evaluate([job], emit, stopped)]


def _together(repetitions: Sequence[Job]) -> Job:
    (setting,) = joined([job.setting for job in repetitions])
    dummies = [scores for job in repetitions for scores in job.dummies]
    return replace(repetitions[0], setting=setting, dummies=dummies)


def failure(problem: BaseException, members: Sequence[MemberRecord] = ()) -> UnitRecord:
    """The record of what raised. A user's loss says itself where it failed; anything else is named by its kind."""
    message = one_line(str(problem)) if isinstance(problem, UserError) else words_of(problem)
    text = cut("".join(traceback.format_exception(problem)))
    return UnitRecord(status="failed", message=message, traceback=text, members=list(members))


def _evaluate(job: Job, emit: Emit, stopped: Stopped) -> list[Evaluation]:
    """Train and score; nothing where it was stopped."""
    device, threads = str(job.options.device), job.options.threads
    label = evaluation_label(job.setting.table.name, job.candidate.pair, job.setting.condition)
    fit = partial(train, evaluation=str(label), emit=emit, stopped=stopped, device=device, threads=threads)
    problem = tuning_problem(job)
    emit(_started(job, label, problem, "tune", stop_metric(job.options.select, job.setting.task)))
    tuned = fit(problem).members
    if stopped() or _any_interrupted(tuned):
        return []
    pooled = pool(job, tuned)
    choices, defaults = choose(job.config, pooled), untuned(job.config, pooled)
    # A default that was also chosen is the same net: it is trained once and counts twice.
    nets = dict.fromkeys(choice.net for choice in [*choices, *defaults])
    problem = refit_problem(job, list(nets))
    emit(_started(job, label, problem, "refit", stop_metric(job.options.select, job.setting.task)))
    trained = fit(problem)
    if stopped() or _any_interrupted(trained.members):
        return []
    members = _by_repetition(job, trial_records(job, pooled, choices))
    with one_thread():
        return _scored(job, _Fitted(trained, choices, defaults, tuple(nets)), members)


def _started(job: Job, label: EvaluationLabel, problem: Problem, stage: str, metric: Metric) -> EvaluationStarted:
    epochs = job.config.optim.epochs
    return EvaluationStarted(str(label), len(problem.members), epochs, metric.name, metric.better, stage, label)


@dataclass(frozen=True)
class _Fitted:
    """What training leaves to be scored; `nets` are the refits, in their order."""

    trained: Trained
    choices: Sequence[Choice]
    defaults: Sequence[Choice]
    nets: tuple[Refit, ...]


def _scored(job: Job, fitted: _Fitted, members: dict[int, list[MemberRecord]]) -> list[Evaluation]:
    """Look at the test parts, once: the members and the evidence of the refits and the untuned nets."""
    setting, candidate, trained = job.setting, job.candidate, fitted.trained
    place = {net: i for i, net in enumerate(fitted.nets)}
    outputs = trained.outputs([split.x_ND["test"] for split in setting.outer])
    refitted: list[_Refitted] = []
    for role, chosen in (("refit", fitted.choices), ("untuned", fitted.defaults)):
        own = [place[c.net] for c in chosen]
        temperature = None
        if candidate.pair.task.is_classification:
            temperature = [1.0 if c.temperature is None else c.temperature for c in chosen]
        scored = score_nets(
            candidate.pair,
            [outputs[i] for i in own],
            setting.outer,
            temperature,
            raw=candidate.is_scored_raw,
            metrics=job.options.metrics,
        )
        outcomes = [trained.members[i] for i in own]
        for repeat, records in _by_repetition(job, scored_records(job, role, chosen, outcomes, scored)).items():
            members[repeat] += records
        if role == "refit":
            refitted = [_Refitted(trained.members[i], outputs[i], net) for i, net in zip(own, scored, strict=True)]
    return [_repetition(job, repeat, records, refitted) for repeat, records in members.items()]


@dataclass(frozen=True)
class _Refitted:
    """One refit: how it was trained, its test outputs `[N, K]`, and what these score."""

    outcome: Outcome
    out_NK: torch.Tensor
    scored: ScoredNet


def _repetition(job: Job, repeat: int, members: list[MemberRecord], refitted: Sequence[_Refitted]) -> Evaluation:
    """The members and the evidence of one repetition; `refitted` has a net for each of all splits."""
    pair, splits = job.candidate.pair, [j for j, fold in enumerate(job.setting.folds) if fold.repeat == repeat]
    nets = [refitted[j] for j in splits]
    record = UnitRecord(
        status="ok",
        members=members,
        diagnostics=[diagnose_net(pair, net.outcome.train_loss, net.out_NK, net.scored.label_N) for net in nets],
    )
    if pair.task.is_classification:
        record.reliability = count_reliability([net.scored for net in nets], [job.setting.outer[j] for j in splits])
    return Evaluation(repeat, record, tuple(net.scored.predicted for net in nets))


def _by_repetition(job: Job, records: Sequence[MemberRecord]) -> dict[int, list[MemberRecord]]:
    found: dict[int, list[MemberRecord]] = {fold.repeat: [] for fold in job.setting.folds}
    for record in records:
        found[record.split["repeat"]].append(record)
    return found


def _any_interrupted(outcomes: Sequence[Outcome]) -> bool:
    return any(outcome.status == "interrupted" for outcome in outcomes)
