"""Losses that estimate the whole distribution of a number, or some of its quantiles, on linear outputs.

What the outputs stand for is made by `decoders.values`, so that what is trained is what is read: the likelihoods are
the negative `log_density` of those distributions. A scale is softplus of its output + 0.001.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.decoders.values import (
    LEARNED,
    SMALLEST_SCALE,
    bin_edges,
    increasing,
    laplace_of,
    negative_binomial_of,
    normal_of,
    student_t_of,
    zero_inflated_lognormal_of,
)
from lossbench.catalog.distributions import Quantiles, interval_score
from lossbench.catalog.estimands import BETWEEN, MEAN, MEDIAN
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import LOG_RATE, LOGITS, NUMBER, VALUE
from lossbench.catalog.over_classes import log_softmax
from lossbench.catalog.parameters import Levels
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

Share = Annotated[float, Gt(0), Lt(1)]
SCALE_FLOOR = math.log(SMALLEST_SCALE)


@loss(
    targets=VALUE,
    **NUMBER,
    outputs=2,
    decode=Decoder.LAPLACE,
    reference="Laplace 1774; for nets: Kendall & Gal 2017, arXiv:1703.04977",
    floor=SCALE_FLOOR + math.log(2),
    estimates="median",
    value_estimand=MEDIAN,
    metric="crps",
    use="Use it where noise differs between rows and has heavier tails than a normal's; not where the mean is wanted",
    pitfalls=("a growing scale shrinks the location's gradient, so badly fitted samples are fitted last",),
    convex=False,
)
def laplace_nll(out_B2: Tensor, y_B1: Tensor) -> Tensor:
    """log(2 b) + |y - m| / b for linear outputs (m, softplus^-1 b).

    An l1 loss whose scale is learnt for every row: it predicts a Laplace distribution, with quantiles, around the
    median. Outliers move neither location nor scale as much as gaussian_nll's.
    """
    return -laplace_of(out_B2).log_density(y_B1[..., 0])


def _with_dof(params: Mapping[str, Any]) -> int:
    return 3 if params["dof"] == LEARNED else 2


@loss(
    targets=VALUE,
    **NUMBER,
    outputs=_with_dof,
    decode=Decoder.STUDENT_T,
    reference="Lange, Little & Taylor 1989, doi:10.1080/01621459.1989.10478852",
    floor=SCALE_FLOOR + 0.5 * math.log(4 * math.pi) + math.lgamma(2) - math.lgamma(2.5),
    estimates="centre of a Student t, between median and mean or on the bulk's side of both",
    metric="crps",
    use="Use it where a few targets are far off and the spread is wanted, too; not for counts or bounded targets",
    pitfalls=(
        "dof=learned adds an output and needs many rows: heavy tails are rare events",
        "up to 2 degrees of freedom the predicted standard deviation is infinite",
    ),
    convex=False,
)
def student_t_nll(out_BK: Tensor, y_B1: Tensor, *, dof: Annotated[float, Gt(1)] | Literal["learned"] = 4.0) -> Tensor:
    """-log of Student's t density, z = (y - m) / s: log s + (v + 1) / 2 log(1 + z^2 / v) + a term of v alone.

    Linear outputs (m, softplus^-1 s), and softplus^-1 (v - 2) where dof is learned. A normal likelihood with heavy
    tails: the influence of an outlier falls with its distance. With dof of
    30 and more it is nearly a normal likelihood.
    """
    return -student_t_of(out_BK, dof).log_density(y_B1[..., 0])


@loss(
    targets=VALUE,
    **NUMBER,
    outputs=2,
    decode=Decoder.NORMAL,
    reference="Gneiting & Raftery 2007, doi:10.1198/016214506000001437; for nets: Rasp & Lerch 2018, arXiv:1805.09091",
    estimates="between median and mean (and a spread)",
    value_estimand=BETWEEN,
    metric="crps",
    use="Use it where outliers make gaussian_nll unstable; not where the density itself counts, as in the tails",
    pitfalls=("of a target that is not normal it gives the normal of least CRPS, not that of its mean and variance",),
    convex=False,
)
def crps_gaussian(out_B2: Tensor, y_B1: Tensor) -> Tensor:
    """s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt pi), z = (y - m) / s, for linear outputs (m, softplus^-1 s).

    The CRPS of a normal distribution, in the target's unit: for a spread of 0 it is the absolute error. It grows with
    the error, not with its square, and nothing is gained by a vanishing spread.
    """
    return normal_of(out_B2).crps(y_B1[..., 0])


def _each_level(params: Mapping[str, Any]) -> int:
    return len(params["levels"])


@loss(
    targets=VALUE,
    **NUMBER,
    outputs=_each_level,
    decode=Decoder.QUANTILES,
    reference="Koenker & Bassett 1978, doi:10.2307/1913643; crossing: Gasthaus et al. 2019, PMLR 89:1901-1910",
    estimates="median (the quantiles at all levels)",
    value_estimand=MEDIAN,
    metric="mean_pinball(levels={levels})",
    use="Use it where an interval is wanted and no shape of the distribution is known; not where the mean is wanted",
    pitfalls=(
        "its point is the quantile at the level that is nearest to 0.5",
        "levels near 0 and 1 need many rows: of 100 rows 5 are below the 0.05-quantile",
    ),
    convex=False,
)
def multi_quantile(out_BL: Tensor, y_B1: Tensor, *, levels: Levels = (0.05, 0.5, 0.95)) -> Tensor:
    """Mean over the levels of max(q (y - f_q), (q - 1) (y - f_q)).

    One net for all levels: the lowest quantile is the first output, and softplus of each other output is added to the
    quantile below, so that they never cross.
    """
    return Quantiles(tuple(levels), increasing(out_BL)).pinball(y_B1[..., 0])


@loss(
    targets=VALUE,
    **NUMBER,
    outputs=2,
    decode=Decoder.INTERVAL,
    reference="Winkler 1972, doi:10.1080/01621459.1972.10481224; Gneiting & Raftery 2007, section 6.2",
    estimates="the central interval (its middle is the point, and no mean)",
    metric="interval_score(level={level:g})",
    use="Use it where the interval is the answer; not where a point is: multi_quantile has the median, too",
    pitfalls=("its point is the middle of the interval, which of a skewed target is neither mean nor median",),
    convex=False,
)
def winkler(out_B2: Tensor, y_B1: Tensor, *, level: Share = 0.9) -> Tensor:
    """u - l + 2 / a max(l - y, 0) + 2 / a max(y - u, 0), a = 1 - level: the interval score of (l, u).

    Linear outputs (l, softplus^-1 (u - l)), as of multi_quantile. It is least at the central interval of that level,
    from the (a / 2)- to the (1 - a / 2)-quantile.
    """
    lower, upper = increasing(out_B2).unbind(-1)
    return interval_score(lower, upper, y_B1[..., 0], level)


@loss(
    targets={Task.REGRESSION: Encoding.NONNEGATIVE},
    **LOG_RATE,
    outputs=3,
    decode=Decoder.ZERO_INFLATED_LOGNORMAL,
    reference="Wang, Liu & Miao 2019, arXiv:1912.07753",
    floor=None,
    estimates="probability of y > 0, and mean and deviation of log y above 0; read as the mean that they have",
    metric="crps",
    use="Use it for amounts with many exact zeros and a skewed rest, such as spending, claims or rain; not for counts",
    pitfalls=(
        "its mean is exp(m + s^2 / 2): an s that is too large by a little makes it too large by much",
        "targets are not scaled: it is meant for amounts from 1 upwards, in any unit",
    ),
    convex=False,
)
def ziln(out_B3: Tensor, y_B1: Tensor) -> Tensor:
    """-log P(y > 0), or of y = 0 -log P(y = 0); and of y > 0 log y + log s + log(2 pi) / 2 + ((log y - m) / s)^2 / 2.

    Zero-inflated log-normal: linear outputs (logit of y > 0, m, softplus^-1 s). It says how probable
    an amount above 0 is, how large it then is, and the mean. Where the amounts are far from log-normal that mean is
    biased, and tweedie's is not.
    """
    return -zero_inflated_lognormal_of(out_B3).log_density(y_B1[..., 0])


@loss(
    targets={Task.REGRESSION: Encoding.NONNEGATIVE},
    **LOG_RATE,
    decode=Decoder.NEGATIVE_BINOMIAL,
    reference="Hilbe 2011, doi:10.1017/CBO9780511973420 (NB2)",
    floor=None,
    estimates="logarithm of the mean",
    value_estimand=MEAN,
    metric="crps",
    use="Use it for counts that vary more than their mean; not for amounts with zeros that are no counts: ziln",
    pitfalls=(
        "the output is the logarithm of the predicted count",
        "the dispersion is a parameter, the same for all rows: it widens the distribution and moves no best mean",
    ),
    proper=True,
    convex=True,
    proper_whatever=("dispersion",),
    also_try={"dispersion": 0.2},
)
def negative_binomial_nll(f_B1: Tensor, y_B1: Tensor, *, dispersion: Annotated[float, Gt(0)] = 1.0) -> Tensor:
    """-log of Gamma(y + r) / (Gamma(r) y!) (r / (r + m))^r (m / (r + m))^y, m = exp f, r = 1 / dispersion.

    Counts of mean m and variance m + dispersion m^2. As the dispersion goes to 0 it is poisson_nll, whose
    variance is the mean: where counts vary more, that distribution is too narrow.
    """
    return -negative_binomial_of(f_B1, dispersion).log_density(y_B1[..., 0])


def _each_bin(params: Mapping[str, Any]) -> int:
    return int(params["bins"])


@loss(
    targets=VALUE,
    **LOGITS,
    outputs=_each_bin,
    decode=Decoder.HISTOGRAM,
    reference="Imani & White 2018, arXiv:1806.04613; scaled up: Farebrother et al. 2024, arXiv:2403.03950",
    estimates="mean, of targets within the reach",
    value_estimand=MEAN,
    metric="crps",
    use="Use it where rows are many and mse is slow or unstable; not for few rows, nor for targets whose tails matter",
    pitfalls=(
        "targets beyond the reach count as if they were at its end: nothing is predicted there",
        "the predicted distribution is wider than the true one by sigma, and no narrower than a bin",
    ),
    proper=True,
    convex=True,
)
def hl_gauss(
    z_BK: Tensor,
    y_B1: Tensor,
    *,
    bins: Annotated[int, Ge(2)] = 51,
    sigma: Annotated[float, Gt(0)] = 0.75,
    reach: Annotated[float, Gt(0)] = 5.0,
) -> Tensor:
    """-sum_k t_k log softmax(z)_k, t_k the share of a normal around y that lies in bin k.

    Regression as classification: `bins` of equal width between -reach and reach, in units of the target's scale; the
    normal's deviation is `sigma` bin widths, and what lies outside of all bins is left out. Targets beyond the reach
    are moved to its end. Its gradient is bounded, and it predicts a histogram.
    """
    edge = bin_edges(z_BK, reach)
    width = 2 * reach / bins
    upto: Tensor = torch.special.ndtr((edge - y_B1.clamp(-reach, reach)) / (sigma * width))
    t_BK = upto.diff(dim=-1) / (upto[..., -1:] - upto[..., :1])
    return -(t_BK * log_softmax(z_BK)).sum(-1)
