"""The members of a comparison's run, as the record keeps them: trials, refits, untuned nets, those of a failed loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lossbench.engine.training.train import Outcome
from lossbench.experiments.compare.job import Job
from lossbench.experiments.compare.results.test_scores import ScoredNet, missing_scores
from lossbench.experiments.compare.tuning.choice import Choice, Refit, Tried
from lossbench.experiments.compare.tuning.trials import Trial
from lossbench.record import MemberRecord

DIGITS = 5  # of a curve's numbers: more than a picture shows


def trial_records(job: Job, pooled: Sequence[Tried], choices: Sequence[Choice]) -> list[MemberRecord]:
    """One per trial of a split, the mean of its nets on the inner folds.

    Only the chosen ones keep their curves: thousands of others would be most of the record.
    """
    chosen = {choice.trial for choice in choices}
    records = []
    for i, entry in enumerate(pooled):
        outcome, epoch = entry.outcome, entry.outcome.best_epoch
        value = float(outcome.val_score[epoch - 1]) if epoch and epoch <= len(outcome.val_score) else None
        record = _member(job, entry.trial, outcome, "trial")
        record.val = {job.options.select.name: value}
        record.best_epoch = outcome.best_epoch
        record.chosen = i in chosen
        if i in chosen:
            record.curves = _curves(outcome)
        records.append(record)
    return records


def scored_records(
    job: Job, role: str, choices: Sequence[Choice], outcomes: Sequence[Outcome], scored: Sequence[ScoredNet]
) -> list[MemberRecord]:
    """One per split; a net that was interrupted has no score and is excluded; one that diverged has missing scores."""
    records = []
    for choice, outcome, net in zip(choices, outcomes, scored, strict=True):
        if outcome.status == "interrupted":
            continue
        split = job.setting.outer[choice.net.split]
        record = _member(job, choice.net, outcome, role)
        failed = missing_scores(job.dummies[choice.net.split], raw=job.candidate.is_scored_raw)
        record.test = dict(net.test) if outcome.status == "ok" else failed
        if outcome.status == "ok":
            record.test_by_target = dict(zip(job.setting.table.targets, net.by_target, strict=True))
        record.temperature = net.temperature
        # Rows, not weights, of a weighted table too: the corrected test takes from them which share of the table two
        # splits do not share, and splits are drawn row by row, whatever these count.
        record.n_train, record.n_test = len(split.truth_N["train"]), len(split.truth_N["test"])
        if role == "refit":
            record.grid_edge = choice.grid_edge
            record.curves = {"train_loss": _rounded(outcome.train_loss)}
        records.append(record)
    return records


def failed_records(job: Job) -> list[MemberRecord]:
    """One per split, with missing scores: a loss that failed is not excluded."""
    return [
        MemberRecord(
            seed=job.setting.seeds[j],
            lr=None,
            status="failed",
            split={"repeat": fold.repeat, "fold": fold.fold},
            role="refit",
            test=missing_scores(job.dummies[j], raw=job.candidate.is_scored_raw),
            n_train=len(fold.train),
            n_test=len(fold.test),
        )
        for j, fold in enumerate(job.setting.folds)
    ]


def _member(job: Job, net: Trial | Refit, outcome: Outcome, role: str) -> MemberRecord:
    fold, (l1, l2) = job.setting.folds[net.split], job.config.penalty.split()
    return MemberRecord(
        seed=job.setting.seeds[net.split],
        lr=net.lr,
        status=outcome.status,
        split={"repeat": fold.repeat, "fold": fold.fold},
        penalty={"l1": l1, "l2": l2},
        role=role,
        epochs=outcome.epochs,
        params=job.candidate.params(net.param_set),
    )


def _curves(outcome: Outcome) -> dict[str, list[float | None]]:
    return {"train_loss": _rounded(outcome.train_loss), "val_score": _rounded(outcome.val_score)}


def _rounded(curve: np.ndarray) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") for value in curve]
