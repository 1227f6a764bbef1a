"""Asymmetric focusing: easy samples count less, and those of the other classes less still.

p is the probability of each output, t its target of 0 or 1. The focusing factors carry a gradient, as in the paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import CLASSES, COLUMNS, LOGITS, ONE_LOGIT_EACH, ONE_SCORE, by_task
from lossbench.catalog.losses.row_operations import log_not_p, log_p, one_hot
from lossbench.catalog.over_classes import log_softmax
from lossbench.catalog.vocabulary import Task
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor

Gamma = Annotated[float, Ge(0)]

PAPER = "Ridnik et al. 2021, arXiv:2009.14119"


@loss(
    targets=COLUMNS,
    **by_task(binary=ONE_SCORE, multiclass=ONE_LOGIT_EACH),
    decode=Decoder.SIGMOID,
    reference=PAPER,
    estimates="the second class from a probability of 0.147 on; of more classes the most probable one",
    use="Use it when the second class is rare and missing it is worse than a false alarm, or when there are many rare "
    "classes; not when probabilities or plain accuracy are wanted",
    pitfalls=(
        "its probabilities are too high for every class: choose a threshold on a validation set",
        "an output below clip has no gradient from samples of other classes",
    ),
    consistent={Task.BINARY: False, Task.MULTICLASS: True},
    convex=False,
    symmetric=False,
    also_try={"gamma_neg": 2.0},
)
def asl(
    z_BK: Tensor,
    t_BK: Tensor,
    *,
    gamma_pos: Gamma = 1.0,
    gamma_neg: Gamma = 4.0,
    clip: Annotated[float, Ge(0), Lt(1)] = 0.05,
) -> Tensor:
    """-sum_k of t (1 - p)^gamma_pos log p + (1 - t) p_c^gamma_neg log(1 - p_c), p = sigmoid(z), p_c = max(0, p - clip).

    gamma_pos and gamma_neg are those of positive and negative samples; two classes have one output.
    """
    log_not_p_BK = -F.softplus(z_BK)
    positive = (gamma_pos * log_not_p_BK).exp() * -F.softplus(-z_BK)
    # A power below 1 has no slope at 0, and a shifted probability there has no share in the loss.
    shifted = (z_BK.sigmoid() - clip).clamp_min(torch.finfo(z_BK.dtype).tiny)
    log_not_shifted = torch.logaddexp(log_not_p_BK, z_BK.new_tensor(clip).log()).clamp_max(0)
    return -(t_BK * positive + (1 - t_BK) * shifted**gamma_neg * log_not_shifted).sum(-1)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=f"{PAPER}; its published ASLSingleLabel",
    estimates="class probabilities (at the defaults, to within 0.001)",
    use="Use it when there are many classes, one to a row, and the paper's recipe is to be followed; not in the "
    "hope of more than cross_entropy: at the defaults it is nearly that",
    pitfalls=(
        "with label_smoothing = 0 it is focal with gamma = gamma_pos; with the default, gamma_neg = 4 all but takes "
        "the smoothing away",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    also_try={"gamma_pos": 1.0},
)
def asl_single_label(
    z_BK: Tensor,
    y_B: Tensor,
    *,
    gamma_pos: Gamma = 0.0,
    gamma_neg: Gamma = 4.0,
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.1,
) -> Tensor:
    """-(1 - a + a / K) (1 - p_y)^gamma_pos log p_y - a / K sum over k != y of p_k^gamma_neg log p_k, p = softmax(z).

    a is label_smoothing.
    """
    log_p_BK = log_softmax(z_BK)
    own_term = (gamma_pos * log_not_p(z_BK, y_B)).exp() * log_p(z_BK, y_B)
    other_terms = ((gamma_neg * log_p_BK).exp() * log_p_BK * (1 - one_hot(y_B, z_BK))).sum(-1)
    share = label_smoothing / z_BK.shape[-1]
    return -(1 - label_smoothing + share) * own_term - share * other_terms
