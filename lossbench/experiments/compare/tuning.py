"""Tuning without looking: which learning rate, own parameters and number of epochs a loss gets on each split.

Every loss has equally many trials on every split (`trials`), judged on the inner validation part by one metric that is
no loss. The winner is trained again on the whole outer training part; the test part is not here at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lossbench.config.schema import CompareConfig
from lossbench.engine.problem import Fold, Member, Problem, Training
from lossbench.engine.training.train import Outcome
from lossbench.events import Better
from lossbench.experiments.compare.job import Job
from lossbench.experiments.compare.trials import Trial
from lossbench.experiments.scoring.scores import validation_score


@dataclass(frozen=True)
class Refit:
    """A net to train on a whole outer training part: what was chosen for its split."""

    split: int
    lr: float
    param_set: int
    epochs: int


@dataclass(frozen=True)
class Choice:
    """What one split's trials say: the net to refit; `trial` numbers the member that it was chosen for."""

    net: Refit
    trial: int
    grid_edge: bool = False


def tuning(job: Job) -> Problem:
    """One member a trial, in their order, on the inner training parts."""
    stopping, candidate, inner = job.config.early_stopping, job.candidate, job.setting.inner
    return Problem(
        net=job.net,
        folds=tuple(split.fold(candidate.pair) for split in inner),
        members=tuple(_member(job, t.split, t.lr, t.param_set) for t in job.tried),
        objectives=tuple(pair.objective for pair in candidate.pairs),
        training=replace(
            _training(job.config), patience=stopping.patience, min_delta=stopping.min_delta, keep=stopping.keep
        ),
        score=validation_score(job.options.select, candidate.pairs, inner),
        better=job.options.select.better,
    )


def choose(config: CompareConfig, tried: Sequence[Trial], outcomes: Sequence[Outcome], better: Better) -> list[Choice]:
    """Per split the best trial that counts; ties go to the smaller rate, then to the default parameters, a diverged
    trial is worse than any other.

    `grid_edge`: the winner has the smallest or the largest rate, so a better one may lie outside.
    """
    choices = []
    for numbers in _by_split([i for i, trial in enumerate(tried) if trial.counts], tried):
        best = min(numbers, key=lambda i: (-trial_value(config, outcomes[i], better), tried[i].lr, tried[i].param_set))
        grid = sorted({tried[i].lr for i in numbers})
        edge = len(grid) > 1 and tried[best].lr in {grid[0], grid[-1]}
        choices.append(_choice(config, tried, outcomes, best, edge))
    return choices


def untuned(config: CompareConfig, tried: Sequence[Trial], outcomes: Sequence[Outcome]) -> list[Choice]:
    """Per split the default learning rate and parameters, with the epochs that their own trial asks for."""
    default = [i for i, trial in enumerate(tried) if (trial.lr, trial.param_set) == (config.optim.lr, 0)]
    return [_choice(config, tried, outcomes, i, False) for i in default]


def refits(job: Job, nets: Sequence[Refit]) -> Problem:
    """One member a net, on the whole outer training part; nothing is validated."""
    folds = [split.fold(job.candidate.pair) for split in job.setting.outer]
    return Problem(
        net=job.net,
        folds=tuple(Fold(fold.train, None, fold.weight_N, fold.statistics) for fold in folds),
        members=tuple(_member(job, n.split, n.lr, n.param_set, n.epochs) for n in nets),
        objectives=tuple(pair.objective for pair in job.candidate.pairs),
        training=_training(job.config),
    )


def kept_epoch(config: CompareConfig, outcome: Outcome) -> int:
    """The epoch whose weights a trial keeps, from 1; the full number where it diverged before any was judged."""
    epoch = outcome.best_epoch if config.early_stopping.keep == "best" else outcome.epochs
    return epoch or config.optim.epochs


def trial_value(config: CompareConfig, outcome: Outcome, better: Better) -> float:
    """A trial's validation score at the epoch that is kept, larger is better; -inf for one that is no use."""
    epoch = kept_epoch(config, outcome)
    if outcome.status != "ok" or epoch > len(outcome.val_score):
        return -math.inf
    value = float(outcome.val_score[epoch - 1])
    return -math.inf if math.isnan(value) else value if better == "higher" else -value


def _by_split(numbers: Sequence[int], tried: Sequence[Trial]) -> list[list[int]]:
    splits: dict[int, list[int]] = {}
    for i in numbers:
        splits.setdefault(tried[i].split, []).append(i)
    return list(splits.values())


def _choice(config: CompareConfig, tried: Sequence[Trial], outcomes: Sequence[Outcome], i: int, edge: bool) -> Choice:
    trial = tried[i]
    return Choice(Refit(trial.split, trial.lr, trial.param_set, kept_epoch(config, outcomes[i])), i, edge)


def _member(job: Job, split: int, lr: float, param_set: int, epochs: int | None = None) -> Member:
    l1, l2 = job.config.penalty.split()
    config = job.config
    return Member(
        seed=job.setting.seeds[split],
        fold=split,
        objective=param_set,
        lr=lr,
        l1=l1,
        l2=l2,
        weight_decay=config.optim.weight_decay,
        momentum=config.optim.momentum,
        epochs=epochs,
    )


def _training(config: CompareConfig) -> Training:
    optim = config.optim
    return Training(
        epochs=optim.epochs,
        batch_size=optim.batch_size,
        optimizer=optim.name,
        schedule=optim.schedule,
    )
