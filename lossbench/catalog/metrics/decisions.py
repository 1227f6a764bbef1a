"""Metrics of decided classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.catalog.estimands import BALANCED_CLASS, MOST_PROBABLE
from lossbench.catalog.metrics.metric import CLASSIFICATION, METRICS, metric
from lossbench.catalog.metrics.rows import counted, mean, ratio
from lossbench.catalog.vocabulary import Task
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


@METRICS.add
@metric("accuracy", "label", CLASSIFICATION, worst=0.0, best=1.0, rope="absolute", estimand=MOST_PROBABLE)
def accuracy(label_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Share of rows whose class is predicted correctly."""
    return mean((label_PN == truth_PN).double(), weight_PN)


@METRICS.add
@metric("balanced_accuracy", "label", CLASSIFICATION, worst=0.0, best=1.0, rope="absolute", estimand=BALANCED_CLASS)
def balanced_accuracy(label_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean recall of the classes that occur in the truth."""
    counts = _confusion(label_PN, truth_PN, weight_PN)
    size = counts.sum(-1)
    recall = ratio(counts.diagonal(dim1=-2, dim2=-1), size)
    return recall.sum(-1) / (size > 0).sum(-1)


@METRICS.add
@metric("f1_macro", "label", CLASSIFICATION, worst=0.0, best=1.0, rope="absolute")
def f1_macro(label_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of 2 TP / (2 TP + FP + FN) over the classes that occur or are predicted."""
    counts = _confusion(label_PN, truth_PN, weight_PN)
    total = counts.sum(-1) + counts.sum(-2)
    return ratio(2 * counts.diagonal(dim1=-2, dim2=-1), total).sum(-1) / (total > 0).sum(-1)


@METRICS.add
@metric("f1", "label", frozenset({Task.BINARY}), worst=0.0, best=1.0, rope="absolute")
def f1(label_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """2 TP / (2 TP + FP + FN) of the second class; 0 where it neither occurs nor is predicted."""
    decided, occurs = label_PN == 1, truth_PN == 1
    both, one, other = (counted(which, weight_PN).sum(-1) for which in (decided & occurs, decided, occurs))
    return ratio(2 * both, one + other)


@METRICS.add
@metric("mcc", "label", CLASSIFICATION, worst=-1.0, best=1.0, rope="absolute")
def mcc(label_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Matthews correlation of truth and decision; 0 if either is constant."""
    counts = _confusion(label_PN, truth_PN, weight_PN)
    seen, decided, rows = counts.sum(-1), counts.sum(-2), counts.sum((-1, -2))
    covariance = counts.diagonal(dim1=-2, dim2=-1).sum(-1) * rows - (seen * decided).sum(-1)
    spread = (rows**2 - decided.square().sum(-1)) * (rows**2 - seen.square().sum(-1))
    return ratio(covariance, spread.clamp_min(0).sqrt())


@METRICS.add
@metric(
    "quadratic_kappa",
    "label",
    CLASSIFICATION,
    worst=-1.0,
    best=1.0,
    rope="absolute",
    on_request=CLASSIFICATION - {Task.ORDINAL},
)
def quadratic_kappa(label_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Cohen's kappa with quadratic weights, 1 - sum w O / sum w E, w = (i - j)^2: classes are grades, in table order.

    0 where truth and decision are one and the same class throughout.
    """
    counts = _confusion(label_PN, truth_PN, weight_PN)
    grade = torch.arange(counts.shape[-1], dtype=torch.float64, device=counts.device)
    weight = (grade[:, None] - grade).square()
    expected = counts.sum(-1, keepdim=True) * counts.sum(-2, keepdim=True) / counts.sum((-1, -2), keepdim=True)
    return 1 - ratio((weight * counts).sum((-1, -2)), (weight * expected).sum((-1, -2)), where_zero=1.0)


def _confusion(label_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None) -> Tensor:
    """Rows, or the sum of their weights, `[P, C, C]` of each (true class, decided class)."""
    classes = int(torch.maximum(label_PN.max(), truth_PN.max())) + 1
    flat = torch.zeros(len(label_PN), classes * classes, dtype=torch.float64, device=label_PN.device)
    cell = truth_PN * classes + label_PN
    rows = torch.ones_like(cell, dtype=torch.float64) if weight_PN is None else weight_PN
    return flat.scatter_add(1, cell, rows).view(-1, classes, classes)
