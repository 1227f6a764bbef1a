"""The engine's problem that an estimator's rows are: one net, one fold.

N rows, D inputs, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossbench.catalog.metrics import Metric
from lossbench.catalog.targets import encode
from lossbench.config.commands.train import TrainConfig
from lossbench.engine.device import resolve_device
from lossbench.engine.kernel.choice import resolve_kernel
from lossbench.engine.problem import Fold, Member, Problem, SplitPart, Training
from lossbench.experiments.setup.metric_choice import auto_metric
from lossbench.experiments.setup.net import net_for
from lossbench.experiments.setup.pair import Pair
from lossbench.experiments.setup.target_weight import weighted_by_target

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """What a net learns from: inputs `[N, D]`, truths `[N]` (or `[N, K]`), the places of the rows that it trains on and
    of those that are held out, and what a row counts, in training times `class_weight_N`."""

    x_ND: Array
    truth_N: Array
    rows: Array
    held: Array | None = None
    weight_N: Array | None = None
    class_weight_N: Array | None = None

    def class_counts(self, classes: int) -> Tensor:
        """What the training rows of each class count together, `[C]`."""
        own = torch.from_numpy(np.array(self.truth_N))[torch.from_numpy(self.rows)]
        return torch.bincount(own, relative(self.weight_N, self.rows), minlength=classes).float()

    def metric(self, pair: Pair) -> Metric:
        """The metric that rows which are held out are scored by."""
        counts = np.bincount(self.truth_N, self.weight_N).tolist() if pair.task.is_classification else []
        return auto_metric(pair.task, [counts], [pair.loss])


def problem_of(
    given: TrainingRows,
    pair: Pair,
    config: TrainConfig,
    metric: Metric,
    *,
    seed: int,
    class_counts: Tensor | None,
) -> Problem:
    """One net that learns from these rows; `class_counts [C]` are for the losses that ask."""
    truth = torch.from_numpy(np.array(given.truth_N))

    def part(some: Array) -> SplitPart:
        own = truth[torch.from_numpy(some)]
        target = encode(own, pair.encoding, pair.classes, name=pair.loss.name, where="y")
        return SplitPart(torch.from_numpy(given.x_ND[some]).float(), target, own, relative(given.weight_N, some))

    weight_N, held = given.weight_N, given.held
    if given.class_weight_N is not None:
        weight_N = given.class_weight_N * (1.0 if weight_N is None else weight_N)
    own_truth = truth[torch.from_numpy(given.rows)]
    weight = weighted_by_target(pair.target_weight, own_truth, relative(weight_N, given.rows))
    held_weight = None if held is None else relative(given.weight_N, held)
    l1, l2 = config.penalty.split()
    optim, stopping = config.optim, config.early_stopping
    return Problem(
        net=net_for(config.net, given.x_ND.shape[1], pair),
        folds=(
            Fold(
                part(given.rows),
                None if held is None else part(held),
                weight,
                {} if class_counts is None else {"class_counts": class_counts},
            ),
        ),
        members=(Member(seed, lr=optim.lr, l1=l1, l2=l2, weight_decay=optim.weight_decay, momentum=optim.momentum),),
        objectives=(pair.objective,),
        training=Training(
            epochs=optim.epochs,
            batch_size=None if optim.batch_size is None else min(optim.batch_size, len(given.rows)),
            optimizer=optim.name,
            schedule=optim.schedule,
            patience=stopping.patience,
            min_delta=stopping.min_delta,
            keep=stopping.keep,
            kernel=resolve_kernel(config.kernel, resolve_device(config.device), config.net.activation).name,
        ),
        score=None if held is None else lambda out, true, *_: metric(pair.read(out), true, held_weight),
        better=metric.better,
    )


def relative(weight_N: Array | None, rows: Array) -> Tensor | None:
    """The weights of some rows, of mean 1."""
    return None if weight_N is None else torch.from_numpy(weight_N[rows] / weight_N[rows].mean()).float()
