"""From outputs to scores: predictions in the target's own units, every metric that suits the task, and the dummy.

P members, N rows, K outputs, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from lossbench.catalog.decoders import Prediction
from lossbench.catalog.distributions import Normal
from lossbench.catalog.metrics import Metric
from lossbench.catalog.metrics.needs import Reading
from lossbench.catalog.metrics.rows import mean
from lossbench.catalog.vocabulary import Encoding
from lossbench.experiments.setup.pair import Pair
from lossbench.experiments.setup.prepared_split import PreparedSplit
from lossbench.record import MetricRecord, Scores


def predict(pair: Pair, out_PNK: Tensor, splits: Sequence[PreparedSplit]) -> Prediction:
    """What P nets' outputs predict, in the target's own units; each net's split has its own scale."""
    prediction = pair.read(out_PNK)
    if pair.encoding is not Encoding.FLOAT:
        return prediction
    device = out_PNK.device
    scale = torch.tensor([[split.scale] for split in splits], dtype=torch.float64, device=device)
    center = torch.tensor([[split.center] for split in splits], dtype=torch.float64, device=device)
    return prediction.scaled(scale, center)


def scores(pair: Pair, out_NK: Tensor, split: PreparedSplit, part: str, metrics: Sequence[Metric]) -> Scores:
    """The metrics of one member's outputs on a part; None where the loss gives no such prediction, and where the
    outputs are none (not finite, or no probabilities): nothing was measured there."""
    return prediction_scores(predict(pair, out_NK[None], [split]), split, part, metrics)


def prediction_scores(prediction: Prediction, split: PreparedSplit, part: str, metrics: Sequence[Metric]) -> Scores:
    """The metrics of one prediction of a split's part; None where one is not measured."""
    return _measured(prediction, split.truth_N[part][None], weights_of([split], part), metrics)


def _measured(prediction: Prediction, truth_PN: Tensor, weight_PN: Tensor | None, metrics: Sequence[Metric]) -> Scores:
    reading = Reading(prediction)
    return {
        metric.name: float(metric(reading, truth_PN, weight_PN)[0])
        if metric.can_score(prediction) and metric.measures(reading)[0]
        else None
        for metric in metrics
    }


def weights_of(splits: Sequence[PreparedSplit], part: str) -> Tensor | None:
    """What the rows of a part count, one split a member, `[P, N]` float64; None where all rows count alike."""
    return torch.stack([split.weight_N[part] for split in splits]) if part in splits[0].weight_N else None


def validation_score(
    metric: Metric, pairs: Sequence[Pair], splits: Sequence[PreparedSplit], *, unmeasured: float | None = None
) -> Callable[..., Tensor]:
    """The engine's score: the metric of members' outputs `[P, N, K]` against `truth_PN`, given each member's fold and
    objective (indices into `splits` and `pairs`). A pair that gives no such prediction scores NaN.

    Outputs that the metric cannot read (not finite, no probabilities) score `unmeasured`, or the metric's worst.
    """

    def score(out_PNK: Tensor, truth_PN: Tensor, folds: Sequence[int], objectives: Sequence[int]) -> Tensor:
        values = out_PNK.new_full((len(out_PNK),), torch.nan, dtype=torch.float64)
        for objective in set(objectives):
            pair = pairs[objective]
            members = [i for i, o in enumerate(objectives) if o == objective]
            own = [splits[folds[i]] for i in members]
            prediction = predict(pair, out_PNK[members], own)
            if metric.can_score(prediction):
                weight = weights_of(own, "validation")
                weight = None if weight is None else weight.to(out_PNK.device)
                value = metric(prediction, truth_PN[members], weight).double()
                if unmeasured is not None:
                    value = value.where(metric.measures(prediction), unmeasured)
                values[members] = value
        return values

    return score


def score_dummy(split: PreparedSplit, classes: int, part: str, metrics: Sequence[Metric]) -> Scores:
    """What the training part's majority class (its classes' shares as probabilities) or its target mean scores.

    Where the target is scaled by its median, because a few values make the mean, that is predicted instead.
    A regression has 0 `classes`. Shares, mean and median are those of the weighted rows. As every row is predicted
    alike, the rows of a class are scored as one row that counts as much as all of them.
    """
    truth, train, whole = split.truth_N[part], split.truth_N["train"], weights_of([split], part)
    weight = split.weight_N.get("train")
    if not classes:
        center = torch.tensor(split.center, dtype=torch.float64)
        point = center.expand(1, *truth.shape)
        prediction = Prediction(point_PN=point)
        if center.ndim == 0:
            spread = mean((train - center).square(), weight).sqrt()
            prediction = Prediction(point_PN=point, distribution=Normal(point, torch.full_like(point, float(spread))))
    else:
        share = _shares(train, weight, classes)
        if not truth.is_floating_point() and all(metric.takes_weights for metric in metrics):
            whole = torch.bincount(truth, None if whole is None else whole[0], minlength=classes).double()[None]
            truth = torch.arange(classes)
        probability = share.expand(1, len(truth), classes)
        prediction = Prediction(probability.clamp_min(1e-12).log(), probability)
    return _measured(prediction, truth[None], whole, metrics)


def _shares(train: Tensor, weight_N: Tensor | None, classes: int) -> Tensor:
    """The classes' shares of the training rows, `[C]`; of probabilities `[N, C]` their means."""
    if train.is_floating_point():
        return torch.stack([mean(column, weight_N) for column in train.T])
    whole = len(train) if weight_N is None else weight_N.sum()
    return torch.bincount(train, weight_N, minlength=classes).double() / whole


def scores_by_target(
    prediction: Prediction, split: PreparedSplit, part: str, metrics: Sequence[Metric]
) -> list[Scores]:
    """The metrics of one prediction of several values, target by target; nothing of a single one."""
    if prediction.point_PN is None or prediction.point_PN.ndim < 3:
        return []
    weight_PN = weights_of([split], part)
    found = []
    for k in range(prediction.point_PN.shape[-1]):
        one, truth = Prediction(point_PN=prediction.point_PN[..., k]), split.truth_N[part][None, :, k]
        found.append({m.name: float(m(one, truth, weight_PN)[0]) if m.can_score(one) else None for m in metrics})
    return found


def mean_known(values: Sequence[float | None]) -> float | None:
    """The mean of those that are numbers; None where none is."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def metric_record(metric: Metric) -> MetricRecord:
    """A metric as a report must know it."""
    low, high = metric.bounds
    return MetricRecord(
        name=metric.name,
        better=metric.better,
        formula=metric.formula,
        low=low,
        high=high,
        rope=metric.rope,
        unit=metric.unit,
        estimand=metric.estimated,
    )
