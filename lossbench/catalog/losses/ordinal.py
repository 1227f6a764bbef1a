"""Losses of classes in an order. Targets t_k are 1 where the class is above k, and P_k is P(y > k).

They are linear in t, so that probabilities of the classes can take a class's place. `lossbench.catalog.cumulative` has
the readings of the outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from lossbench.catalog.cumulative import (
    class_probabilities,
    log_p_by_chain,
    log_p_by_ordered_thresholds,
    logits_by_thresholds,
)
from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import ABOVE_EACH, CONDITIONAL_LOGITS, CUMULATIVE_LOGITS, LOGITS, ORDERED, SIMPLEX
from lossbench.catalog.losses.row_operations import log_p, one_hot
from lossbench.catalog.over_classes import softmax
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor

PROPORTIONAL_ODDS = (
    "the inputs move one score, and thresholds are the same in every row (proportional odds): a net of several outputs "
    "can also learn that the spread of the classes changes"
)

SLOW_THRESHOLDS = (
    "thresholds begin near each other, and a step moves a bias by about the learning rate: it wants a larger one than "
    "a net whose every output has weights"
)


def _binary(logits_BK: Tensor, t_BK: Tensor) -> Tensor:
    """The cross-entropies of the C - 1 questions whether the class is above k, summed."""
    return F.binary_cross_entropy_with_logits(logits_BK, t_BK, reduction="none").sum(-1)


def _likelihood(log_p_BC: Tensor, t_BK: Tensor) -> Tensor:
    """-log p_y of classes told by cumulative targets."""
    return -(class_probabilities(t_BK) * log_p_BC).sum(-1)


@loss(
    targets=ABOVE_EACH,
    **CUMULATIVE_LOGITS,
    decode=Decoder.CUMULATIVE,
    reference="Cheng, Wang & Pollastri 2008, arXiv:0704.1028, doi:10.1109/IJCNN.2008.4633963",
    use="Use it when classes are grades and the spread of a row's grade may depend on its inputs; not when rows are "
    "few for so many outputs, where coral has one score",
    estimates="class probabilities (logits of P_k)",
    pitfalls=(
        "its C - 1 outputs are learnt apart and may contradict each other (P_1 < P_2): they are sorted before they are "
        "read; corn and cumulative_link cannot contradict themselves",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=True,
    common=True,
)
def ordinal_bce(z_BK: Tensor, t_BK: Tensor) -> Tensor:
    """sum_k of -t_k log sigmoid(z_k) - (1 - t_k) log(1 - sigmoid(z_k))."""
    return _binary(z_BK, t_BK)


@loss(
    targets=ABOVE_EACH,
    **CUMULATIVE_LOGITS,
    decode=Decoder.THRESHOLDS,
    thresholds=True,
    reference="Cao, Mirjalili & Raschka 2020, arXiv:1901.07884, doi:10.1016/j.patrec.2020.11.008",
    use="Use it when one hidden score orders the classes, above all with few rows; not when the spread of the classes "
    "depends on the inputs, which one score cannot say",
    estimates="class probabilities (logits of P_k)",
    pitfalls=(
        PROPORTIONAL_ODDS,
        "thresholds are in order at the minimum and may cross before it: probabilities are sorted before they are read",
        SLOW_THRESHOLDS,
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=True,
    common=True,
)
def coral(z_BK: Tensor, t_BK: Tensor) -> Tensor:
    """ordinal_bce of the logits z_0, z_0 - z_1, ..., z_0 - z_{C-2}.

    z_0 is the net's score. The other outputs are biases without weights, so that all logits share the score's weights.
    """
    return _binary(logits_by_thresholds(z_BK), t_BK)


@loss(
    targets=ABOVE_EACH,
    **CUMULATIVE_LOGITS,
    decode=Decoder.ORDERED_THRESHOLDS,
    thresholds=True,
    reference="McCullagh 1980, doi:10.1111/j.2517-6161.1980.tb01109.x",
    use="Use it when one hidden score orders the classes and their probabilities matter; not when the spread of the "
    "classes depends on the inputs, which one score cannot say",
    estimates="class probabilities",
    pitfalls=(PROPORTIONAL_ODDS, SLOW_THRESHOLDS),
    proper=True,
    consistent=True,
    convex=False,
    symmetric=False,
    soft=True,
    common=True,
)
def cumulative_link(z_BK: Tensor, t_BK: Tensor) -> Tensor:
    """-log p_y, where P_k = sigmoid(z_0 - sum over 0 < j <= k of softplus(z_j)) and p_c = P_{c-1} - P_c.

    The proportional-odds model with a net for its linear predictor. z_0 is the net's score; the other outputs are
    biases without weights, and softplus keeps their thresholds in order.
    """
    return _likelihood(log_p_by_ordered_thresholds(z_BK), t_BK)


@loss(
    targets=ABOVE_EACH,
    **CONDITIONAL_LOGITS,
    decode=Decoder.CONDITIONAL,
    reference="Shi, Cao & Raschka 2023, arXiv:2111.08851, doi:10.1007/s10044-023-01181-9",
    use="Use it when a class is reached by passing those below (stages, grades) or the spread of the classes depends "
    "on the inputs; not when no direction of the order comes first: the reversed order is another model",
    estimates="class probabilities",
    pitfalls=(
        "high classes are learnt from the rows that reach them alone, which may be few",
        "the paper divides by the number of questions in a batch, sum_i min(y_i + 1, C - 1); here a row's terms are "
        "summed and rows averaged, which moves no minimum",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=True,
    common=True,
)
def corn(z_BK: Tensor, t_BK: Tensor) -> Tensor:
    """sum over k <= y of the cross-entropy of sigmoid(z_k) = P(y > k | y >= k), which is -log p_y by the chain rule."""
    return _likelihood(log_p_by_chain(z_BK), t_BK)


def soft_emd(p_BK: Tensor, t_BK: Tensor) -> Tensor:
    """sum_k of (P(y <= k) - T(y <= k))^2 for any probabilities t."""
    return (p_BK - t_BK).cumsum(-1).square().sum(-1)


@loss(
    targets=ORDERED,
    **SIMPLEX,
    decode=Decoder.PROBABILITY,
    reference="Hou, Yu & Samaras 2016, arXiv:1611.05916; as a score: Epstein 1969, "
    "doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2",
    use="Use it when a miss should cost by its distance and some labels are far off by mistake; not when probabilities "
    "near 0 matter, which it hardly tells apart",
    estimates="class probabilities",
    pitfalls=(
        "its gradient vanishes where the prediction is surely wrong by one class; the ranked probability score is this "
        "loss as a metric (rps)",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=soft_emd,
    common=True,
)
def emd(p_BK: Tensor, y_B: Tensor) -> Tensor:
    """sum_k of (P(y <= k) - [y <= k])^2: the squared earth mover's distance to the true class."""
    return soft_emd(p_BK, one_hot(y_B, p_BK))


@loss(
    targets=ORDERED,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Albuquerque, Cruz & Cardoso 2021, doi:10.7717/peerj-cs.457",
    use="Use it when probabilities should fall on both sides of one class; not when a row may belong to either end of "
    "the order, which has two peaks",
    estimates="unimodal probabilities, drawn towards the median class",
    pitfalls=(
        "the penalty draws the peak from the most probable towards the median class where the two differ",
        "the paper chooses lam on held-out rows",
    ),
    consistent=False,
    convex=False,
    symmetric=False,
    also_try={"lam": 10.0},
    common=True,
)
def co2(
    z_BK: Tensor, y_B: Tensor, *, lam: Annotated[float, Ge(0)] = 1.0, margin: Annotated[float, Ge(0)] = 0.05
) -> Tensor:
    """-log p_y + lam sum_k of max(0, margin + s_k (p_{k+1} - p_k)), p = softmax(z), s_k = 1 if k >= y else -1.

    Cross-entropy and a penalty wherever probabilities do not fall by the margin from the true class outwards.
    """
    step = softmax(z_BK).diff(dim=-1)
    outwards = torch.where(torch.arange(step.shape[-1], device=y_B.device) >= y_B.unsqueeze(-1), 1.0, -1.0).to(step)
    return lam * (margin + outwards * step).clamp_min(0).sum(-1) - log_p(z_BK, y_B)
