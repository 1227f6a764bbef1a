"""Evidential losses: the net gives a distribution over predictions, not one prediction.

What they call epistemic uncertainty is not identified by the data; only the prediction itself is scored here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import CLASSES, POSITIVE_NUMBER, VALUE, because
from lossbench.catalog.losses.gamma_functions import entropy_term
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

    a = evidence + 1 are the parameters of a Dirichlet distribution, S their sum and p = a / S its mean. With r the sum
    of the other classes' a, the first two sums are (sum over k != y of a_k^2 + r (r + 2)) / (S (S + 1)).
    """
    alpha, t = e_BK + 1, one_hot(y_B, e_BK)
    others = (1 - t) * alpha
    rest, total = others.sum(-1), alpha.sum(-1)
    # no square of what may be large
    score = ((others * (others / total.unsqueeze(-1))).sum(-1) + rest * ((rest + 2) / total)) / (total + 1)
    return score + lam * _divergence(others, rest, t)


def _divergence(others: Tensor, rest: Tensor, t: Tensor) -> Tensor:
    """KL(Dir(t + others) | Dir(1)): what the own class has of the whole, and then how the others share the rest.

    The first is Beta(1, rest), and Beta(1, n) of n other classes with parameters 1; a single other class has all.
    """
    n = t.shape[-1] - 1
    even = n / rest
    divergence = even - 1 - even.log()
    if n == 1:
        return divergence
    # the terms of the others, and in the own class's column that of the rest
    terms = (2 * t - 1) * entropy_term(torch.addcmul(others, t, rest.unsqueeze(-1)), 1 + (n - 1) * t)
    return divergence + terms.sum(-1) - math.lgamma(n)


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
