"""Evidential losses: the net gives a distribution over predictions, not one prediction.

What they call epistemic uncertainty is not identified by the data; only the prediction itself is scored here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, cast

from annotated_types import Ge

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import CLASSES, POSITIVE_NUMBER, VALUE, because
from lossbench.catalog.losses.row_operations import one_hot
from lossbench.catalog.vocabulary import Space
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


@loss(
    targets=CLASSES,
    **{
        **POSITIVE_NUMBER,
        "risky": {
            Space.NONNEGATIVE: "evidence that dies at 0 never returns",
            **because("evidence stays below 1, so no prediction is sure", Space.UNIT, Space.SIMPLEX),
        },
    },
    decode=Decoder.EVIDENCE,
    min_outputs=2,
    reference="Sensoy, Kaplan & Kandemir 2018, arXiv:1806.01768",
    estimates="near the class probabilities",
    use="Use it to see how little evidence a prediction rests on; not as a calibrated uncertainty",
    pitfalls=("the paper anneals lam from 0; here it is constant", "relu evidence dies: softplus"),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"lam": 1.0},  # where the paper's annealing ends
    common=True,
)
def evidential(e_BK: Tensor, y_B: Tensor, *, lam: Annotated[float, Ge(0)] = 0.1) -> Tensor:
    """sum_k (t_k - p_k)^2 + p_k (1 - p_k) / (S + 1), plus lam KL(Dir(t + (1 - t) a) | Dir(1)).

    a = evidence + 1 are the parameters of a Dirichlet distribution, S their sum and p = a / S its mean.
    """
    alpha, t = e_BK + 1, one_hot(y_B, e_BK)
    total = alpha.sum(-1, keepdim=True)
    p = alpha / total
    score = ((t - p).square() + p * (1 - p) / (total + 1)).sum(-1)
    wrong = t + (1 - t) * alpha
    sum_wrong = wrong.sum(-1)
    classes = e_BK.shape[-1]
    divergence = (
        _gamma_term(sum_wrong) + (classes - 1) * sum_wrong.digamma() - math.lgamma(classes) - _gamma_term(wrong).sum(-1)
    )
    return score + lam * divergence


def _gamma_term(a: Tensor) -> Tensor:
    """log Gamma(a) + a - (a - 1) digamma(a), which grows as log(a) / 2 though its terms grow as a log a."""
    return _gamma_function()(a)


@cache
def _gamma_function() -> Callable[[Tensor], Tensor]:
    """`_gamma_term` with its derivative 1 - (a - 1) trigamma(a), to which autograd takes four times the operations."""

    class GammaTerm(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Tensor) -> Tensor:
            ctx.save_for_backward(a)
            return _by_terms_or_series(
                a,
                lambda x: x.lgamma() + x - (x - 1) * x.digamma(),
                lambda x, i: (
                    0.5 * (x.log() + math.log(2 * math.pi))
                    + (i / 12 - i**3 / 360)
                    + (1 - i) * (0.5 + i / 12 - i**3 / 120)
                ),
            )

        @staticmethod
        def backward(ctx: Any, *slopes: Tensor) -> Tensor:
            (a,) = ctx.saved_tensors
            return slopes[0] * _by_terms_or_series(
                a,
                lambda x: 1 - (x - 1) * torch.polygamma(1, x),
                lambda _, i: i / 2 + i**2 / 3 + i**3 / 6 + (i**4 - i**5) / 30,
            )

    return cast("Callable[[Tensor], Tensor]", GammaTerm.apply)


def _by_terms_or_series(
    a: Tensor, terms: Callable[[Tensor], Tensor], series: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """`terms(a)`; beyond a = 50, where only their rounding would be left, Stirling's series of a and 1 / a."""
    is_large = a > 50
    if not is_large.any():  # the same values, whatever stands beside them
        return terms(a)
    large = a.clamp_min(50)
    return torch.where(is_large, series(large, 1 / large), terms(a.clamp_max(50)))


@loss(
    targets=VALUE,
    sound=(Space.NORMAL_INVERSE_GAMMA,),
    outputs=4,
    decode=Decoder.NORMAL_INVERSE_GAMMA,
    reference="Amini et al. 2020, arXiv:1910.02600; what it does not identify: Meinert et al. 2023, arXiv:2205.10060",
    floor=None,
    estimates="centre of a Student t, for a skewed target on the bulk's side of the mean; nu and alpha not identified",
    use="Use it to compare with the uncertainty of others; not as one, since the data do not identify it",
    pitfalls=("its epistemic uncertainty is a heuristic",),
    convex=False,
    also_try={"lam": 0.1},
    common=True,
)
def evidential_regression(out_B4: Tensor, y_B1: Tensor, *, lam: Annotated[float, Ge(0)] = 0.01) -> Tensor:
    """Negative log-likelihood of a Student t (m, nu, alpha, beta) + lam |y - m| (2 nu + alpha).

    The t, which is also what is predicted, has 2 alpha degrees of freedom, the location m and the scale
    sqrt(beta (1 + nu) / (nu alpha)).
    """
    mean, nu, alpha, beta = out_B4.unbind(-1)
    e = y_B1[..., 0] - mean
    omega = 2 * beta * (1 + nu)
    likelihood = (
        0.5 * (math.log(math.pi) - nu.log() + omega.log())
        + (alpha + 0.5) * torch.log1p(e.square() * nu / omega)
        + alpha.lgamma()
        - (alpha + 0.5).lgamma()
    )
    return likelihood + lam * e.abs() * (2 * nu + alpha)
