"""What metrics do with rows: means and counts that heed weights, quotients of them, halves. P members, N rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.deferred import np, torch
from lossbench.random_streams import generator

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


def ascending(value_PN: Tensor) -> Tensor:
    """Each member's values in ascending order; on the processor by numpy, whose sort takes a tenth of torch's time."""
    if value_PN.device.type == "cpu":
        return torch.from_numpy(np.sort(value_PN.numpy(), axis=-1))
    return value_PN.sort(-1).values


def first_half(rows: int) -> Tensor:
    """Which of so many rows are in the first of two halves, `[N]` bool: a fixed rule that sees places alone.

    Of each two neighbours one is, by a coin, so that rows in an order are spread over both halves and rows in a period
    are not told apart by it. The rule for fewer rows is the start of that for more.
    """
    coin = torch.from_numpy(generator(0, "halves").random((rows + 1) // 2) < 0.5)
    return torch.stack([coin, ~coin], -1).flatten()[:rows]
