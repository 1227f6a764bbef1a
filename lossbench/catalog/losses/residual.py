"""Losses of a residual e = f - y. Those that also serve classification compare with 0 and 1, averaged over the columns.

Regression targets are scaled on the training part, so every threshold (delta, beta, scale, epsilon) is in units of the
target's scale: its standard deviation, or 1.4826 MAD where tails are heavy (`target_scale`). The textbooks' thresholds
are in standard deviations of the residuals (Huber's 1.345: 95% efficient under normal noise), which are some 0.22 of
the target's where a fit explains 95% of it: that is the other value to try.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.estimands import BETWEEN, MEAN, MEDIAN, NEAR_MEAN, NEAR_MEDIAN
from lossbench.catalog.loss import loss
from lossbench.catalog.losses import TARGET_UNIT, Threshold
from lossbench.catalog.losses.class_estimands import by_threshold
from lossbench.catalog.losses.domains import (
    CLASS_OR_VALUE,
    COLUMN_PER_CLASS,
    NUMBER,
    ONE_COLUMN,
    VALUE,
    because,
    by_task,
    without,
)
from lossbench.catalog.losses.row_operations import mean_over_rows, root
from lossbench.catalog.vocabulary import Space, Task
from lossbench.deferred import F

if TYPE_CHECKING:
    from torch import Tensor

Tolerance = Annotated[float, Ge(0)]  # the zone without a loss

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
    pitfalls=(
        "written as log(cosh(e)) it overflows float32 at |e| = 90; here it does not",
        f"scale is {TARGET_UNIT}",
    ),
    consistent=True,
    convex=True,
    symmetric=False,
    common=True,
)
def log_cosh(f_BK: Tensor, t_BK: Tensor, *, scale: Threshold = 1.0) -> Tensor:
    """s^2 log cosh(e / s), averaged over the columns: e^2 / 2 near 0, s |e| far out."""
    e = (f_BK - t_BK).abs() / scale
    return scale**2 * (e + F.softplus(-2 * e) - math.log(2)).clamp_min(0).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    per="batch",
    decode=Decoder.IDENTITY,
    reference="Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001 (the root mean square error)",
    estimates="mean",
    use="Use it when you are scored by the root mean square error and want its units in the loss curve; not with small "
    "batches, where mse has the same aim without their noise",
    value_estimand=MEAN,
    pitfalls=(
        "it depends on the batch: the root of each batch's mean, averaged, is below the root of the mean",
        "its gradient is mse's over 2 rmse: it does not shrink as the fit improves, so decay the learning rate",
    ),
    proper=True,
    convex=True,
)
def rmse(f_B1: Tensor, y_B1: Tensor, weight_B: Tensor) -> Tensor:
    """sqrt(mean over the batch of (f - y)^2)."""
    return root(mean_over_rows((f_B1 - y_B1).square().mean(-1), weight_B))


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Vapnik 1995, doi:10.1007/978-1-4757-2440-0, chapter 6",
    estimates="median, to within epsilon",
    use="Use it when errors up to epsilon cost nothing, as in support vector regression; not when small errors count",
    value_estimand=NEAR_MEDIAN,
    pitfalls=(f"epsilon is {TARGET_UNIT}", "within epsilon there is no gradient: its minimum is a whole interval"),
    convex=True,
    also_try={"epsilon": 0.02},
)
def epsilon_insensitive(f_B1: Tensor, y_B1: Tensor, *, epsilon: Tolerance = 0.1) -> Tensor:
    """max(0, |e| - epsilon)."""
    return ((f_B1 - y_B1).abs() - epsilon).clamp_min(0).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Lee, Hsieh & Huang 2005, doi:10.1109/TKDE.2005.77",
    estimates="mean, to within epsilon",
    use="Use it when errors up to epsilon cost nothing and larger ones their square; not against outliers",
    value_estimand=NEAR_MEAN,
    pitfalls=(f"epsilon is {TARGET_UNIT}", "its gradient grows with the residual, as that of mse"),
    convex=True,
    also_try={"epsilon": 0.02},
)
def squared_epsilon_insensitive(f_B1: Tensor, y_B1: Tensor, *, epsilon: Tolerance = 0.1) -> Tensor:
    """max(0, |e| - epsilon)^2."""
    return ((f_B1 - y_B1).abs() - epsilon).clamp_min(0).square().mean(-1)
