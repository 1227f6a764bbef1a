"""Softmax losses that are meant for calibrated probabilities: cross-entropy, smoothed, penalised or reweighted.

All take K outputs; p is their softmax and H its entropy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses import SMOOTHED_WEIGHTS
from lossbench.catalog.losses.class_estimands import in_large_batches, tempered
from lossbench.catalog.losses.domains import CLASSES, DIRECTIONS, LOGITS, without
from lossbench.catalog.losses.likelihood import cross_entropy
from lossbench.catalog.losses.row_operations import hide_own, log_not_p, log_p, own, shares
from lossbench.catalog.over_classes import log_softmax
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


SMOOTHED = "cross_entropy(label_smoothing={smoothing:g}) + identity"


@loss(
    targets=CLASSES,
    **without(LOGITS, same_as={"identity": SMOOTHED, "logsoftmax": SMOOTHED}),
    decode=Decoder.SOFTMAX,
    reference="Szegedy et al. 2016, arXiv:1512.00567; why it calibrates: Muller et al. 2019, arXiv:1906.02629",
    estimates="(1 - a) p + a / K: at a = 0.1 and two classes 0.1 becomes 0.14",
    use="Use it when cross_entropy's probabilities are too sure; not when a temperature is fitted anyway, nor when "
    "probabilities near 0 or 1 are true: they are out of its reach",
    pitfalls=(
        "it is cross_entropy(label_smoothing=a) by another name, for comparisons that name losses",
        "its probabilities are not sure enough where labels are clean",
        f"with class weights, {SMOOTHED_WEIGHTS}",
    ),
    scored_raw=True,
    consistent=True,
    convex=True,
    symmetric=False,
    also_try={"smoothing": 0.05},
)
def label_smoothing(z_BK: Tensor, y_B: Tensor, *, smoothing: Annotated[float, Ge(0), Lt(1)] = 0.1) -> Tensor:
    """-(1 - a) log p_y - a / K sum_k log p_k, a = smoothing."""
    return cross_entropy(z_BK, y_B, label_smoothing=smoothing)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Pereyra et al. 2017, arXiv:1701.06548",
    floor=None,
    estimates="the p that solves P(y = k) = p_k (1 + beta (log p_k + H)): with two classes 0.1 becomes 0.121",
    use="Use it when cross_entropy's probabilities are too sure, and more so where it is sure already; not when "
    "probabilities near 0 are true: none falls below exp(-1 / beta - H)",
    pitfalls=(
        "its values may be negative: the least one is above -beta log K",
        "its probabilities are not sure enough where labels are clean",
    ),
    scored_raw=True,
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"beta": 0.3},
)
def confidence_penalty(z_BK: Tensor, y_B: Tensor, *, beta: Annotated[float, Ge(0)] = 0.1) -> Tensor:
    """-log p_y - beta H, with the entropy H = -sum_k p_k log p_k."""
    log_p_BK = log_softmax(z_BK)
    return beta * (log_p_BK.exp() * log_p_BK).sum(-1) - own(log_p_BK, y_B)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Wang, Feng & Zhang 2021, NeurIPS 34:11809-11820 (Rethinking calibration of deep neural networks)",
    estimates="class probabilities made sharper: 0.1 becomes 0.025",
    use="Use it when a temperature is fitted afterwards, for which it keeps easy and hard rows further apart than "
    "focal does; not when probabilities are used as they are",
    pitfalls=(
        "its probabilities are too sure: it is made to be calibrated afterwards",
        "above gamma = 3.59 the value rises with p_y in places, and wrong predictions may have no way out",
    ),
    scored_raw=True,
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"gamma": 1.0},
)
def inverse_focal(z_BK: Tensor, y_B: Tensor, *, gamma: Annotated[float, Ge(0)] = 2.0) -> Tensor:
    """-(1 + p_y)^gamma log p_y."""
    log_p_B = log_p(z_BK, y_B)
    return -(gamma * log_p_B.exp().log1p()).exp() * log_p_B


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Tao, Dong & Xu 2023, arXiv:2305.13665",
    estimates="class probabilities kept off 0, 1/2 and 1: with two classes 0.05 becomes 0.167 and 0.45 becomes 0.356",
    use="Use it when focal's probabilities are not sure enough and there are many classes; not with two classes",
    pitfalls=(
        "the value jumps where the own class's probability passes another's",
        "copies that take the greatest probability of all other classes for p_j are another loss",
    ),
    scored_raw=True,
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"gamma": 5.0},  # the paper's for CIFAR-10
)
def dual_focal(z_BK: Tensor, y_B: Tensor, *, gamma: Annotated[float, Ge(0)] = 2.0) -> Tensor:
    """-(1 - p_y + p_j)^gamma log p_y, where p_j is the greatest other probability not above p_y.

    Where all others are above, p_j = 0. An exact tie is not above; the authors' code leaves it out like those, which
    makes even probabilities the best ones whatever the classes' are.
    """
    log_p_BK = log_softmax(z_BK)
    log_p_B1 = log_p_BK.gather(-1, y_B.unsqueeze(-1))
    other_BK = hide_own(log_p_BK, y_B)
    log_p_j = torch.where(other_BK <= log_p_B1, other_BK, -torch.inf).amax(-1)
    log_rest, has_j = log_not_p(z_BK, y_B), log_p_j > -torch.inf  # of log 0 logaddexp has no second derivative
    log_base = torch.where(has_j, torch.logaddexp(log_rest, torch.where(has_j, log_p_j, log_rest)), log_rest)
    return -(gamma * log_base).exp() * log_p_B1.squeeze(-1)


@loss(
    targets=CLASSES,
    **DIRECTIONS,
    decode=Decoder.MARGIN,
    min_outputs=2,
    reference="Wei et al. 2022, arXiv:2205.09310",
    class_estimand=tempered,
    estimates="tau log p, up to a constant a row: probabilities are softmax(output / tau)",
    use="Use it when rows unlike any training row must not get sure predictions; not when probabilities are read "
    "without a temperature",
    pitfalls=(
        "no probability is read from its outputs: a temperature fitted to them finds tau where the net fits",
        "the length of the row before the last activation means nothing and can drift",
        "near 0 tau makes steep gradients: 0.04 those of outputs of length 25",
    ),
    consistent=True,
    convex=True,
    symmetric=False,
    also_try={"tau": 0.2},
)
def logit_norm(x_BK: Tensor, y_B: Tensor, *, tau: Annotated[float, Gt(0)] = 0.04) -> Tensor:
    """-log softmax(x / tau)_y, where x = z / |z| has length 1.

    The last activation `normalize` makes x of the net's outputs z.
    """
    return -log_p(x_BK / tau, y_B)


@loss(
    targets=CLASSES,
    **LOGITS,
    per="batch",
    decode=Decoder.SOFTMAX,
    reference="Kumar, Sarawagi & Jain 2018, PMLR 80:2805-2814 (Trainable calibration measures for neural networks)",
    class_estimand=in_large_batches,
    estimates="class probabilities, in the limit of large batches",
    use="Use it when cross_entropy overfits and its confidence does not match its accuracy on the training rows "
    "themselves; not with small batches, whose calibration error is mostly chance",
    pitfalls=(
        "it depends on the batch: use large ones; its cost goes as their square",
        "it sees the calibration of training rows only: a net that fits them all is calibrated there, sure and right",
        "some code leaves the root out, which is another lam",
        "the authors' code has lam = 4 and tries 1 to 13, of an error that averages right and wrong rows apart",
    ),
    scored_raw=True,
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"lam": 8.0},
)
def mmce(
    z_BK: Tensor,
    y_B: Tensor,
    weight_B: Tensor,
    *,
    lam: Annotated[float, Ge(0)] = 2.0,
    width: Annotated[float, Gt(0)] = 0.4,
) -> Tensor:
    """mean of -log p_y, plus lam times the kernel calibration error of the batch.

    The error is sqrt(mean over i, j of (c_i - r_i) (c_j - r_j) exp(-|r_i - r_j| / width)), with the confidence
    r = max_k p_k and c = 1 where that class is y, else 0. Rows count by their weight in both means.
    """
    log_p_BK = log_softmax(z_BK)
    share_B = shares(weight_B)
    log_confidence, label = log_p_BK.max(-1)
    confidence = log_confidence.exp()
    gap_B = share_B * ((label == y_B).to(confidence.dtype) - confidence)
    kernel_BB = (-(confidence.unsqueeze(-1) - confidence.unsqueeze(-2)).abs() / width).exp()
    square = (gap_B * (kernel_BB * gap_B.unsqueeze(-2)).sum(-1)).sum(-1)
    is_positive = square > 0  # rounding, or no gap at all: the root has no slope there
    error = torch.where(is_positive, torch.where(is_positive, square, 1).sqrt(), 0)
    return lam * error - (share_B * own(log_p_BK, y_B)).sum(-1)
