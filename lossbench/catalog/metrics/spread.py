"""Metrics of what is predicted beside a point: a distribution, or quantiles, in the target's own unit.

A metric that reads quantiles takes a distribution's, or those that a loss has, where its levels are among them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Gt, Lt

from lossbench.catalog.decoders.values import central
from lossbench.catalog.distributions import Distribution, Quantiles
from lossbench.catalog.distributions import interval_score as interval_score_of
from lossbench.catalog.metrics.metric import METRICS, REGRESSION, metric, regression_error
from lossbench.catalog.metrics.rows import first_half, mean
from lossbench.catalog.parameters import Levels
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

Level = Annotated[float, Gt(0), Lt(1)]
PIT_LEVELS = 19  # 0.05, 0.10, ..., 0.95
ROUNDING = 1e-12  # 0.9 of 10 rows are 9, whatever its last bit is


def _central(params: Mapping[str, Any]) -> Sequence[float]:
    return central(params["level"])


@METRICS.add
@regression_error("crps", "distribution or quantiles", unit="target", on_request=True)
def crps(spread: Distribution | Quantiles, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of the integral of (F(t) - 1[y <= t])^2 over t; of quantiles alone twice their mean pinball loss.

    In closed form for every built-in distribution (Gneiting & Raftery 2007, doi:10.1198/016214506000001437; Jordan et
    al. 2019, doi:10.18637/jss.v090.i12). Of L quantiles it is an approximation, whose error is at most
    (E|Y - y| + mean_j |q_j - y|) / (2 L) where their levels are (j - 1/2) / L.
    """
    return mean(spread.crps(truth_PN), weight_PN)


@METRICS.add
@metric("log_score", "density", REGRESSION, worst=math.inf, best=-math.inf, rope="absolute", on_request=True)
def log_score(distribution: Distribution, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of -log density of y; of its probability where y has one (a count, an exact 0).

    A target in another unit moves it by a constant. Counts and numbers are not to be compared by it.
    """
    return -mean(distribution.log_density(truth_PN), weight_PN)


@METRICS.add
@metric("pit_error", "distribution", REGRESSION, worst=1.0, best=0.0, rope="absolute", on_request=True)
def pit_error(distribution: Distribution, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean over u = 0.05, 0.10, ..., 0.95 of |share of F(y) <= u - u|: calibration error of the PIT.

    F(y), the probability integral transform, is uniform where the distributions are right. Where y itself has a
    probability, F(y) is spread evenly between P(Y < y) and P(Y <= y): Czado, Gneiting & Held 2009,
    doi:10.1111/j.1541-0420.2009.01191.x.
    """
    upper = distribution.cdf(truth_PN)
    lower = torch.minimum(distribution.cdf_below(truth_PN), upper)
    total = torch.zeros_like(upper[..., 0])
    for i in range(1, PIT_LEVELS + 1):
        u = i / (PIT_LEVELS + 1)
        share = ((u - lower) / (upper - lower).clamp_min(1e-300)).clamp(0, 1)
        total = total + (mean(share, weight_PN) - u).abs()
    return total / PIT_LEVELS


@METRICS.add
@metric(
    "coverage_error",
    "quantiles",
    REGRESSION,
    worst=1.0,
    best=0.0,
    rope="absolute",
    on_request=True,
    levels=_central,
)
def coverage_error(
    bounds_PN2: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None, *, level: Level = 0.9
) -> Tensor:
    """|share of y within the central interval - its level|."""
    lower, upper = bounds_PN2.unbind(-1)
    within = (truth_PN >= lower) & (truth_PN <= upper)
    return (mean(within.double(), weight_PN) - level).abs()


@METRICS.add
@regression_error("interval_width", "quantiles", unit="target", on_request=True, levels=_central)
def interval_width(
    bounds_PN2: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None, *, level: Level = 0.9
) -> Tensor:
    """Mean width of the central interval of that level.

    It says something beside `coverage_error` only: the narrowest interval is empty.
    """
    return mean(bounds_PN2[..., 1] - bounds_PN2[..., 0], weight_PN)


@METRICS.add
@regression_error(
    "conformal_width",
    "point",
    unit="target",
    on_request=True,
    least_rows=lambda params: 2 * math.ceil(params["level"] / (1 - params["level"]) * (1 - ROUNDING)),
)
def conformal_width(
    point_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None, *, level: Level = 0.9
) -> Tensor:
    """Mean width of split-conformal intervals, those of each half of the rows calibrated by the other half.

    Twice the ceil((m + 1) level)-th smallest |f - y| of the m rows of the other half: around f it covers a row that is
    exchangeable with these with at least the probability `level` (Lei et al. 2018, doi:10.1080/01621459.2017.1307116).
    The halves follow from the rows' places alone, whatever f and y are; a row of any weight is in one of them. A half
    with too few rows for the level has no finite width.
    """
    radius_PN = calibrated_radius((point_PN - truth_PN).abs(), weight_PN, level)
    return 2 * mean(radius_PN, weight_PN)


def calibrated_radius(distance_PN: Tensor, weight_PN: Tensor | None, level: float) -> Tensor:
    """Each row's conformal quantile of the other half's distances, `[P, N]`; infinite of too few."""
    weight = torch.ones_like(distance_PN) if weight_PN is None else weight_PN
    place_PN = (weight > 0).cumsum(-1).sub(1).clamp_min(0)  # a row of weight 0 is none
    first_PN = first_half(distance_PN.shape[-1]).to(weight.device)[place_PN]
    ascending, order = distance_PN.sort(-1)

    def quantile(half_PN: Tensor) -> Tensor:
        up_to = torch.where(half_PN, weight, 0.0).gather(-1, order).cumsum(-1)
        needed = level * (up_to[..., -1:] + 1) * (1 - ROUNDING)
        reached = up_to >= needed
        found = ascending.gather(-1, reached.double().argmax(-1, keepdim=True))
        return torch.where(reached.any(-1, keepdim=True), found, math.inf)

    return torch.where(first_PN, quantile(~first_PN), quantile(first_PN))


@METRICS.add
@regression_error("interval_score", "quantiles", unit="target", on_request=True, levels=_central)
def interval_score(
    bounds_PN2: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None, *, level: Level = 0.9
) -> Tensor:
    """Mean of u - l + 2 / a max(l - y, 0) + 2 / a max(y - u, 0), (l, u) the central interval, a = 1 - level.

    The Winkler score: width and coverage in one proper score (Winkler 1972, doi:10.1080/01621459.1972.10481224;
    Gneiting & Raftery 2007, doi:10.1198/016214506000001437).
    """
    lower, upper = bounds_PN2.unbind(-1)
    return mean(interval_score_of(lower, upper, truth_PN, level), weight_PN)


@METRICS.add
@regression_error("mean_pinball", "quantiles", unit="target", on_request=True, levels=lambda params: params["levels"])
def mean_pinball(
    value_PNL: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None, *, levels: Levels = (0.05, 0.5, 0.95)
) -> Tensor:
    """Mean over the levels of the mean of max(q (y - f_q), (q - 1) (y - f_q))."""
    return mean(Quantiles(tuple(levels), value_PNL).pinball(truth_PN), weight_PN)
