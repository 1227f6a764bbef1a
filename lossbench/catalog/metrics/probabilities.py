"""Metrics of class probabilities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lossbench.catalog.estimands import PROBABILITIES
from lossbench.catalog.metrics.metric import CLASSIFICATION, METRICS, metric
from lossbench.catalog.metrics.rows import mean
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

ECE_BINS = 15


@METRICS.add
@metric(
    "log_loss",
    "probability",
    CLASSIFICATION,
    worst=math.inf,
    best=0.0,
    rope="dummy_error",
    estimand=PROBABILITIES,
    soft=True,
)
def log_loss(p_PNC: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of -log p_y, p clipped at 2.2e-16.

    Of probabilities t as truth the expected one, sum_k t_k (-log p_k).
    """
    eps = torch.finfo(torch.float64).eps
    if not truth_PN.is_floating_point():  # a class alone of each row needs a logarithm
        return -mean(_own(p_PNC, truth_PN).clamp(eps, 1 - eps).log(), weight_PN)
    return -mean(_own(p_PNC.clamp(eps, 1 - eps).log(), truth_PN), weight_PN)


@METRICS.add
@metric(
    "brier", "probability", CLASSIFICATION, worst=1.0, best=0.0, rope="dummy_error", estimand=PROBABILITIES, soft=True
)
def brier(p_PNC: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of half the squared distance of p to the one-hot truth.

    scikit-learn's brier_score_loss with scale_by_half=True, which is its default for two classes only. Of probabilities
    t as truth the expected one, sum_k t_k |p - e_k|^2 / 2.
    """
    if truth_PN.is_floating_point():
        square_PN = p_PNC.square().sum(-1) - 2 * (p_PNC * truth_PN).sum(-1) + truth_PN.sum(-1)
        return 0.5 * mean(square_PN, weight_PN)
    minus_one = p_PNC.new_tensor(-1.0).expand(*truth_PN.shape, 1)
    return 0.5 * mean(p_PNC.scatter_add(-1, truth_PN[..., None], minus_one).square_().sum(-1), weight_PN)


@METRICS.add
@metric(
    "ece",
    "probability",
    CLASSIFICATION,
    worst=1.0,
    best=0.0,
    rope="dummy_error_rate",
    estimand=PROBABILITIES,
    soft=True,
)
def ece(p_PNC: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Expected calibration error of the most probable class: |accuracy - mean probability| over 15 equal-width bins.

    Of probabilities as truth a decision is right with the probability of the decided class.
    """
    confidence, label = p_PNC.max(-1)
    hit = _own(truth_PN, label) if truth_PN.is_floating_point() else (label == truth_PN).double()
    bounds = torch.linspace(0, 1, ECE_BINS + 1, dtype=torch.float64, device=p_PNC.device)[1:-1]
    bin_PN = torch.searchsorted(bounds, confidence.contiguous())  # bins (lower, upper]
    gap = torch.zeros(len(p_PNC), ECE_BINS, dtype=torch.float64, device=p_PNC.device)
    if weight_PN is None:
        return gap.scatter_add(1, bin_PN, hit - confidence).abs().sum(-1) / p_PNC.shape[1]
    return gap.scatter_add(1, bin_PN, weight_PN * (hit - confidence)).abs().sum(-1) / weight_PN.sum(-1)


def _own(p_PNC: Tensor, truth_PN: Tensor) -> Tensor:
    """The true class's value `[P, N]`; the expected one where the truth is probabilities."""
    if truth_PN.is_floating_point():
        return (p_PNC * truth_PN).sum(-1)
    return p_PNC.gather(-1, truth_PN.unsqueeze(-1)).squeeze(-1)
