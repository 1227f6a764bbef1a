"""What is chosen for each split: its trials pooled over the inner folds, and the net that they ask for.

What is chosen is trained again on the whole training part; no choice sees the test part of its split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lossbench.catalog.metrics import Metric
from lossbench.config.commands.compare import CompareConfig
from lossbench.engine.training.train import Outcome
from lossbench.experiments.compare.job import Job
from lossbench.experiments.compare.tuning.inner_scores import trial_curves
from lossbench.experiments.compare.tuning.selection import ScoredTrial, TrialCurves, carried_on, choose_trial
from lossbench.experiments.compare.tuning.trials import Trial
from lossbench.experiments.scoring.temperature import Floats


@dataclass(frozen=True)
class Refit:
    """A net to train on a whole outer training part: what was chosen for its split."""

    split: int
    lr: float
    param_set: int
    epochs: int


@dataclass(frozen=True)
class Choice:
    """What one split's trials say: the net to refit, and its temperature (None: a regression, or nothing to fit it to);
    `trial` numbers the pooled trial that it was chosen for."""

    net: Refit
    trial: int
    temperature: float | None = None
    grid_edge: bool = False


@dataclass(frozen=True, eq=False)
class Tried:
    """A trial of one split with what its nets on the inner folds came to.

    `outcome` has the mean curves; its `val_score` is the metric, smoothed, and `best_epoch` the epoch that is kept.
    """

    trial: Trial
    curves: TrialCurves
    outcome: Outcome


def pool(job: Job, outcomes: Sequence[Outcome]) -> list[Tried]:
    """Every split's trials, split-major, from the outcomes of the members of `tuning_problem`."""
    config, setting, metric = job.config, job.setting, job.options.select
    of_fold: dict[int, list[int]] = {}
    for i, trial in enumerate(job.tried):
        of_fold.setdefault(trial.split, []).append(i)
    pooled = []
    for split in range(len(setting.folds)):
        folds = [of_fold[number] for number in setting.validates(split)]
        for numbers in zip(*folds, strict=True):
            nets = [outcomes[i] for i in numbers]
            curves = trial_curves(metric, setting, split, nets, job.stopping)
            trial = replace(job.tried[numbers[0]], split=split)
            pooled.append(Tried(trial, curves, _mean_outcome(config, curves, nets, metric)))
    return pooled


def choose(config: CompareConfig, pooled: Sequence[Tried]) -> list[Choice]:
    """Per split the trial that `choose_trial` chooses of those that count.

    `grid_edge`: it has the smallest or the largest rate, so a better one may lie outside.
    """
    choices = []
    for numbers in _by_split([i for i, t in enumerate(pooled) if t.trial.counts], pooled):
        tried = [ScoredTrial(pooled[i].trial.lr, pooled[i].trial.param_set, pooled[i].curves) for i in numbers]
        best = numbers[choose_trial(tried, config.optim.lr)]
        grid = sorted({pooled[i].trial.lr for i in numbers})
        edge = len(grid) > 1 and pooled[best].trial.lr in {grid[0], grid[-1]}
        choices.append(_choice(pooled, best, edge))
    return choices


def untuned(config: CompareConfig, pooled: Sequence[Tried]) -> list[Choice]:
    """Per split the default learning rate and parameters, with the epochs that their own trial asks for."""
    default = [i for i, t in enumerate(pooled) if (t.trial.lr, t.trial.param_set) == (config.optim.lr, 0)]
    return [_choice(pooled, i, False) for i in default]


def _mean_outcome(config: CompareConfig, curves: TrialCurves, nets: Sequence[Outcome], metric: Metric) -> Outcome:
    """The mean of a trial's nets, as far as the choice looks; curves of stopped nets are carried on."""
    statuses = {net.status for net in nets}
    status = next((s for s in ("interrupted", "diverged") if s in statuses), "ok")
    if not any(net.epochs for net in nets):
        return Outcome(status)  # type: ignore[arg-type]
    epochs = len(curves.score_EF)
    trained = [net for net in nets if net.epochs]

    def mean(of: Sequence[np.ndarray]) -> Floats:
        return np.asarray(np.stack([carried_on(curve, epochs) for curve in of]).mean(axis=0))

    sign = 1.0 if metric.better == "higher" else -1.0
    best = config.optim.epochs if curves.failed else curves.best_epoch
    return Outcome(
        status,  # type: ignore[arg-type]
        epochs,
        best,
        mean([net.train_loss for net in trained]),
        val_score=sign * curves.mean_E,
    )


def _by_split(numbers: Sequence[int], pooled: Sequence[Tried]) -> list[list[int]]:
    splits: dict[int, list[int]] = {}
    for i in numbers:
        splits.setdefault(pooled[i].trial.split, []).append(i)
    return list(splits.values())


def _choice(pooled: Sequence[Tried], i: int, edge: bool) -> Choice:
    trial, outcome = pooled[i].trial, pooled[i].outcome
    epoch = outcome.best_epoch or 1
    temperature = None if pooled[i].curves.failed else pooled[i].curves.temperature(epoch)
    return Choice(Refit(trial.split, trial.lr, trial.param_set, epoch), i, temperature, edge)
