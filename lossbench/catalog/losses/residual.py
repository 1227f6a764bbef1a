"""Losses of a residual e = f - y. Those that also serve classification compare with 0 and 1, averaged over the columns.

Regression targets are scaled on the training part, so every threshold (delta, beta, c) is in units of the target's
scale: its standard deviation, or 1.4826 MAD where tails are heavy (`target_scale`). The textbooks' thresholds are in
standard deviations of the residuals (Huber's 1.345, Cauchy's 2.385, Tukey's 4.685: 95% efficient under normal noise),
which are some 0.22 of the target's where a fit explains 95% of it: that is the other value to try.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.estimands import BETWEEN, EXPECTILE, LOG_MEAN, MEAN, MEDIAN, MODE, QUANTILE, WEIGHTED_MEDIAN
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import by_threshold
from lossbench.catalog.losses.domains import (
    CLASS_OR_VALUE,
    COLUMN_PER_CLASS,
    NUMBER,
    ONE_COLUMN,
    POSITIVE_NUMBER,
    VALUE,
    because,
    by_task,
    without,
)
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor

TARGET_UNIT = (
    "in units of the target's scale: its standard deviation, or 1.4826 MAD where tails are heavy (target_scale)"
)
Threshold = Annotated[float, Gt(0)]
Share = Annotated[float, Gt(0), Lt(1)]

PROBABILITY_OR_NUMBER = {
    Space.REAL: Decoder.LEAST_SQUARES,
    Space.UNIT: Decoder.PROBABILITY,
    Space.SIMPLEX: Decoder.PROBABILITY,
    Task.REGRESSION: Decoder.IDENTITY,
}
# Bent inside [0, 1], these need no sigmoid: their linear outputs stay near 0 and 1 by themselves.
LINEAR_FIRST = by_task(
    binary={**ONE_COLUMN, "sound": (Space.REAL, Space.UNIT)},
    multiclass={**COLUMN_PER_CLASS, "sound": (Space.REAL, Space.SIMPLEX, Space.UNIT)},
    regression=NUMBER,
)


@loss(
    targets=CLASS_OR_VALUE,
    **by_task(
        binary=ONE_COLUMN,
        multiclass={**COLUMN_PER_CLASS, "same_as": {"identity": "square + identity"}},
        regression=NUMBER,
    ),
    decode=PROBABILITY_OR_NUMBER,
    reference="Gauss 1809, doi:10.1017/CBO9780511841705; as a proper score: Brier 1950",
    estimates="mean; class probabilities",
    use="Use it for numbers as the first choice, to predict the mean; not when few far values must not decide, where"
    " huber or l1 hold",
    value_estimand=MEAN,
    pitfalls=(
        "behind a sigmoid or softmax its gradient vanishes where the prediction is surely wrong",
        "its gradient grows with the residual: one outlier can outweigh all other samples",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=True,
    common=True,
)
def mse(f_BK: Tensor, t_BK: Tensor) -> Tensor:
    """(f - t)^2, averaged over the columns."""
    return (f_BK - t_BK).square().mean(-1)


@loss(
    targets=CLASS_OR_VALUE,
    **by_task(
        binary=ONE_COLUMN,
        multiclass=without(
            COLUMN_PER_CLASS,
            Space.UNIT,
            Space.REAL,
            risky={
                **COLUMN_PER_CLASS["risky"],
                **because(
                    "where no class is above one half every output is best at 0, which decides for nothing",
                    *(Space.REAL, Space.UNIT),
                ),
            },
        ),
        regression=NUMBER,
    ),
    decode=PROBABILITY_OR_NUMBER,
    reference="Laplace 1774; for classification: Ghosh, Kumar & Sastry 2017, arXiv:1712.09482",
    estimates="median; the most probable class, as probabilities of 0 and 1",
    use="Use it for the median, or against outliers; not for the mean of a skewed target, nor for class probabilities",
    value_estimand=MEDIAN,
    pitfalls=(
        "its probabilities are driven to 0 and 1: they are no estimates",
        "its gradient on softmax shrinks with the number of classes: it needs more epochs or a larger learning rate",
        "the largest error of a row on softmax (the Chebyshev loss) is K / 2 times it",
    ),
    consistent=True,
    convex=True,
    symmetric=True,
    common=True,
)
def l1(f_BK: Tensor, t_BK: Tensor) -> Tensor:
    """|f - t|, averaged over the columns."""
    return (f_BK - t_BK).abs().mean(-1)


@loss(
    targets=CLASS_OR_VALUE,
    **LINEAR_FIRST,
    decode=PROBABILITY_OR_NUMBER,
    reference="Girshick 2015, arXiv:1504.08083",
    class_estimand=by_threshold,
    estimates="between median and mean; class probabilities while beta >= 1",
    use="Use it when errors beyond beta should count in proportion, as in detection; not beside huber, which it is "
    "up to a factor",
    value_estimand=BETWEEN,
    pitfalls=("it is huber(delta=beta) / beta", f"beta is {TARGET_UNIT}"),
    consistent=True,
    convex=True,
    symmetric=False,
    also_try={"beta": 0.11},  # Faster R-CNN's 1 / 9
    common=True,
)
def smooth_l1(f_BK: Tensor, t_BK: Tensor, *, beta: Threshold = 1.0) -> Tensor:
    """e^2 / (2 beta) if |e| < beta, else |e| - beta / 2; averaged over the columns."""
    return F.smooth_l1_loss(f_BK, t_BK, beta=beta, reduction="none").mean(-1)


@loss(
    targets=CLASS_OR_VALUE,
    **LINEAR_FIRST,
    decode=PROBABILITY_OR_NUMBER,
    reference="Huber 1964, doi:10.1214/aoms/1177703732",
    class_estimand=by_threshold,
    estimates="between median and mean; class probabilities while delta >= 1",
    use="Use it for numbers with some outliers; not when the mean of a skewed target is wanted, nor without a "
    "thought for delta",
    value_estimand=BETWEEN,
    pitfalls=(f"delta is {TARGET_UNIT}",),
    consistent=True,
    convex=True,
    symmetric=False,
    also_try={"delta": 0.3},
    common=True,
)
def huber(f_BK: Tensor, t_BK: Tensor, *, delta: Threshold = 1.0) -> Tensor:
    """e^2 / 2 if |e| < delta, else delta (|e| - delta / 2); averaged over the columns."""
    return F.huber_loss(f_BK, t_BK, delta=delta, reduction="none").mean(-1)


@loss(
    targets=CLASS_OR_VALUE,
    **LINEAR_FIRST,
    decode=PROBABILITY_OR_NUMBER,
    reference="Green 1990, doi:10.1109/42.52985",
    estimates="between median and mean",
    use="Use it as a smooth huber, with second derivatives everywhere; not when the mean of a skewed target is wanted",
    value_estimand=BETWEEN,
    pitfalls=("written as log(cosh(e)) it overflows float32 at |e| = 90; here it does not",),
    consistent=True,
    convex=True,
    symmetric=False,
    common=True,
)
def log_cosh(f_BK: Tensor, t_BK: Tensor) -> Tensor:
    """log cosh e, averaged over the columns."""
    e = (f_BK - t_BK).abs()
    return (e + F.softplus(-2 * e) - math.log(2)).clamp_min(0).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Koenker & Bassett 1978, doi:10.2307/1913643",
    estimates="the quantile",
    use="Use it when too low and too high cost differently, or for one quantile; not for the mean",
    value_estimand=QUANTILE,
    metric="pinball(quantile={quantile:g})",
    pitfalls=("pinball(0.5) is l1 / 2", "nets trained for several quantiles may cross"),
    convex=True,
    common=True,
)
def pinball(f_B1: Tensor, y_B1: Tensor, *, quantile: Share = 0.5) -> Tensor:
    """max(q (y - f), (q - 1) (y - f))."""
    e = y_B1 - f_B1
    return torch.maximum(quantile * e, (quantile - 1) * e).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Newey & Powell 1987, doi:10.2307/1911031",
    estimates="the expectile, which is no quantile; at tau = 0.5 the mean",
    use="Use it for a mean that leans to one side; not for a share of rows below the prediction, which a quantile "
    "has (pinball)",
    value_estimand=EXPECTILE,
    pitfalls=("expectile(0.5) is mse / 2",),
    proper=True,
    convex=True,
    common=True,
)
def expectile(f_B1: Tensor, y_B1: Tensor, *, tau: Share = 0.5) -> Tensor:
    """|tau - 1[y < f]| (y - f)^2."""
    e = y_B1 - f_B1
    return (tau * e.clamp_min(0).square() + (1 - tau) * e.clamp_max(0).square()).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Black & Anandan 1996, doi:10.1006/cviu.1996.0006",
    estimates="near the mode",
    use="Use it when a good part of the targets is corrupted; not from a bad start, nor when far values are real",
    value_estimand=MODE,
    pitfalls=(
        "it is not convex: where it ends depends on where it starts",
        f"c is {TARGET_UNIT}",
    ),
    convex=False,
    also_try={"c": 0.5},
    common=True,
)
def cauchy(f_B1: Tensor, y_B1: Tensor, *, c: Threshold = 1.0) -> Tensor:
    """c^2 / 2 log(1 + (e / c)^2)."""
    return (0.5 * c**2 * ((f_B1 - y_B1) / c).square().log1p()).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Charbonnier et al. 1997, doi:10.1109/83.551699",
    estimates="between median and mean",
    use="Use it as a huber that is smooth everywhere; not when the mean of a skewed target is wanted",
    value_estimand=BETWEEN,
    pitfalls=(f"c is {TARGET_UNIT}",),
    convex=True,
    also_try={"c": 0.3},
    common=True,
)
def soft_l1(f_B1: Tensor, y_B1: Tensor, *, c: Threshold = 1.0) -> Tensor:
    """c^2 (sqrt(1 + (e / c)^2) - 1), the pseudo-Huber loss."""
    square = ((f_B1 - y_B1) / c).square()
    return (c**2 * square / ((1 + square).sqrt() + 1)).mean(-1)  # sqrt(1 + s) - 1 without cancellation


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Beaton & Tukey 1974, doi:10.1080/00401706.1974.10489171",
    estimates="near the mode",
    use="Use it to ignore gross outliers altogether, near a good start; not as the first loss of a net, since rows "
    "beyond c teach nothing",
    value_estimand=MODE,
    pitfalls=("beyond c there is no gradient: samples that start far away are never learnt", f"c is {TARGET_UNIT}"),
    convex=False,
    also_try={"c": 1.0},
    common=True,
)
def tukey(f_B1: Tensor, y_B1: Tensor, *, c: Threshold = 4.685) -> Tensor:
    """c^2 / 6 (1 - (1 - (e / c)^2)^3), constant for |e| > c."""
    inside = (1 - ((f_B1 - y_B1) / c).square()).clamp_min(0)
    return (c**2 / 6 * (1 - inside.pow(3))).mean(-1)


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
