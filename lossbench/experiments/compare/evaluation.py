"""One loss in one setting: tune on every split, train again with what was chosen, score on the test parts.

Members of a result: "trial" (split x learning rate x the loss's own parameters), "refit" (what was chosen of these, and
the epochs, on the whole outer training part), "untuned" (the defaults, with the epochs that their own trial asks for).
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from lossbench.catalog.metrics import Metric
from lossbench.engine.problem import Problem
from lossbench.engine.threads import one_thread
from lossbench.engine.training.train import Outcome, Trained, train
from lossbench.errors import UserError
from lossbench.events import Emit, EvaluationEnded, EvaluationLabel, EvaluationStarted, Stopped, ignore, never
from lossbench.experiments.compare.candidates import Candidate
from lossbench.experiments.compare.conditions import words
from lossbench.experiments.compare.job import Job
from lossbench.experiments.compare.results.member_records import failed_records, scored_records, trial_records
from lossbench.experiments.compare.results.test_scores import ScoredNet, impute_failures, reliability, score_nets
from lossbench.experiments.compare.setting import Setting
from lossbench.experiments.compare.tuning.choice import Choice, Refit, choose, pool, untuned
from lossbench.experiments.compare.tuning.inner_scores import stop_metric
from lossbench.experiments.compare.tuning.problems import refit_problem, tuning_problem
from lossbench.experiments.scoring.diagnostics import diagnose
from lossbench.experiments.scoring.scores import mean_known
from lossbench.record import LossResult, ObjectiveRecord, Scores, levels_text


@dataclass(frozen=True)
class Evaluation:
    """What came of a job: the result, and the scores of its refits, one a split (empty unless all ended)."""

    job: Job
    result: LossResult
    scored: Sequence[ScoredNet] = ()


def evaluation_label(setting: Setting, candidate: Candidate) -> EvaluationLabel:
    """What is trained where."""
    text = levels_text(words(setting.condition), setting.condition)
    return EvaluationLabel(
        setting.table.name, candidate.label, candidate.pair.activation.name, dict(setting.condition), text
    )


def evaluate_loss(job: Job, emit: Emit = ignore, stopped: Stopped = never) -> Evaluation:
    """Tune, refit and score one loss in one setting.

    Whatever the loss raises ends this evaluation only: the result is "failed" and has the traceback. The scores of nets
    that failed are missing (None) until `impute_failed_scores` knows the scores of all losses. Once `stopped()` is
    true, the result is "interrupted" and has what was finished.
    """
    began = time.perf_counter()
    result = opened(job)
    if stopped():
        result.status, result.message = "interrupted", "it was interrupted before it began"
        return Evaluation(job, result)
    scored: Sequence[ScoredNet] = ()
    try:
        scored = _fill(result, job, emit, stopped)
    except Exception as problem:  # a loss is anyone's code
        # A user's loss says itself where it failed; anything else is named by its kind.
        message = str(problem) if isinstance(problem, UserError) else f"{type(problem).__name__}: {problem}"
        result.status, result.message = "failed", message
        result.traceback = "".join(traceback.format_exception(problem))
        result.members = [m for m in result.members if m.role == "trial"] + failed_records(job)
    result.seconds = time.perf_counter() - began
    emit(EvaluationEnded(result.name, result.status, result.seconds, result.message))
    return Evaluation(job, result, scored)


def opened(job: Job) -> LossResult:
    """The record of a job, before anything is trained."""
    setting, candidate, dummies = job.setting, job.candidate, job.dummies
    pair = candidate.pair
    objective = None
    if candidate.group or candidate.represents:
        objective = ObjectiveRecord(
            group=candidate.group,
            factor=candidate.factor,
            represents=list(candidate.represents),
            probes=candidate.probes,
            reach=candidate.reach,
        )
    return LossResult(
        name=str(evaluation_label(setting, candidate)),
        data=setting.table.name,
        loss=candidate.loss_record(),
        last_act=pair.activation.name,
        verdict=pair.verdict_record(),
        status="ok",
        outputs=pair.outputs,
        condition=dict(setting.condition),
        realised=dict(setting.realised),
        objective=objective,
        dummy={"test": {key: mean_known([dummy[key] for dummy in dummies]) for key in dummies[0]}},
    )


def impute_failed_scores(setting: Setting, results: Sequence[LossResult], dummies: Sequence[Scores]) -> None:
    """Impute the missing scores in the results of one setting, once all losses are evaluated."""
    nets: dict[tuple[int, int], list[Scores]] = {(fold.repeat, fold.fold): [] for fold in setting.folds}
    for result in results:
        for member in result.members:
            if member.role != "trial":
                nets[member.split["repeat"], member.split["fold"]].append(member.test)
    impute_failures(list(nets.values()), dummies)


def _fill(result: LossResult, job: Job, emit: Emit, stopped: Stopped) -> Sequence[ScoredNet]:
    """Train and score; the result's members, evidence and status are filled in as far as it gets."""
    config = job.config
    device, threads = str(job.options.device), job.options.threads
    fit = partial(train, evaluation=result.name, emit=emit, stopped=stopped, device=device, threads=threads)
    problem = tuning_problem(job)
    emit(_started(job, problem, "tune", stop_metric(job.options.select, job.setting.task)))
    tuned = fit(problem)
    pooled = pool(job, tuned.members)
    choices, defaults = choose(config, pooled), untuned(config, pooled)
    result.members = trial_records(job, pooled, choices)
    if _any_interrupted(tuned.members):
        result.status = "interrupted"
        return ()
    # A default that was also chosen is the same net: it is trained once and counts twice.
    nets = dict.fromkeys(choice.net for choice in [*choices, *defaults])
    problem = refit_problem(job, list(nets))
    emit(_started(job, problem, "refit", job.options.select))
    trained = fit(problem)
    with one_thread():
        scored = _score_nets(result, job, _Fitted(trained, choices, defaults, tuple(nets)))
    if _any_interrupted(trained.members):
        result.status = "interrupted"
        return ()
    if all(outcome.status == "diverged" for outcome in trained.members):
        result.status = "diverged"
    return scored


def _started(job: Job, problem: Problem, stage: str, metric: Metric) -> EvaluationStarted:
    label = evaluation_label(job.setting, job.candidate)
    return EvaluationStarted(
        str(label), len(problem.members), job.config.optim.epochs, metric.name, metric.better, stage, label
    )


@dataclass(frozen=True)
class _Fitted:
    """What training leaves to be scored; `nets` are the refits, in their order."""

    trained: Trained
    choices: Sequence[Choice]
    defaults: Sequence[Choice]
    nets: tuple[Refit, ...]


def _score_nets(result: LossResult, job: Job, fitted: _Fitted) -> Sequence[ScoredNet]:
    """Look at the test parts, once: the members and the evidence of the refits and the untuned nets."""
    setting, candidate, trained = job.setting, job.candidate, fitted.trained
    place = {net: i for i, net in enumerate(fitted.nets)}
    outputs = trained.outputs([split.x_ND["test"] for split in setting.outer])
    refitted: Sequence[ScoredNet] = ()
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
            proper=candidate.is_proper,
            metrics=job.options.metrics,
        )
        outcomes = [trained.members[i] for i in own]
        result.members += scored_records(job, role, chosen, outcomes, scored)
        if role == "refit":
            refitted = scored
            _gather(result, job, outcomes, [outputs[i] for i in own], scored)
    return refitted


def _any_interrupted(outcomes: Sequence[Outcome]) -> bool:
    return any(outcome.status == "interrupted" for outcome in outcomes)


def _gather(
    result: LossResult,
    job: Job,
    outcomes: Sequence[Outcome],
    outputs: Sequence[torch.Tensor],
    scored: Sequence[ScoredNet],
) -> None:
    pair, outer = job.candidate.pair, job.setting.outer
    done = [i for i, outcome in enumerate(outcomes) if outcome.status != "interrupted"]
    labels = [label for i in done if (label := scored[i].label_N) is not None]
    curves = [outcomes[i].train_loss for i in done]
    result.diagnostics = diagnose(pair, curves, [outputs[i] for i in done], labels)
    if pair.task.is_classification:
        result.reliability = reliability([scored[i] for i in done], [outer[i] for i in done])
