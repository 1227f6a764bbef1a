"""Metrics of a predicted normal distribution, of mean m and standard deviation s in the target's own unit."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt, Lt

from lossbench.catalog.metrics.metric import METRICS, REGRESSION, metric, regression_error
from lossbench.catalog.metrics.rows import mean
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

Level = Annotated[float, Gt(0), Lt(1)]


@METRICS.add
@regression_error("crps", "distribution", unit="target", on_request=True)
def crps(normal_PN2: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of the integral of (F - 1[y <= t])^2 over t: s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt pi), z = (y - m) / s.

    Gneiting & Raftery 2007, doi:10.1198/016214506000001437.
    """
    centre, deviation = normal_PN2.unbind(-1)
    z = (truth_PN - centre) / deviation
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    between = torch.erf(z / math.sqrt(2))  # 2 Phi(z) - 1
    return mean(deviation * (z * between + 2 * density - 1 / math.sqrt(math.pi)), weight_PN)


@METRICS.add
@metric(
    "gaussian_log_loss", "distribution", REGRESSION, worst=math.inf, best=-math.inf, rope="absolute", on_request=True
)
def gaussian_log_loss(normal_PN2: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of -log density of y: (log(2 pi s^2) + ((y - m) / s)^2) / 2.

    A target in another unit moves it by a constant.
    """
    centre, deviation = normal_PN2.unbind(-1)
    z = (truth_PN - centre) / deviation
    return mean(deviation.log() + (math.log(2 * math.pi) + z.square()) / 2, weight_PN)


@METRICS.add
@metric("coverage_error", "distribution", REGRESSION, worst=1.0, best=0.0, rope="absolute", on_request=True)
def coverage_error(
    normal_PN2: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None, *, level: Level = 0.9
) -> Tensor:
    """|share of y within the central interval - its level|."""
    centre, deviation = normal_PN2.unbind(-1)
    within = (truth_PN - centre).abs() <= _reach(level) * deviation
    return (mean(within.double(), weight_PN) - level).abs()


@METRICS.add
@regression_error("interval_width", "distribution", unit="target", on_request=True)
def interval_width(
    normal_PN2: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None, *, level: Level = 0.9
) -> Tensor:
    """Mean width of the central interval of that level.

    It says something beside `coverage_error` only: the narrowest interval is empty.
    """
    return 2 * _reach(level) * mean(normal_PN2[..., 1], weight_PN)


def _reach(level: float) -> float:
    """Standard deviations on each side of the mean."""
    return NormalDist().inv_cdf((1 + level) / 2)
