"""Penalties on the weights: the objective is mean data loss + l1 sum|w| + l2/2 sum w^2, over weights and never biases.

Every penalty is a mix of these two strengths, of which one data loss can have both. The l1 part is taken by its
proximal step, so that zeros are exact; the l2 part by its gradient. To add a penalty, add one declaration here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossbench.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Penalty:
    """A penalty alpha (s sum |w| + (1 - s)/2 sum w^2) with a share s of l1, `l1_share(l1_ratio)`, in [0, 1]."""

    name: str
    title: str  # as the head of a picture
    formula: str
    l1_share: Callable[[float], float] = field(repr=False)
    effect: str

    @property
    def uses_l1_ratio(self) -> bool:
        """Whether the mix is the user's to choose."""
        return self.l1_share(0.0) != self.l1_share(1.0)

    @property
    def description(self) -> str:
        """Its formula."""
        return self.formula

    def split(self, alpha: float, l1_ratio: float = 0.5) -> tuple[float, float]:
        """The strengths (l1, l2) that the engine penalises with."""
        share = self.l1_share(l1_ratio)
        return alpha * share, alpha * (1 - share)

    def value(self, weight: Tensor, alpha: float, l1_ratio: float = 0.5) -> Tensor:
        """The penalty of a tensor of weights, summed -> scalar."""
        l1, l2 = self.split(alpha, l1_ratio)
        return l1 * weight.abs().sum() + l2 / 2 * weight.square().sum()


OBJECTIVE = "mean data loss + l1 sum |w| + l2/2 sum w^2, over weights, never biases"

# The same objective where others write it. n is the number of training rows.
ELSEWHERE = (
    ("LogisticRegression", "C multiplies the sum of the losses: C = 1 / (n alpha), with its l1_ratio; two outputs "
     "that share a decision halve l2, so there C = 2 / (n alpha)"),
    ("Ridge", "its squared errors are summed: its alpha = n alpha / 2, for mse"),
    ("Lasso, ElasticNet", "their squared errors are halved: their alpha = alpha / 2, with the same l1_ratio, for mse"),
    ("MLPClassifier", "its penalty is alpha / (2 n) sum w^2: its alpha = n alpha"),
    ("weight decay", "with plain SGD, weights that decay by lr * l2 a step are the l2 penalty"),
    ("AdamW", "its decoupled decay is no penalty: where it comes to rest is the minimum of no penalised objective"),
)  # fmt: skip

PENALTIES: Registry[Penalty] = Registry(
    "penalty", abbreviations={"lasso": "l1", "ridge": "l2", "elastic_net": "elasticnet"}
)

for _penalty in (
    Penalty("l1", "L1 penalty", "alpha sum |w|", lambda _: 1.0, "sets more and more weights to exactly 0"),
    Penalty("l2", "L2 penalty", "alpha/2 sum w^2", lambda _: 0.0, "shrinks all weights and sets none to 0"),
    Penalty(
        "elasticnet",
        "elastic net",
        "alpha (l1_ratio sum |w| + (1 - l1_ratio)/2 sum w^2)",
        lambda l1_ratio: l1_ratio,
        "sets weights to 0, and keeps or drops those of related inputs together",
    ),
):
    PENALTIES.add(_penalty)
