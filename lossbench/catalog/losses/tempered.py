"""The tempered softmax, heavy-tailed for t > 1 (Amid et al. 2019, arXiv:1906.03361).

Shapes: B rows (any leading axes), K classes. The classes come first in memory, since sums over a short last axis are
slow. d_k >= 0 is how far (t - 1) z_k lies below its row's largest, and exp_t(z_k - normaliser) = (1 + v + d_k)^(-1 /
(t - 1)) with v >= 0, which is what is solved for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from lossbench.catalog.over_classes import log_softmax
from lossbench.deferred import np, torch

if TYPE_CHECKING:
    from torch import Tensor


def tempered_log_softmax(z_BK: Tensor, t: float) -> Tensor:
    """log exp_t(z - normaliser), where each row's exponentials sum to 1 (t >= 1; t = 1 is the log-softmax).

    exp_t(x) = (1 + (1 - t) x)^(1 / (1 - t)).
    """
    return log_softmax(z_BK) if t == 1 else _function()(z_BK, t)


@cache
def _function() -> Callable[[Tensor, float], Tensor]:
    class TemperedLogSoftmax(torch.autograd.Function):
        """`tempered_log_softmax` for t > 1, and its derivative by hand."""

        @staticmethod
        def forward(ctx: Any, z_BK: Tensor, t: float) -> Tensor:
            z_KB = z_BK.movedim(-1, 0).contiguous()
            d_KB = torch.sub(z_KB.amax(0), z_KB).mul_(t - 1)
            log_p_KB = d_KB.add_(_solved(d_KB, t)).log1p_().div_(1 - t)
            log_p_BK = log_p_KB.movedim(0, -1)
            ctx.t = t
            ctx.save_for_backward(log_p_BK)
            return log_p_BK

        @staticmethod
        def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
            """d log p_k / d z_j = p_k^(t - 1) (delta_jk - w_j), where w, the escort distribution, goes as p^t."""
            (log_p_BK,) = ctx.saved_tensors
            rate_BK = ((ctx.t - 1) * log_p_BK).exp()
            escort_BK = rate_BK * log_p_BK.exp()
            escort_BK = escort_BK / escort_BK.sum(-1, keepdim=True)
            slope_BK = slopes[0] * rate_BK
            for _ in range(2):  # the second time takes away what the first one's rounding leaves of a sure class
                slope_BK = slope_BK - escort_BK * slope_BK.sum(-1, keepdim=True)
            return slope_BK, None

    return cast("Callable[[Tensor, float], Tensor]", TemperedLogSoftmax.apply)


def _solved(d_KB: Tensor, t: float) -> Tensor:
    """v: with S the exponentials' sum, S^(1 - t) is 1 there.

    That rises with v and is concave (it is a power mean of linear functions), and nearly straight: Newton's steps rise
    to it from the left. As many are made for every row: when a row is done must not depend on its neighbours.
    """
    v_B = torch.zeros_like(d_KB[0])
    for _ in range(_steps(t, len(d_KB), torch.finfo(d_KB.dtype).eps)):
        rise_KB = d_KB + v_B
        exp_t_KB = rise_KB.log1p().div_(1 - t).exp_()
        total_B = exp_t_KB.sum(0)
        share_B = exp_t_KB.div_(rise_KB.add_(1)).sum(0)
        v_B.addcdiv_(total_B.log().mul_(t - 1).expm1_().mul_(total_B), share_B)
    return v_B


@cache
def _steps(t: float, classes: int, precision: float) -> int:
    """How many of Newton's steps the hardest rows take: n classes at the maximum, all others equally far below it.

    They are made here in float64, until the exponentials' sum is 1 to that precision.
    """
    top_N1 = 2.0 ** np.arange(max(1, math.ceil(math.log2(classes))))[:, None]
    d_D = (t - 1) * np.geomspace(1e-3, 1e3 * float(classes) ** (t - 1), 400)
    v_ND, steps = np.zeros((len(top_N1), len(d_D))), 0
    while True:
        near = top_N1 * np.exp(np.log1p(v_ND) / (1 - t))
        far = (classes - top_N1) * np.exp(np.log1p(v_ND + d_D) / (1 - t))
        total = near + far
        if np.max(np.abs(total - 1)) <= max(precision / 8, 1e-14):  # which float64 can tell
            return steps
        v_ND += np.expm1((t - 1) * np.log(total)) * total / (near / (1 + v_ND) + far / (1 + v_ND + d_D))
        steps += 1
