"""Overlap losses of a batch (Dice, Tversky, F1): true positives over predicted and actual positives.

They are no means over samples: the value of a batch depends on which rows are in it. For dice and tversky two classes
count alike, so there is an output for each of them; soft_f1 is of the second class alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import best_f, best_f1
from lossbench.catalog.losses.domains import COLUMN_EACH, ONE_PROBABILITY, SIMPLEX
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

Smooth = Annotated[float, Gt(0)]


def _miss(p_BK: Tensor, t_BK: Tensor, weight_B: Tensor, alpha: float, beta: float, smooth: float) -> Tensor:
    """1 - TP / (TP + alpha FP + beta FN) of each class, `[..., K]`."""
    w_B1 = weight_B.unsqueeze(-1)
    hit = (w_B1 * p_BK * t_BK).sum(-2)
    false_positive = (w_B1 * p_BK * (1 - t_BK)).sum(-2)
    false_negative = (w_B1 * (1 - p_BK) * t_BK).sum(-2)
    return 1 - (hit + smooth) / (hit + alpha * false_positive + beta * false_negative + smooth)


@loss(
    targets=COLUMN_EACH,
    **SIMPLEX,
    per="batch",
    decode=Decoder.PROBABILITY,
    reference="Milletari, Navab & Ahmadi 2016, arXiv:1606.04797; Sudre et al. 2017, arXiv:1707.03237",
    class_estimand=best_f,
    estimates="the decisions of the best mean F1, as probabilities of 0 and 1",
    use="Use it when you are scored by F1 and batches are large; not for probabilities, nor with small batches",
    convex=False,
    pitfalls=("it depends on the batch: use large ones", "its probabilities are driven to 0 and 1"),
    common=True,
)
def dice(p_BK: Tensor, t_BK: Tensor, weight_B: Tensor, *, smooth: Smooth = 1.0) -> Tensor:
    """1 - TP / (TP + FP / 2 + FN / 2), soft counts over the batch, averaged over the classes.

    smooth is added above and below the fraction.
    """
    return _miss(p_BK, t_BK, weight_B, 0.5, 0.5, smooth).mean(-1)


@loss(
    targets=COLUMN_EACH,
    **SIMPLEX,
    per="batch",
    decode=Decoder.PROBABILITY,
    reference="Salehi, Erdogmus & Gholipour 2017, arXiv:1706.05721",
    class_estimand=best_f,
    estimates="the decisions of the best mean F-measure, as probabilities of 0 and 1",
    use="Use it when misses and false alarms cost differently and batches are large; not for probabilities",
    convex=False,
    pitfalls=(
        "alpha is the weight of false positives and beta of false negatives; some libraries exchange them",
        "it depends on the batch: use large ones",
    ),
    also_try={"alpha": 0.5, "beta": 0.5},  # dice
    common=True,
)
def tversky(
    p_BK: Tensor,
    t_BK: Tensor,
    weight_B: Tensor,
    *,
    alpha: Annotated[float, Ge(0)] = 0.3,
    beta: Annotated[float, Ge(0)] = 0.7,
    smooth: Smooth = 1.0,
) -> Tensor:
    """1 - TP / (TP + alpha FP + beta FN), soft counts over the batch, averaged over the classes.

    smooth is added above and below the fraction.
    """
    return _miss(p_BK, t_BK, weight_B, alpha, beta, smooth).mean(-1)


@loss(
    targets=COLUMN_EACH,
    **SIMPLEX,
    per="batch",
    decode=Decoder.PROBABILITY,
    reference="Abraham & Khan 2018, arXiv:1810.07842",
    class_estimand=best_f,
    estimates="decisions of a high F-measure in every class, as probabilities of 0 and 1",
    use="Use it when missed rows of a rare class cost most and tversky has fitted the others; not when probabilities "
    "are needed or batches are small",
    convex=False,
    pitfalls=(
        "the paper's alpha is the weight of false negatives; here alpha is that of false positives, as in tversky",
        "above gamma = 1 classes that are nearly right have the steepest gradient, below it the worst ones have",
        "it depends on the batch: use large ones",
    ),
    also_try={"gamma": 0.75},
)
def focal_tversky(
    p_BK: Tensor,
    t_BK: Tensor,
    weight_B: Tensor,
    *,
    alpha: Annotated[float, Ge(0)] = 0.3,
    beta: Annotated[float, Ge(0)] = 0.7,
    gamma: Annotated[float, Gt(0)] = 4 / 3,
    smooth: Smooth = 1.0,
) -> Tensor:
    """(1 - TP / (TP + alpha FP + beta FN))^(1 / gamma), soft counts over the batch, averaged over the classes.

    smooth is added above and below the fraction; gamma = 1 is tversky.
    """
    miss_BK = _miss(p_BK, t_BK, weight_B, alpha, beta, smooth)
    is_missed = miss_BK > 0  # at 0, or below it by rounding, the power has no slope
    return torch.where(is_missed, torch.where(is_missed, miss_BK, 1) ** (1 / gamma), 0).mean(-1)


@loss(
    targets={Task.BINARY: Encoding.PROBABILITY},
    **ONE_PROBABILITY,
    per="batch",
    decode=Decoder.PROBABILITY,
    reference="Jansche 2005, doi:10.3115/1220575.1220662",
    class_estimand=best_f1,
    estimates="the decisions of the best F1 of the second class, as probabilities of 0 and 1",
    metric="f1",
    use="Use it when the second class is rare and F1 is the goal, with large batches; not when probabilities are "
    "wanted or batches often have no row of the second class",
    pitfalls=(
        "it depends on the batch: use large ones",
        "a batch without the second class gives 1 and no gradient",
        "averaged over both classes it is dice with smooth near 0",
    ),
    convex=False,
)
def soft_f1(p_B1: Tensor, t_B1: Tensor, weight_B: Tensor) -> Tensor:
    """1 - 2 TP / (2 TP + FP + FN) of the second class, soft counts over the batch."""
    p_B, t_B = p_B1.squeeze(-1), t_B1.squeeze(-1)
    hit, counted = (weight_B * p_B * t_B).sum(-1), (weight_B * (p_B + t_B)).sum(-1)
    return 1 - 2 * hit / counted.clamp_min(torch.finfo(counted.dtype).tiny)
