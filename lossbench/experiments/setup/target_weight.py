"""Target weights of a regression: none, or label-distribution smoothing (LDS).

N rows, B bins. The density of the training targets is their histogram in 100 bins of equal width between the least and
the greatest of them, convolved with a Gaussian of standard deviation 2 bins that is cut to 5 bins. A row weighs the
inverse of the density in its target's bin ("lds"), or the root of that ("sqrt_lds"). Weights are scaled to a mean of 1
over the training part's rows: they move the balance between values, never the learning rate (Yang, Zha, Chen, Wang &
Katabi 2021, arXiv:2102.09554, section 3.1).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError

ALIKE = "none"
DENSITY_POWER = {ALIKE: 0.0, "lds": 1.0, "sqrt_lds": 0.5}  # a row weighs the inverse of its density to that power

BINS = 100  # as the paper's ages in years and depths in decimetres have
REACH, DEVIATION = 2, 2.0  # of the kernel, in bins: it has 2 * REACH + 1 of them


def check_target_weight(wanted: str, task: Task, targets: int, *, where: str) -> str:
    """The word that a config says; `UserError` for classes, and for several targets, which have no one density."""
    if wanted == ALIKE:
        return wanted
    if task.is_classification:
        fix = "weight classes by class_weight, or leave it out"
        raise UserError("target_weight needs a regression", where=where, fix=fix)
    if targets > 1:
        fix = "name one target, or leave it out"
        raise UserError(f"target_weight needs one target, and there are {targets}", where=where, fix=fix)
    return wanted


def target_weights(target_weight: str, target_N: Tensor, weight_N: Tensor | None = None) -> Tensor | None:
    """What each training row counts by its target, `[N]` float64; None where all count alike.

    `weight_N` is what a row counts otherwise: the density is that of the rows so weighted, and the product of the two
    has the mean of `weight_N`.
    """
    if target_weight == ALIKE:
        return None
    density_N = _density(target_N.double().numpy(), None if weight_N is None else weight_N.double().numpy())
    inverse_N = torch.from_numpy(density_N ** -DENSITY_POWER[target_weight])
    weight = torch.ones_like(inverse_N) if weight_N is None else weight_N.double()
    return inverse_N * weight.sum() / (weight * inverse_N).sum()


def weighted_by_target(target_weight: str, target_N: Tensor, weight_N: Tensor | None) -> Tensor | None:
    """What each training row counts, `[N]` float32: by its target, times `weight_N`, what it counts otherwise."""
    by_target = target_weights(target_weight, target_N, weight_N)
    if by_target is None:
        return weight_N
    return by_target.float() if weight_N is None else weight_N * by_target.float()


def _density(target_N: np.ndarray, weight_N: np.ndarray | None) -> np.ndarray:
    """The smoothed number of training rows in each target's bin, `[N]`, above 0; a row outside of the bins is none."""
    edges = np.linspace(target_N.min(), target_N.max(), BINS + 1)
    bin_N = np.searchsorted(edges[1:-1], target_N, side="right")  # the last bin has its upper edge, as numpy's has
    rows_B = np.bincount(bin_N, weight_N, minlength=BINS).astype(np.float64)
    kernel = np.exp(-0.5 * (np.arange(-REACH, REACH + 1) / DEVIATION) ** 2)
    smooth: np.ndarray = np.convolve(rows_B, kernel / kernel.sum(), mode="same")[bin_N]
    return smooth
