"""Losses of pairs of a batch's rows, one of each class, for the order of rows by their score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import order
from lossbench.catalog.losses.domains import because
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


@loss(
    targets={Task.BINARY: Encoding.PROBABILITY},
    sound=(Space.REAL,),
    risky={
        **because(
            "a margin of 1 between two bounded scores keeps them at their bounds",
            *(Space.UNIT, Space.SIMPLEX, Space.SIGNED_UNIT),
        ),
        **because(
            "scores fade out at a bound, and rows there are no longer told apart",
            *(Space.NONNEGATIVE, Space.POSITIVE, Space.BOUNDED_BELOW, Space.NONPOSITIVE, Space.LOG_SIMPLEX),
        ),
    },
    per="batch",
    decode=Decoder.MARGIN,
    reference="Yan et al. 2003, ICML 20, pages 848-855; consistency: Gao & Zhou 2015, arXiv:1208.0645",
    class_estimand=order,
    estimates="the order of rows by the probability of the second class",
    metric="auroc",
    use="Use it when rows are ranked by their score and AUROC is the goal, with the second class rare; not when "
    "classes or probabilities are wanted: it learns no threshold",
    pitfalls=(
        "only differences of scores count: decisions at 0 are arbitrary, choose a threshold on a validation set",
        "a batch of one class gives 0 and no gradient: use batches that hold several rows of the rare class",
        "its memory grows with the square of the batch",
    ),
    convex=True,
    also_try={"margin": 0.5},
)
def pairwise_auc(z_B1: Tensor, t_B1: Tensor, weight_B: Tensor, *, margin: Annotated[float, Gt(0)] = 1.0) -> Tensor:
    """Mean over the batch's pairs of a second-class row i and a first-class row j of max(0, margin - z_i + z_j)^2.

    A pair counts the product of its rows' weights; without any pair the value is 0.
    """
    z_B, t_B = z_B1.squeeze(-1), t_B1.squeeze(-1)
    second_B, first_B = weight_B * t_B, weight_B * (1 - t_B)
    miss_BB = (margin - z_B.unsqueeze(-1) + z_B.unsqueeze(-2)).clamp_min(0).square()
    total = (second_B * (miss_BB * first_B.unsqueeze(-2)).sum(-1)).sum(-1)
    pairs = second_B.sum(-1) * first_B.sum(-1)
    return total / pairs.clamp_min(torch.finfo(pairs.dtype).tiny)
