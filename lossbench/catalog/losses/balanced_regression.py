"""Losses of a batch of numbers that predict as if all target values were equally frequent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.estimands import BALANCED_MEAN
from lossbench.catalog.loss import loss
from lossbench.catalog.losses import TARGET_UNIT, Threshold
from lossbench.catalog.losses.domains import NUMBER, VALUE
from lossbench.catalog.losses.row_operations import mean_over_rows
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 128  # compared with a batch's targets at once: memory goes as rows times ROWS, and the gradient compares anew


@loss(
    targets=VALUE,
    **NUMBER,
    per="batch",
    decode=Decoder.IDENTITY,
    reference="Ren et al. 2022, arXiv:2203.16427, equation 13 (batch-based Monte Carlo)",
    estimates="the mean if all target values were equally frequent",
    use="Use it when rare target values matter as much as frequent ones; not when you are scored by the plain error of "
    "the rows, nor with small batches",
    value_estimand=BALANCED_MEAN,
    pitfalls=(
        "it compares every prediction with every target of the batch: its time goes as the batch's square",
        "it depends on the batch: its targets stand for all values",
        f"noise, the standard deviation of a prediction's error, is {TARGET_UNIT}",
    ),
    floor=None,  # 0 where all rows count alike; a row of a weight below 1 is told from the others more easily
    convex=True,
    also_try={"noise": 0.3},
)
def balanced_mse(f_B1: Tensor, y_B1: Tensor, weight_B: Tensor, *, noise: Threshold = 1.0) -> Tensor:
    """mean_i (f_i - y_i)^2 + 2 s^2 log sum_j exp(-(f_i - y_j)^2 / (2 s^2)) over a batch's rows i and j; s is noise.

    That is 2 s^2 times the cross-entropy of telling a row's own target from the others' of the batch.
    """
    log_weight_1B, y_1B = weight_B.log().unsqueeze(-2), y_B1.mT

    def log_density(some_R1: Tensor) -> Tensor:
        return (log_weight_1B - (some_R1 - y_1B).square() / (2 * noise**2)).logsumexp(-1)

    parts = torch.split(f_B1, ROWS, -2)
    if len(parts) == 1:
        density_B = log_density(f_B1)
    else:
        from torch.utils.checkpoint import checkpoint

        density_B = torch.cat([checkpoint(log_density, part, use_reentrant=False) for part in parts], -1)
    return mean_over_rows((f_B1 - y_B1).square().mean(-1) + 2 * noise**2 * density_B, weight_B)
