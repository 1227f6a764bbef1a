"""The regularised incomplete beta function, which torch does not have: distribution functions are made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

TINIEST = 1e-300
MOST_TERMS = 2_000  # it takes some sqrt(max(a, b))
PRECISION = 1e-14


def betainc(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """I_x(a, b) = integral from 0 to x of t^(a-1) (1-t)^(b-1) dt / B(a, b); a, b > 0, 0 <= x <= 1, float64.

    The continued fraction of DLMF 8.17.22 by Lentz's method, on the side of the mean where it converges fast.
    """
    zero = torch.zeros_like(a.double() * b.double() * x.double())  # of their common shape
    a, b, x = a.double() + zero, b.double() + zero, x.double() + zero
    swapped = x > (a + 1) / (a + b + 2)
    a, b, x = torch.where(swapped, b, a), torch.where(swapped, a, b), torch.where(swapped, 1 - x, x)
    front = (torch.xlogy(a, x) + b * torch.log1p(-x) + (a + b).lgamma() - a.lgamma() - b.lgamma()).exp() / a
    value = front * _continued_fraction(a, b, x)
    return torch.where(swapped, 1 - value, value)


def _continued_fraction(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    def kept(value: Tensor) -> Tensor:
        return torch.where(value.abs() < TINIEST, TINIEST, value)

    c = torch.ones_like(x)
    d = 1 / kept(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, MOST_TERMS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / kept(1 + numerator * d), kept(1 + numerator / c)
            found = found * d * c
        if bool(((d * c - 1).abs() < PRECISION).logical_or(found.isnan()).all()):
            break
    return found
