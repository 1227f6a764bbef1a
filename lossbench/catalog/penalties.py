"""Penalties on the weights: the objective is mean data loss + l1 sum|w| + l2/2 sum w^2, over weights and never biases.

Every penalty is a mix of these two strengths, of which one data loss can have both. The l1 part is taken by its
proximal step, so that zeros are exact; the l2 part by its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossbench.catalog.registry import Registry
from lossbench.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Regularizer:
    """A penalty: what it is a mix of, `split(strength, l1_ratio) -> (l1, l2)`."""

    name: str
    formula: str
    split: Callable[[float, float], tuple[float, float]] = field(repr=False)
    effect: str = ""

    def value(self, weight: Tensor, strength: float, l1_ratio: float = 0.5) -> Tensor:
        """The penalty of a tensor of weights, summed -> scalar."""
        l1, l2 = self.split(strength, l1_ratio)
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

REGULARIZERS: Registry[Regularizer] = Registry(
    "penalty", abbreviations={"lasso": "l1", "ridge": "l2", "elastic_net": "elasticnet"}
)

for _regularizer in (
    Regularizer("l1", "alpha sum |w|", lambda alpha, _: (alpha, 0.0), "sets more and more weights to exactly 0"),
    Regularizer("l2", "alpha/2 sum w^2", lambda alpha, _: (0.0, alpha), "shrinks all weights and sets none to 0"),
    Regularizer(
        "elasticnet",
        "alpha (l1_ratio sum |w| + (1 - l1_ratio)/2 sum w^2)",
        lambda alpha, l1_ratio: (alpha * l1_ratio, alpha * (1 - l1_ratio)),
        "sets weights to 0, and keeps or drops those of related inputs together",
    ),
):
    REGULARIZERS.add(_regularizer)


def resolve_penalty(
    penalty: Mapping[str, float], *, l1_ratio: float = 0.5, where: str = "penalty"
) -> tuple[float, float]:
    """The strengths (l1, l2) that `{name: strength}` adds up to.

    Raises `UserError` for an unknown name, a strength that is negative or not finite, and an `l1_ratio` outside
    [0, 1].
    """
    if not 0 <= l1_ratio <= 1:
        raise UserError(f"l1_ratio = {l1_ratio}", where=where, fix="give a share between 0 and 1")
    l1 = l2 = 0.0
    for name, strength in penalty.items():
        regularizer = REGULARIZERS.get(name, where=where)
        if not 0 <= strength < float("inf"):
            raise UserError(f"{name} = {strength}", where=where, fix="give a finite strength >= 0")
        add_l1, add_l2 = regularizer.split(strength, l1_ratio)
        l1, l2 = l1 + add_l1, l2 + add_l2
    return l1, l2
