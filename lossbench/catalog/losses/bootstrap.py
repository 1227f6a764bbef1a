"""Bootstrapping: the target is a mixture of the label and of what the net predicts itself.

Both take K linear outputs; p is their softmax.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt, Le

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import by_label_share
from lossbench.catalog.losses.domains import CLASSES, LOGITS
from lossbench.catalog.losses.row_operations import own
from lossbench.catalog.over_classes import log_softmax

if TYPE_CHECKING:
    from torch import Tensor

# At one half and below the net's own opinion outweighs the label: an even row is least at any corner.
LabelShare = Annotated[float, Gt(0.5), Le(1)]

PAPER = "Reed et al. 2015, arXiv:1412.6596"


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=PAPER,
    class_estimand=by_label_share,
    estimates="class probabilities made sharper",
    use="Use it when a small share of the labels is wrong and probabilities shall stay near true; not when many are: "
    "take gce or nce_rce",
    pitfalls=("the gradient flows through the net's own prediction: it adds (1 - beta) times the entropy of p",),
    consistent=True,
    convex=True,
    symmetric=False,
    also_try={"beta": 0.8},
)
def bootstrap_soft(z_BK: Tensor, y_B: Tensor, *, beta: LabelShare = 0.95) -> Tensor:
    """-sum_k (beta t_k + (1 - beta) p_k) log p_k."""
    log_p_BK = log_softmax(z_BK)
    return -beta * own(log_p_BK, y_B) - (1 - beta) * (log_p_BK.exp() * log_p_BK).sum(-1)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=PAPER,
    class_estimand=by_label_share,
    estimates="class probabilities times beta, with 1 - beta on the most probable one",
    use="Use it when a small share of the labels is wrong and a trained net knows better; not from the first epoch on "
    "with many wrong labels: it believes its first guesses",
    pitfalls=("a row whose classes differ by less than 1 - beta keeps the class that it was first given",),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"beta": 0.95},
)
def bootstrap_hard(z_BK: Tensor, y_B: Tensor, *, beta: LabelShare = 0.8) -> Tensor:
    """-beta log p_y - (1 - beta) max_k log p_k."""
    log_p_BK = log_softmax(z_BK)
    return -beta * own(log_p_BK, y_B) - (1 - beta) * log_p_BK.amax(-1)
