"""Normalised losses: a loss over its sum over the classes, which makes any loss symmetric, alone or with a passive one.

An active loss looks at the own class only; a passive one pushes the other classes down, too. All take K linear outputs;
p is their softmax.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import CLASSES, LOGITS
from lossbench.catalog.losses.row_operations import log_not_p_each, log_p, own
from lossbench.catalog.over_classes import log_softmax
from lossbench.catalog.vocabulary import Task

if TYPE_CHECKING:
    from torch import Tensor

Weight = Annotated[float, Gt(0)]

PAPER = "Ma et al. 2020, arXiv:2006.13554"
ONE_OF_TWO = {Task.BINARY: True, Task.MULTICLASS: False}
LEAST = "the most probable of two classes; of more, any but the least probable one"
RULES_OUT = (
    "of more than two classes its minimiser rules out the least probable one and leaves the others open: an active "
    "loss, to be used with a passive one (nce_mae)"
)


def normalized(loss_BK: Tensor, y_B: Tensor) -> Tensor:
    """l_y / sum_k l_k, in [0, 1], for the losses of a row under each class; summed over the classes it is 1."""
    return own(loss_BK, y_B) / loss_BK.sum(-1)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=PAPER,
    estimates=LEAST,
    use="Use it when labels are noisy alike in all classes and there are two of them; not when there are more: then "
    "take nce_mae or nce_rce",
    pitfalls=(RULES_OUT, "it fits slowly: its gradient shrinks as the other classes' losses grow"),
    consistent=ONE_OF_TWO,
    convex=False,
    symmetric=True,
)
def nce(z_BK: Tensor, y_B: Tensor) -> Tensor:
    """log p_y / sum_k log p_k: normalised cross-entropy."""
    return normalized(-log_softmax(z_BK), y_B)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=PAPER,
    estimates=LEAST,
    use="Use it when labels are noisy alike in all classes, there are two of them and samples differ much in "
    "difficulty; not when there are more than two: then take nce_mae or nce_rce",
    pitfalls=(
        RULES_OUT,
        "published code cuts the gradient through the factors (1 - p)^gamma off; here it flows, as in the formula",
    ),
    consistent=ONE_OF_TWO,
    convex=False,
    symmetric=True,
    also_try={"gamma": 2.0},
)
def nfl(z_BK: Tensor, y_B: Tensor, *, gamma: Annotated[float, Ge(0)] = 0.5) -> Tensor:
    """(1 - p_y)^gamma log p_y / sum_k (1 - p_k)^gamma log p_k: normalised focal loss."""
    return normalized(-(gamma * log_not_p_each(z_BK)).exp() * log_softmax(z_BK), y_B)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=PAPER,
    estimates="the most probable class, as probabilities of 0 and 1",
    use="Use it when a share of the labels is wrong, alike in all classes; not when labels are clean or probabilities "
    "are wanted: cross_entropy fits faster and estimates them",
    pitfalls=(
        "with beta small beside alpha and many classes it fits slowly; the paper has (1, 1) for 10 classes and "
        "(10, 0.1) for 100",
    ),
    consistent=True,
    convex=False,
    symmetric=True,
    also_try={"alpha": 10.0, "beta": 0.1},
)
def nce_mae(z_BK: Tensor, y_B: Tensor, *, alpha: Weight = 1.0, beta: Weight = 1.0) -> Tensor:
    """alpha log p_y / sum_k log p_k + beta 2 (1 - p_y): an active loss and a passive one, the sum of |p - t|."""
    return alpha * nce(z_BK, y_B) - 2 * beta * log_p(z_BK, y_B).expm1()


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=f"{PAPER}; reverse cross-entropy: Wang et al. 2019, arXiv:1908.06112",
    estimates="the most probable class, as probabilities of 0 and 1",
    use="Use it when a share of the labels is wrong, alike in all classes; not when labels are clean or probabilities "
    "are wanted: cross_entropy fits faster and estimates them",
    pitfalls=(
        "it is nce_mae with beta times -log_zero / 2; published code clips at 1e-4, the paper's text has log_zero = -4",
    ),
    consistent=True,
    convex=False,
    symmetric=True,
    also_try={"alpha": 10.0, "beta": 0.1},  # the paper's for 100 classes, where these are for 10
)
def nce_rce(
    z_BK: Tensor,
    y_B: Tensor,
    *,
    alpha: Weight = 1.0,
    beta: Weight = 1.0,
    log_zero: Annotated[float, Lt(0)] = math.log(1e-4),
) -> Tensor:
    """alpha log p_y / sum_k log p_k - beta log_zero (1 - p_y): normalised and reverse cross-entropy."""
    return nce_mae(z_BK, y_B, alpha=alpha, beta=-beta * log_zero / 2)
