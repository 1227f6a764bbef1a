"""What metrics need of a prediction: whether it is there, the part itself, and which members' can be read.

Shapes: P members, N rows, C classes, L levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from lossbench.deferred import F

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
        one = ((part.sum(-1) - 1).abs() <= SUM_SLACK) & (part >= -SUM_SLACK).all(-1)
        good = good & one.all(-1)
    return good  # type: ignore[no-any-return]
