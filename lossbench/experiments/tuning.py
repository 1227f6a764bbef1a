"""Tuning without looking: which learning rate and how many epochs a loss gets on each split.

Every loss has the same trials on every split, one per learning rate, judged on the inner validation part by one metric
that is no loss. The winner is trained again on the whole outer training part; the test part is not here at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lossbench.catalog.metrics import Metric
from lossbench.config.schema import CompareConfig
from lossbench.engine.problem import Fold, Member, Net, Problem, Training
from lossbench.engine.train import Outcome
from lossbench.events import Better
from lossbench.experiments.design import Arena
from lossbench.experiments.evaluate import validation_score
from lossbench.experiments.lineup import Contender


@dataclass(frozen=True)
class Choice:
    """What one split's trials say: a learning rate, and for how many epochs; `trial` numbers the trial's member."""

    split: int
    lr: float
    epochs: int
    trial: int
    grid_edge: bool = False


def trial_rates(config: CompareConfig) -> list[float]:
    """The learning rates that are tried, ascending: the grid, and the default one of the untuned rows."""
    return sorted({*config.lrs, config.optim.lr})


def trials(config: CompareConfig, arena: Arena, contender: Contender, metric: Metric) -> Problem:
    """One member per split and learning rate, split-major, on the inner training parts."""
    members = [_member(config, seed, split, lr) for split, seed in enumerate(arena.seeds) for lr in trial_rates(config)]
    folds = [split.fold(contender.pair) for split in arena.inner]
    stopping = config.early_stopping
    return Problem(
        net=_net(config, arena, contender),
        folds=tuple(folds),
        members=tuple(members),
        objectives=(contender.pair.objective,),
        training=replace(
            _training(config), patience=stopping.patience, min_delta=stopping.min_delta, keep=stopping.keep
        ),
        score=validation_score(metric, [contender.pair], arena.inner),
        better=metric.better,
    )


def choose(config: CompareConfig, outcomes: Sequence[Outcome], better: Better) -> list[Choice]:
    """Per split the grid's best trial; ties go to the smaller rate, a diverged trial is worse than any other.

    `grid_edge`: the winner is the grid's smallest or largest rate, so a better one may lie outside.
    """
    rates, grid = trial_rates(config), sorted(config.lrs)
    choices = []
    for split in range(len(outcomes) // len(rates)):
        candidates = [split * len(rates) + rates.index(lr) for lr in grid]
        values = [trial_value(config, outcomes[i], better) for i in candidates]
        best = int(np.argmax(values))  # the first of equals: rates ascend
        edge = len(grid) > 1 and best in {0, len(grid) - 1}
        choices.append(_choice(config, split, grid[best], candidates[best], outcomes, edge))
    return choices


def untuned(config: CompareConfig, outcomes: Sequence[Outcome]) -> list[Choice]:
    """Per split the default learning rate, with the epochs that its own trial asks for."""
    rates = trial_rates(config)
    default = rates.index(config.optim.lr)
    splits = range(len(outcomes) // len(rates))
    return [_choice(config, s, config.optim.lr, s * len(rates) + default, outcomes, False) for s in splits]


def refits(
    config: CompareConfig, arena: Arena, contender: Contender, chosen: Sequence[tuple[int, float, int]]
) -> Problem:
    """One member per (split, learning rate, epochs), on the whole outer training part; nothing is validated."""
    members = [_member(config, arena.seeds[split], split, lr, epochs) for split, lr, epochs in chosen]
    folds = [split.fold(contender.pair) for split in arena.outer]
    return Problem(
        net=_net(config, arena, contender),
        folds=tuple(Fold(fold.train, None, fold.weight_N, fold.statistics) for fold in folds),
        members=tuple(members),
        objectives=(contender.pair.objective,),
        training=_training(config),
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


def _choice(
    config: CompareConfig, split: int, lr: float, trial: int, outcomes: Sequence[Outcome], edge: bool
) -> Choice:
    return Choice(split, lr, kept_epoch(config, outcomes[trial]), trial, edge)


def _member(config: CompareConfig, seed: int, split: int, lr: float, epochs: int | None = None) -> Member:
    return Member(
        seed=seed,
        fold=split,
        lr=lr,
        l1=config.penalty.l1,
        l2=config.penalty.l2,
        weight_decay=config.optim.weight_decay,
        momentum=config.optim.momentum,
        epochs=epochs,
    )


def _net(config: CompareConfig, arena: Arena, contender: Contender) -> Net:
    return Net(arena.inner[0].inputs, tuple(config.net.hidden), contender.pair.outputs, config.net.activation)


def _training(config: CompareConfig) -> Training:
    optim = config.optim
    return Training(
        epochs=optim.epochs,
        batch_size=optim.batch_size,
        optimizer=optim.name,
        schedule=optim.schedule,
    )
