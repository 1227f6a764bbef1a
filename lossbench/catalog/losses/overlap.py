"""Overlap losses of a batch (Dice, Tversky): true positives over predicted and actual positives, class by class.

They are no means over samples: the value of a batch depends on which rows are in it. Two classes count alike, so there
is an output for each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import best_f
from lossbench.catalog.losses.domains import COLUMN_EACH, SIMPLEX

if TYPE_CHECKING:
    from torch import Tensor

Smooth = Annotated[float, Gt(0)]


def _miss(p_BK: Tensor, t_BK: Tensor, weight_B: Tensor, alpha: float, beta: float, smooth: float) -> Tensor:
    w_B1 = weight_B.unsqueeze(-1)
    hit = (w_B1 * p_BK * t_BK).sum(-2)
    false_positive = (w_B1 * p_BK * (1 - t_BK)).sum(-2)
    false_negative = (w_B1 * (1 - p_BK) * t_BK).sum(-2)
    return (1 - (hit + smooth) / (hit + alpha * false_positive + beta * false_negative + smooth)).mean(-1)


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
    return _miss(p_BK, t_BK, weight_B, 0.5, 0.5, smooth)


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
    return _miss(p_BK, t_BK, weight_B, alpha, beta, smooth)
