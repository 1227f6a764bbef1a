"""What metrics need of a prediction: whether it is there, the part itself, and which members' can be read.

Most metrics need the same few parts, so a `Reading` makes each once for all metrics of a prediction.

Shapes: P members, N rows, C classes, L levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from lossbench.catalog.decoders import median_class
from lossbench.catalog.over_classes import argmax, classes_first
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor

    from lossbench.catalog.decoders import Prediction

OfClasses = Literal["label", "median", "score", "probability"]
OfSpread = Literal["distribution", "density", "distribution or quantiles", "quantiles"]
Need = OfClasses | Literal["point"] | OfSpread
CLASS_NEEDS = get_args(OfClasses)
SUM_SLACK = 1e-3  # rows of float32 probabilities over many classes sum to one within this


def has_part(prediction: Prediction, needs: Need, levels: Sequence[float]) -> bool:
    """Whether the prediction has what is needed."""
    match needs:
        case "probability":
            return prediction.probability_PNC is not None
        case "label" | "median" | "score":
            return prediction.score_PNC is not None
        case "point":
            return prediction.point_PN is not None
    spread, distribution = prediction.spread, prediction.distribution
    if spread is None or prediction.point_PN is None or prediction.point_PN.ndim > 2:  # of one target alone
        return False
    match needs:
        case "distribution":
            return distribution is not None
        case "density":
            return distribution is not None and distribution.has_density
        case "quantiles":
            return spread.has(levels)
    return True


class Reading:
    """A prediction as metrics read it: each part is made once, however many metrics need it."""

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction
        self._parts: dict[tuple[Need, tuple[float, ...]], tuple[Any, Tensor]] = {}

    def part(self, needs: Need, levels: Sequence[float]) -> tuple[Any, Tensor]:
        """The part that is needed, with even shares in place of what cannot be read, and the members whose own it is,
        `[P]` bool; for "label" the decided classes, for "median" the median ones."""
        key = (needs, tuple(levels))
        if key not in self._parts:
            self._parts[key] = self._made(needs, levels)
        return self._parts[key]

    def _made(self, needs: Need, levels: Sequence[float]) -> tuple[Any, Tensor]:
        if needs == "label":
            score, good = self.part("score", levels)
            return argmax(score), good
        part = part_of(self.prediction, needs, levels)
        good = usable(part, self.prediction, needs)
        if isinstance(part, torch.Tensor) and not bool(good.all()):
            part = torch.where(good.view(-1, *[1] * (part.ndim - 1)), part, 1 / part.shape[-1])
        return median_class(part) if needs == "median" else part, good


def part_of(prediction: Prediction, needs: Need, levels: Sequence[float]) -> Any:
    """The part that a metric needs, float64: a tensor, or what is known of the value's spread."""
    if needs in CLASS_NEEDS or needs == "point":
        part = _tensor(prediction, needs)
        assert part is not None, "checked before"
        return _plain(part)
    assert prediction.spread is not None, "checked before"
    spread = prediction.spread.map(_plain)
    return spread.at(levels) if needs == "quantiles" else spread


def _tensor(prediction: Prediction, needs: Need) -> Tensor | None:
    if needs == "median" and prediction.probability_PNC is None and prediction.score_PNC is not None:
        # all on the decided class; what is NaN stays so
        sure: Tensor = F.one_hot(prediction.label_PN, prediction.score_PNC.shape[-1]) + 0 * prediction.score_PNC
        return sure
    tensors = {
        "median": prediction.probability_PNC,
        "probability": prediction.probability_PNC,
        "point": prediction.point_PN,
    }
    return tensors.get(needs, prediction.score_PNC)


def _plain(part: Tensor) -> Tensor:
    return part.detach().double()


def usable(part: Any, prediction: Prediction, needs: Need) -> Tensor:
    """Members whose outputs the metric can read at all, `[P]` bool."""
    if prediction.spread is not None and needs not in CLASS_NEEDS and needs != "point":
        assert prediction.point_PN is not None, "checked before"
        return prediction.spread.is_valid.expand(prediction.point_PN.shape).all(-1)
    columns = tuple(range(1, part.ndim))
    good = (part - part).sum(columns) == 0  # 0 of numbers, NaN of infinities: torch's isfinite takes many times as long
    if needs in ("probability", "median"):
        good &= (part.amin(columns) >= -SUM_SLACK) & ((classes_first(part).sum(-1) - 1).abs().amax(-1) <= SUM_SLACK)
    return good  # type: ignore[no-any-return]
