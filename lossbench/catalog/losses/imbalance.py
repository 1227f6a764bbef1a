"""Losses that use the class counts of the training part, for tables with rare classes.

`class_counts` are those numbers, `[..., 1, C]`; a class that does not occur counts as one that occurs once.
`last_hidden [..., B, H]` is the last hidden layer of the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import (
    by_beta,
    by_inverse_counts,
    by_tau,
    by_tau_unless_scaled,
    whatever_margin,
)
from lossbench.catalog.losses.domains import CLASSES, DIRECTIONS, LOGITS, without
from lossbench.catalog.losses.robust import focal
from lossbench.catalog.losses.row_operations import log_not_p, log_p, one_hot, own
from lossbench.catalog.over_classes import log_softmax
from lossbench.catalog.vocabulary import Space

if TYPE_CHECKING:
    from torch import Tensor


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Menon et al. 2021, arXiv:2007.07314; balanced softmax: Ren et al. 2020, arXiv:2007.10740",
    class_estimand=by_tau,
    estimates="class probabilities divided by the classes' shares (tau = 1)",
    use="Use it for balanced accuracy with rare classes; not for plain accuracy, nor for the probabilities of the "
    "table as it is",
    pitfalls=(
        "predictions are made without the shift, for balanced accuracy: plain accuracy may fall",
        "at tau = 1 it is the balanced softmax: z + log n_k differs from z + log prior_k by one number",
    ),
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
    reference="Cui et al. 2019, arXiv:1901.05555; gamma: Lin et al. 2017, arXiv:1708.02002",
    class_estimand=by_beta,
    estimates="class probabilities times the classes' weights",
    use="Use it when classes are rare and plain inverse shares weigh too much; not for the probabilities of the "
    "table as it is",
    pitfalls=(
        "near beta = 1 a class of n rows has weight 1 / n; at beta = 0 it is cross_entropy",
        "with gamma it is class-balanced focal loss, of a softmax where the paper has a sigmoid for each class",
    ),
    convex=True,
    symmetric=False,
    also_try={"beta": 0.99},
    common=True,
)
def class_balanced(
    z_BK: Tensor,
    y_B: Tensor,
    *,
    class_counts: Tensor,
    beta: Annotated[float, Ge(0), Lt(1)] = 0.999,
    gamma: Annotated[float, Ge(0)] = 0.0,
) -> Tensor:
    """-w_y (1 - p_y)^gamma log p_y, p = softmax(z), with w_k ~ (1 - beta) / (1 - beta^n_k), of mean 1 over classes."""
    weight = (1 - beta) / (1 - beta ** class_counts.clamp_min(1))
    weight = weight / weight.mean(-1, keepdim=True)
    return own(weight.expand_as(z_BK), y_B) * focal(z_BK, y_B, gamma=gamma)


@loss(
    targets=CLASSES,
    # A number added to all scores of a row counts here: behind a log-softmax it is another loss.
    **without(LOGITS, Space.LOG_SIMPLEX, same_as={}),
    decode=Decoder.SOFTMAX,
    reference="Kini et al. 2021, arXiv:2103.01550",
    class_estimand=by_tau_unless_scaled,
    estimates="log-odds against the classes' shares, scaled class by class: c / scale_k may be added to all scores",
    use="Use it when classes are rare and the net fits all training rows, where shifts alone no longer change it; not "
    "when it does not: take logit_adjusted, whose minimiser is one",
    pitfalls=(
        "where the net cannot fit all rows the factors leave its decisions undetermined: the minimiser is not unique",
        "at gamma = 0 it is logit_adjusted",
    ),
    consistent=False,
    convex=True,
    symmetric=False,
    also_try={"gamma": 0.15},
)
def vector_scaling(
    z_BK: Tensor,
    y_B: Tensor,
    *,
    class_counts: Tensor,
    gamma: Annotated[float, Ge(0)] = 0.3,
    tau: Annotated[float, Ge(0)] = 1.0,
) -> Tensor:
    """-log softmax(scale z + tau log prior)_y with scale_k = (n_k / max n)^gamma."""
    scale = (class_counts.clamp_min(1) / class_counts.amax(-1, keepdim=True).clamp_min(1)) ** gamma
    return logit_adjusted(scale * z_BK, y_B, class_counts=class_counts, tau=tau)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Park et al. 2021, arXiv:2110.02444",
    class_estimand=by_inverse_counts,
    estimates="the most probable class after its share; probabilities are drawn to even ones: 0.8 becomes 0.75",
    use="Use it when classes are rare and a net overfits the rows that move its boundary most; not where probabilities "
    "are read, nor with few relu units, which leave rows without a hidden activation",
    pitfalls=(
        "the paper trains with cross_entropy first, for half of the epochs, and with this loss at a hundredth of the "
        "learning rate then; here a net is trained with it from its first epoch on",
        "alpha is the authors' code's and multiplies the learning rate of sgd; adam does not feel it, penalties do",
        "where 1 - p_y is below eps / (2 |h|_1) the value falls to 0: very probable classes are predicted as sure",
        "a row whose hidden activations are all 0 counts 1 / eps = 1000 times as much",
    ),
    convex=False,
    symmetric=False,
    also_try={"eps": 1.0},  # rows of little influence are then weighted by their classes alone
)
def influence_balanced(
    z_BK: Tensor,
    y_B: Tensor,
    *,
    class_counts: Tensor,
    last_hidden: Tensor,
    alpha: Annotated[float, Gt(0)] = 1000.0,
    eps: Annotated[float, Gt(0)] = 1e-3,
) -> Tensor:
    """-lambda_y log p_y / (|p - e_y|_1 |h|_1 + eps), p = softmax(z), lambda_k = alpha n_k^-1 / sum_j n_j^-1.

    h is the last hidden layer's output, of a net without hidden layers its input: |p - e_y|_1 |h|_1 is then the L1 norm
    of cross-entropy's gradient in the last layer's weights, the row's influence. The gradient flows through p, as in
    the authors' code. It does not flow through h, through which it flows there: a net could lower this loss for all
    classes alike by making h longer. The authors' code has lambda of mean 1, which is alpha times the classes here.
    """
    weight = 1 / class_counts.clamp_min(1)
    weight = alpha * weight / weight.sum(-1, keepdim=True)
    influence_B = 2 * log_not_p(z_BK, y_B).exp() * last_hidden.abs().sum(-1)  # |p - e_y|_1 = 2 (1 - p_y)
    return -own(weight.expand_as(z_BK), y_B) * log_p(z_BK, y_B) / (influence_B + eps)


@loss(
    targets=CLASSES,
    **DIRECTIONS,
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
    return -own(log_softmax(scale * (z_BK - margin * one_hot(y_B, z_BK))), y_B)
