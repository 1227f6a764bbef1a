"""What metrics do with rows: means and counts that heed weights, and quotients of them. P members, N rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


def ratio(above: Tensor, below: Tensor, where_zero: float = 0.0) -> Tensor:
    """above / below, and a value of its own where below is 0."""
    return torch.where(below > 0, above / below.clamp_min(torch.finfo(torch.float64).tiny), where_zero)


def mean(value_PN: Tensor, weight_PN: Tensor | None) -> Tensor:
    """The rows' mean `[P]`, weighted where there are weights; whatever a row of weight 0 has, it is not in it."""
    if weight_PN is None:
        return value_PN.mean(-1)
    return torch.where(weight_PN > 0, value_PN * weight_PN, 0.0).sum(-1) / weight_PN.sum(-1)


def counted(which_PN: Tensor, weight_PN: Tensor | None) -> Tensor:
    """What each row adds to a count: its weight, or 1, where `which_PN` holds; else 0."""
    return which_PN.double() if weight_PN is None else which_PN * weight_PN
