"""What nets predict, read from their outputs.

Shapes: P members, N rows, C classes, L levels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lossbench.catalog.distributions import Distribution, Normal
from lossbench.catalog.over_classes import argmax

if TYPE_CHECKING:
    from torch import Tensor

    from lossbench.catalog.distributions import Quantiles

TINY = 1e-7  # probabilities are clamped to [TINY, 1 - TINY] before a logarithm: float32 resolves no finer next to 1


@dataclass(frozen=True)
class Prediction:
    """What P members predict for N rows; a part is None where the loss gives none.

    `score_PNC`: logit-like, the larger the more probable; its argmax is the decision, and softmax(score / T) is what a
    temperature is fitted to. `probability_PNC`: what the loss itself estimates. `point_PN`: a regression's value.
    `distribution`: the whole distribution of that value. `quantiles`: some of its quantiles, where these are all that
    is estimated.
    """

    score_PNC: Tensor | None = None
    probability_PNC: Tensor | None = None
    point_PN: Tensor | None = None
    distribution: Distribution | None = None
    quantiles: Quantiles | None = None

    @property
    def label_PN(self) -> Tensor:  # noqa: N802 - its shape is part of its name
        """The decided class, `[P, N]` int64; ties go to the first class."""
        assert self.score_PNC is not None, "a regression has no label"
        return argmax(self.score_PNC)

    @property
    def median_PN(self) -> Tensor:  # noqa: N802
        """The median class of an order, `[P, N]` int64; the decided class where the loss gives no probabilities."""
        return self.label_PN if self.probability_PNC is None else median_class(self.probability_PNC)

    @property
    def spread(self) -> Distribution | Quantiles | None:
        """What is known of the value beside its point: the distribution, or else quantiles."""
        return self.quantiles if self.distribution is None else self.distribution

    def without_code(self) -> Prediction:
        """The same parts, to be sent to where a user's own kind of distribution is not known."""
        if self.distribution is None:
            return self
        mean = self.distribution.mean
        return replace(self, distribution=Normal(mean, mean) if self.distribution.has_density else Distribution())

    def scaled(self, scale: Tensor, center: Tensor) -> Prediction:
        """The prediction of scale y + center, in float64: from a target's unit of training to its own."""
        return replace(
            self,
            point_PN=None if self.point_PN is None else self.point_PN.double() * scale + center,
            distribution=None
            if self.distribution is None
            else self.distribution.map(lambda own: own.double()).scaled(scale, center),
            quantiles=None
            if self.quantiles is None
            else self.quantiles.map(lambda own: own.double()).scaled(scale, center),
        )


def median_class(p: Tensor) -> Tensor:
    """The first class that with those below it has one half of the probability, of `[..., C]` -> `[...]` int64."""
    return (p[..., :-1].cumsum(-1) < 0.5).sum(-1)
