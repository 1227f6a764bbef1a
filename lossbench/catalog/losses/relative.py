"""Losses of relative errors: of targets that are not negative, in their own units, by ratios or logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.estimands import LOG_MEAN, MEDIAN, WEIGHTED_MEDIAN
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import POSITIVE_NUMBER, because
from lossbench.catalog.losses.row_operations import mean_over_rows, root
from lossbench.catalog.vocabulary import Encoding, Space, Task

if TYPE_CHECKING:
    from torch import Tensor


@loss(
    targets={Task.REGRESSION: Encoding.NONNEGATIVE},
    **POSITIVE_NUMBER,
    decode=Decoder.IDENTITY,
    reference="Tofallis 2015, doi:10.1057/jors.2014.103",
    estimates="exp E log(1 + y) - 1, below the mean",
    use="Use it for targets of several magnitudes when ratios matter; not when the total or the mean must be right",
    value_estimand=LOG_MEAN,
    pitfalls=("predictions are pulled below the mean",),
    convex=False,
    common=True,
)
def msle(f_B1: Tensor, y_B1: Tensor) -> Tensor:
    """(log(1 + f) - log(1 + y))^2."""
    return (f_B1.log1p() - y_B1.log1p()).square().mean(-1)


@loss(
    targets={Task.REGRESSION: Encoding.POSITIVE},
    **{
        **POSITIVE_NUMBER,
        "risky": {
            **POSITIVE_NUMBER["risky"],
            **because("predictions may be negative, where no target is", Space.REAL, Space.BOUNDED_BELOW),
            Space.SIGNED_UNIT: "values above 1 are out of reach",
        },
        "unsound": because("predictions are never positive, and all targets are", Space.NONPOSITIVE),
    },
    decode=Decoder.IDENTITY,
    reference="de Myttenaere et al. 2016, doi:10.1016/j.neucom.2015.12.114",
    estimates="median, weighted by 1 / y: far below the mean",
    use="Use it when you are scored by percentages; not when the total matters, since it predicts far too low",
    value_estimand=WEIGHTED_MEDIAN,
    pitfalls=("too high is punished without limit, too low by 1 at most: predictions are pulled low",),
    convex=True,
    common=True,
)
def mape(f_B1: Tensor, y_B1: Tensor) -> Tensor:
    """|f - y| / y."""
    return ((f_B1 - y_B1).abs() / y_B1).mean(-1)


@loss(
    targets={Task.REGRESSION: Encoding.NONNEGATIVE},
    **POSITIVE_NUMBER,
    decode=Decoder.IDENTITY,
    reference="Morley, Brito & Welling 2018, doi:10.1002/2017SW001669 (errors by the logarithm of a ratio)",
    estimates="median",
    use="Use it for targets of several magnitudes when ratios matter and some are far off; not when the total or the "
    "mean must be right",
    value_estimand=MEDIAN,
    pitfalls=("below 1 it is about the absolute error: rescale targets that are all small",),
    convex=False,
)
def log_l1(f_B1: Tensor, y_B1: Tensor) -> Tensor:
    """|log(1 + f) - log(1 + y)|."""
    return (f_B1.log1p() - y_B1.log1p()).abs().mean(-1)


@loss(
    targets={Task.REGRESSION: Encoding.NONNEGATIVE},
    **POSITIVE_NUMBER,
    per="batch",
    decode=Decoder.IDENTITY,
    reference="Tofallis 2015, doi:10.1057/jors.2014.103",
    estimates="exp E log(1 + y) - 1, below the mean",
    use="Use it when you are scored by the root mean squared logarithmic error; not with small batches, where msle has "
    "the same aim without their noise",
    value_estimand=LOG_MEAN,
    pitfalls=(
        "it depends on the batch: the root of each batch's mean, averaged, is below the root of the mean",
        "predictions are pulled below the mean",
    ),
    convex=False,
)
def rmsle(f_B1: Tensor, y_B1: Tensor, weight_B: Tensor) -> Tensor:
    """sqrt(mean over the batch of (log(1 + f) - log(1 + y))^2)."""
    return root(mean_over_rows((f_B1.log1p() - y_B1.log1p()).square().mean(-1), weight_B))
