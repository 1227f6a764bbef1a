"""Row operations that losses share, kept finite where the plain formula is not.

Shapes: B rows, K columns; any leading axes. Every function keeps the leading axes and never mixes rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lossbench.catalog.over_classes import argmax, classes_first, log_softmax, logsumexp, softmax
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

STEEPEST = 60.0  # e^60 = 1e26: its square still fits into float32


def own(x_BK: Tensor, y_B: Tensor) -> Tensor:
    """x_y, the column of a row's own class -> `[..., B]`."""
    return x_BK.gather(-1, y_B.unsqueeze(-1)).squeeze(-1)


def hide_own(x_BK: Tensor, y_B: Tensor) -> Tensor:
    """The row with -inf in its own class's column, which no maximum and no exponential sum sees."""
    return x_BK.scatter(-1, y_B.unsqueeze(-1), -torch.inf)


def log_p(z_BK: Tensor, y_B: Tensor) -> Tensor:
    """log p_y with p = softmax(z) -> `[..., B]`."""
    return own(log_softmax(z_BK), y_B)


def log_not_p(z_BK: Tensor, y_B: Tensor) -> Tensor:
    """log(1 - p_y) with p = softmax(z) -> `[..., B]`; exact where p_y rounds to 1."""
    z_BK = classes_first(z_BK)
    return logsumexp(hide_own(z_BK, y_B)) - logsumexp(z_BK)


def log_not_p_each(z_BK: Tensor) -> Tensor:
    """log(1 - p_k) with p = softmax(z), for every class -> `[..., B, K]`; exact where p_k rounds to 1."""
    top_B1 = argmax(z_BK, keepdim=True)  # every other p is at most one half, where log1p keeps its digits
    others_BK = softmax(z_BK).scatter(-1, top_B1, 0.0)
    return others_BK.neg().log1p().scatter(-1, top_B1, log_not_p(z_BK, top_B1.squeeze(-1)).unsqueeze(-1))


def one_hot(y_B: Tensor, like_BK: Tensor) -> Tensor:
    """The class index as a row of 0 and 1 of the same shape and type as the outputs."""
    return torch.zeros_like(like_BK).scatter(-1, y_B.unsqueeze(-1), 1.0)


def steep_exp(x: Tensor) -> Tensor:
    """e^x; beyond x = 60 its tangent, so that values and gradients stay finite and the function convex."""
    return x.clamp(max=STEEPEST).exp() * (1 + (x - STEEPEST).clamp_min(0))


def log_probability(p: Tensor) -> Tensor:
    """log p for p in [0, 1], finite at 0 with gradient 0 there; NaN outside, where there is no such logarithm."""
    inside = (p >= 0) & (p <= 1)
    return torch.where(inside, p, torch.nan).clamp_min(torch.finfo(p.dtype).tiny).log()


def steep_expm1(x: Tensor) -> Tensor:
    """e^x - 1, exact near 0; beyond x = 60 its tangent, as `steep_exp` has it."""
    return x.clamp(max=STEEPEST).expm1() + math.exp(STEEPEST) * (x - STEEPEST).clamp_min(0)


def shares(weight_B: Tensor) -> Tensor:
    """What each row counts, of 1 for the whole batch; 0 each where no row counts."""
    return weight_B / weight_B.sum(-1, keepdim=True).clamp_min(torch.finfo(weight_B.dtype).tiny)


def mean_over_rows(value_B: Tensor, weight_B: Tensor) -> Tensor:
    """The rows' mean, each counted by its weight `[..., B]` -> `[...]`; a row of weight 0 is not there."""
    return (weight_B * value_B).sum(-1) / weight_B.sum(-1).clamp_min(torch.finfo(value_B.dtype).tiny)


def root(x: Tensor) -> Tensor:
    """sqrt x for x >= 0, with gradient 0 at 0."""
    return x.clamp_min(torch.finfo(x.dtype).tiny).sqrt()
