"""Gamma functions of x >= 1, written out in sums and products.

torch's digamma takes long for many elements, its trigamma has nine digits in float64, and the terms of their sum cancel
where x is large. These functions have all digits at any x; of few elements they take longer than torch's.

They are series in w = 1 / z for a large z = x + n. From there their recurrences lead back to x, by the factors
x + n - j = z (1 - j w) (Abramowitz & Stegun 1964, 6.1.15 and 6.1.41, 6.3.5 and 6.3.18, 6.4.6 and 6.4.12).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

BERNOULLI = {2: 1 / 6, 4: -1 / 30, 6: 1 / 42, 8: -1 / 30, 10: 5 / 66, 12: -691 / 2730, 14: 7 / 6}


def entropy_term(x: Tensor, c: Tensor) -> Tensor:
    """x + log Gamma(x) - (x - c) digamma(x), which grows as (c - 1/2) log x though its terms grow as x log x.

    Its derivative in x is 1 - (x - c) trigamma(x): it needs none of the value's functions. c has none.
    """
    return _function()(x, c)


@cache
def _function() -> Callable[[Tensor, Tensor], Tensor]:
    class EntropyTerm(torch.autograd.Function):
        """`entropy_term` and its derivative by hand."""

        @staticmethod
        def forward(ctx: Any, x: Tensor, c: Tensor) -> Tensor:
            """With log Gamma(x) = (x - 1/2) log z - z + log(2 pi) / 2 + rest, and digamma(x) = log z - w d."""
            ctx.save_for_backward(x, c)
            n, bernoulli = _shift_and_numbers(x)
            z = x + n
            w = z.reciprocal()
            product, d = torch.ones_like(w), torch.full_like(w, 0.5)
            for j in range(1, n + 1):
                inverse = torch.rsub(w, 1, alpha=j).reciprocal_()
                product.mul_(inverse)
                d.add_(inverse)
            rest = product.log_()
            for (k, b), power in zip(bernoulli.items(), _odd_powers(w, len(bernoulli)), strict=True):
                rest.add_(power, alpha=b / (k * (k - 1)))
                d.add_(power, alpha=b / k)
            rest.addcmul_((x - c).mul_(w), d)
            return rest.addcmul_(c - 0.5, z.log_()).add_(0.5 * math.log(2 * math.pi) - n)

        @staticmethod
        def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
            """With trigamma(x) = w (1 + w d)."""
            x, c = ctx.saved_tensors
            n, bernoulli = _shift_and_numbers(x)
            w = (x + n).reciprocal()
            d = torch.full_like(w, 0.5)
            for j in range(1, n + 1):
                d = d + torch.rsub(w, 1, alpha=j).pow(-2)
            for b, power in zip(bernoulli.values(), _odd_powers(w, len(bernoulli)), strict=True):
                d = d.add(power, alpha=b)
            # 1 - (x - c) w (1 + w d), where 1 - (x - c) w = (c + n) w
            return slopes[0] * w * torch.addcmul(c + n, (c - x) * w, d), None

    return cast("Callable[[Tensor, Tensor], Tensor]", EntropyTerm.apply)


def _odd_powers(w: Tensor, count: int) -> list[Tensor]:
    powers, square = [w], w * w
    for _ in range(count - 1):
        powers.append(powers[-1] * square)
    return powers


def _shift_and_numbers(x: Tensor) -> tuple[int, dict[int, float]]:
    """n and as many terms as leave nothing but the rounding of x, for any x >= 1."""
    if x.dtype == torch.float64:
        return 7, BERNOULLI
    return 2, {k: b for k, b in BERNOULLI.items() if k <= 8}
