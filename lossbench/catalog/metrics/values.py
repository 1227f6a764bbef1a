"""Metrics of predicted values: of the mean, the median, a quantile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt, Lt

from lossbench.catalog.distributions import pinball as pinball_of
from lossbench.catalog.estimands import LOG_MEAN, MEAN, MEDIAN, QUANTILE, WEIGHTED_MEDIAN
from lossbench.catalog.metrics.metric import METRICS, REGRESSION, metric, regression_error
from lossbench.catalog.metrics.rows import mean, ratio
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


@METRICS.add
@regression_error("rmse", "point", unit="target", estimand=MEAN)
def rmse(point_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Square root of the mean of (f - y)^2."""
    return mean((point_PN - truth_PN).square(), weight_PN).sqrt()


@METRICS.add
@regression_error("mae", "point", unit="target", estimand=MEDIAN)
def mae(point_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of |f - y|."""
    return mean((point_PN - truth_PN).abs(), weight_PN)


@METRICS.add
@metric("r2", "point", REGRESSION, worst=-math.inf, best=1.0, rope="absolute", estimand=MEAN)
def r2(point_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """1 - sum (f - y)^2 / sum (y - mean y)^2.

    Of a constant truth: 1 where it is hit exactly, else 0.
    """
    each = 1.0 if weight_PN is None else weight_PN
    residual = ((point_PN - truth_PN).square() * each).sum(-1)
    total = ((truth_PN - mean(truth_PN, weight_PN)[:, None]).square() * each).sum(-1)
    return 1 - ratio(residual, total, math.nan).where(total > 0, (residual > 0).double())


@METRICS.add
@regression_error("pinball", "point", unit="target", estimand=QUANTILE)
def pinball(
    point_PN: Tensor,
    truth_PN: Tensor,
    weight_PN: Tensor | None = None,
    *,
    quantile: Annotated[float, Gt(0), Lt(1)] = 0.5,
) -> Tensor:
    """Mean of max(q (y - f), (q - 1) (y - f)).

    At the median, q = 0.5, it is half the MAE.
    """
    return mean(pinball_of(point_PN, truth_PN, quantile), weight_PN)


@METRICS.add
@regression_error("mape", "point", domain="nonzero", on_request=True, estimand=WEIGHTED_MEDIAN)
def mape(point_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of |f - y| / |y|."""
    return mean(((point_PN - truth_PN) / truth_PN).abs(), weight_PN)


@METRICS.add
@regression_error("rmsle", "point", domain="nonnegative", on_request=True, estimand=LOG_MEAN)
def rmsle(point_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Square root of the mean of (log(1 + f) - log(1 + y))^2; infinite where an f is -1 or less."""
    error = (point_PN.clamp_min(-1).log1p() - truth_PN.log1p()).square()
    return mean(error, weight_PN).sqrt()


@METRICS.add
@regression_error("poisson_deviance", "point", unit="target", domain="nonnegative", on_request=True, estimand=MEAN)
def poisson_deviance(point_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of 2 (y log(y / f) - y + f); infinite where an f is 0 or less."""
    deviance = 2 * (torch.xlogy(truth_PN, truth_PN / point_PN) - truth_PN + point_PN)
    return _where_positive(point_PN, deviance, weight_PN)


@METRICS.add
@regression_error("gamma_deviance", "point", domain="positive", on_request=True, estimand=MEAN)
def gamma_deviance(point_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean of 2 (log(f / y) + y / f - 1); infinite where an f is 0 or less."""
    return _where_positive(point_PN, 2 * ((point_PN / truth_PN).log() + truth_PN / point_PN - 1), weight_PN)


@METRICS.add
@regression_error("tweedie_deviance", "point", unit="target", domain="nonnegative", on_request=True, estimand=MEAN)
def tweedie_deviance(
    point_PN: Tensor, truth_PN: Tensor, weight_PN: Tensor | None = None, *, power: Annotated[float, Gt(1), Lt(2)] = 1.5
) -> Tensor:
    """Mean of 2 (y^(2-p) / ((1-p) (2-p)) - y f^(1-p) / (1-p) + f^(2-p) / (2-p)); infinite where an f is 0 or less."""
    own = truth_PN ** (2 - power) / ((1 - power) * (2 - power))
    mixed = truth_PN * point_PN ** (1 - power) / (1 - power)
    return _where_positive(point_PN, 2 * (own - mixed + point_PN ** (2 - power) / (2 - power)), weight_PN)


def _where_positive(point_PN: Tensor, deviance_PN: Tensor, weight_PN: Tensor | None) -> Tensor:
    counts = point_PN > 0 if weight_PN is None else (point_PN > 0) | (weight_PN == 0)
    return torch.where(counts.all(-1), mean(deviance_PN, weight_PN), math.inf)
