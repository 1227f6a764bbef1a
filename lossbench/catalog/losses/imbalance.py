"""Losses that use the class counts of the training part, for tables with rare classes.

`class_counts` are those numbers, `[..., 1, C]`; a class that does not occur counts as one that occurs once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import by_beta, by_tau, whatever_margin
from lossbench.catalog.losses.domains import CLASSES, LOGITS, because
from lossbench.catalog.losses.row_operations import log_p, one_hot, own
from lossbench.catalog.vocabulary import Space

if TYPE_CHECKING:
    from torch import Tensor


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Menon et al. 2021, arXiv:2007.07314",
    class_estimand=by_tau,
    estimates="class probabilities divided by the classes' shares (tau = 1)",
    use="Use it for balanced accuracy with rare classes; not for plain accuracy, nor for the probabilities of the "
    "table as it is",
    pitfalls=("predictions are made without the shift, for balanced accuracy: plain accuracy may fall",),
    convex=True,
    symmetric=False,
    also_try={"tau": 0.5},
    common=True,
)
def logit_adjusted(z_BK: Tensor, y_B: Tensor, *, class_counts: Tensor, tau: Annotated[float, Ge(0)] = 1.0) -> Tensor:
    """-log softmax(z + tau log prior)_y."""
    counts = class_counts.clamp_min(1)
    return log_p(z_BK + tau * (counts / counts.sum(-1, keepdim=True)).log(), y_B).neg()


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Cui et al. 2019, arXiv:1901.05555",
    class_estimand=by_beta,
    estimates="class probabilities times the classes' weights",
    use="Use it when classes are rare and plain inverse shares weigh too much; not for the probabilities of the "
    "table as it is",
    pitfalls=("near beta = 1 a class of n rows has weight 1 / n; at beta = 0 it is cross_entropy",),
    convex=True,
    symmetric=False,
    also_try={"beta": 0.99},
    common=True,
)
def class_balanced(
    z_BK: Tensor, y_B: Tensor, *, class_counts: Tensor, beta: Annotated[float, Ge(0), Lt(1)] = 0.999
) -> Tensor:
    """-w_y log softmax(z)_y with w_k ~ (1 - beta) / (1 - beta^n_k), of mean 1 over the classes."""
    weight = (1 - beta) / (1 - beta ** class_counts.clamp_min(1))
    weight = weight / weight.mean(-1, keepdim=True)
    return -own(weight.expand_as(z_BK), y_B) * log_p(z_BK, y_B)


@loss(
    targets=CLASSES,
    sound=(Space.SPHERE,),
    risky={
        **because(
            "unless outputs are directions of length 1, the scale only multiplies the learning rate",
            Space.REAL,
            Space.LOG_SIMPLEX,
        ),
        **because("outputs within one unit of each other cannot keep large margins apart", Space.UNIT, Space.SIMPLEX),
        **because("outputs are bounded, but their length is not that of a direction", Space.SIGNED_UNIT),
        **because("outputs of one sign are no directions", Space.NONNEGATIVE, Space.POSITIVE, Space.NONPOSITIVE),
        Space.BOUNDED_BELOW: "outputs with a lower bound are no directions",
    },
    decode=Decoder.MARGIN,
    min_outputs=2,
    reference="Cao et al. 2019, arXiv:1906.07413",
    class_estimand=whatever_margin,
    estimates="the more probable class, with margins that are larger for rarer ones",
    use="Use it when classes are rare and margins should be wider for them; not on outputs that are not normalised",
    pitfalls=("scale = 30 on outputs that are not normalised multiplies the learning rate by 30",),
    convex=True,
    symmetric=False,
    also_try={"scale": 10.0},  # enough for few classes: Wang et al. 2018, arXiv:1801.09414 (its lower bound)
    common=True,
)
def ldam(
    z_BK: Tensor,
    y_B: Tensor,
    *,
    class_counts: Tensor,
    max_margin: Annotated[float, Ge(0)] = 0.5,
    scale: Annotated[float, Gt(0)] = 30.0,
) -> Tensor:
    """-log softmax(scale (z - m_y e_y))_y with m_k ~ n_k^(-1/4), the rarest class's margin being max_margin."""
    margin = class_counts.clamp_min(1) ** -0.25
    margin = max_margin * margin / margin.amax(-1, keepdim=True)
    return -own((scale * (z_BK - margin * one_hot(y_B, z_BK))).log_softmax(-1), y_B)
