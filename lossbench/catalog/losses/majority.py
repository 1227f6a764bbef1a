"""Asymmetric losses: of noisy labels the class in the majority is the minimiser, not a share for each class.

Each is a falling function of p_y. Where it is concave in p_y, its expectation is least at a corner of the simplex: the
most probable class. All take K linear outputs; p is their softmax.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import CLASSES, LOGITS
from lossbench.catalog.losses.row_operations import log_p

if TYPE_CHECKING:
    from torch import Tensor

Positive = Annotated[float, Gt(0)]

PAPER = "Zhou et al. 2021, arXiv:2106.03110"
CORNER = "the most probable class, as probabilities of 0 and 1"
USE = (
    "Use it when labels are wrong in an unknown pattern and the right class is still in the majority; not when labels "
    "are clean or probabilities are wanted: take cross_entropy"
)
FLAT = "where p_y is near 0 the gradient vanishes with it: it needs more epochs"
CAUGHT = (
    "every class that is not much rarer than the most probable one (agce at q = 2, a = 1: at least half as frequent) "
    "is a local minimum of its expectation"
)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=PAPER,
    estimates=CORNER,
    use=USE,
    pitfalls=(
        FLAT,
        CAUGHT,
        "below q = 1 it is convex in p_y and no longer asymmetric at any noise; q = 1 is half of l1",
    ),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"a": 6.0, "q": 1.5},
)
def agce(z_BK: Tensor, y_B: Tensor, *, a: Positive = 1.0, q: Positive = 2.0) -> Tensor:
    """((a + 1)^q - (a + p_y)^q) / q: asymmetric generalised cross-entropy."""
    reward_B: Tensor = (a + log_p(z_BK, y_B).exp()) ** q
    value_B: Tensor = ((a + 1) ** q - reward_B) / q
    return value_B


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=PAPER,
    estimates=CORNER,
    use=USE,
    pitfalls=(FLAT, CAUGHT, "above q = 1 (the paper's p) it is convex in p_y; q = 1 is half of l1"),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"a": 5.5, "q": 3.0},
)
def aul(z_BK: Tensor, y_B: Tensor, *, a: Annotated[float, Gt(1)] = 1.5, q: Positive = 0.9) -> Tensor:
    """((a - p_y)^q - (a - 1)^q) / q: asymmetric unhinged loss."""
    cost_B: Tensor = (a - log_p(z_BK, y_B).exp()) ** q
    value_B: Tensor = (cost_B - (a - 1) ** q) / q
    return value_B


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=PAPER,
    estimates="the most probable class, as 0 and 1 where it is e^(1 / a) times as probable as the next",
    use=USE,
    pitfalls=(FLAT, "its values are of size 1 / a: a large a is a small learning rate"),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"a": 1.0},
)
def ael(z_BK: Tensor, y_B: Tensor, *, a: Positive = 3.0) -> Tensor:
    """exp(-p_y / a): asymmetric exponential loss."""
    return (-log_p(z_BK, y_B).exp() / a).exp()
