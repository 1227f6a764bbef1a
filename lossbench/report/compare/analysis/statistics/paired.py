"""p-values, confidence intervals and posteriors of differences over the splits of one table (J splits).

Splits of one table share most of their training rows, so their differences are correlated: a plain t or Wilcoxon test
over them rejects a true null more than half of the time. Everything here corrects for that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

# Student's t by scipy.special: scipy.stats checks and broadcasts its arguments, which takes a hundred times as long as
# the number itself, for five numbers of each loss on each table.


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval, and the p-value of "the true mean is 0"; NaN where one split allows none."""

    mean: float
    low: float
    high: float
    p: float

    @property
    def half_width(self) -> float:
        """Half the interval's width."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Posterior:
    """P(worse), P(practically equal), P(better); they sum to 1."""

    worse: float
    equal: float
    better: float


def corrected_scale(value_J: Floats, test_over_train: float, grain: float) -> float:
    """Standard error of the mean of J dependent values: s * sqrt(1/J + n_test/n_train)."""
    # Values that are all one number have a spread of rounding only. Scores that count rows come out alike by chance as
    # well: one split is then taken to differ by one row, so that few splits of few rows are not certain of anything.
    alike = np.ptp(value_J) <= 1e-12 * max(1.0, float(np.abs(value_J).max()))
    spread = grain / math.sqrt(len(value_J)) if alike else value_J.std(ddof=1)
    return float(spread * math.sqrt(1 / len(value_J) + test_over_train))


def corrected_t(
    value_J: Sequence[float] | Floats, test_over_train: float, level: float = 0.95, *, grain: float = 0.0
) -> Estimate:
    """Corrected resampled t: t = mean / (s * sqrt(1/J + n_test/n_train)), J - 1 degrees of freedom, two-sided.

    `value_J`: per split, paired differences or the scores of one loss; s has ddof 1. Values without any spread have
    s = grain / sqrt(J), `grain` being what one test row changes; without a grain their interval has width 0 (p is 1
    at mean 0, else 0). One split has neither interval nor p.
    Source: Nadeau & Bengio 2003, doi:10.1023/A:1024068626366.
    """
    value = np.asarray(value_J, dtype=float)
    mean = float(value.mean())
    if len(value) < 2:
        return Estimate(mean, math.nan, math.nan, math.nan)
    scale = corrected_scale(value, test_over_train, grain)
    if scale == 0:
        return Estimate(mean, mean, mean, float(mean == 0))
    half = _quantile((1 + level) / 2, len(value) - 1) * scale
    return Estimate(mean, mean - half, mean + half, float(2 * special.stdtr(len(value) - 1, -abs(mean) / scale)))


@cache
def _quantile(probability: float, df: int) -> float:
    return float(special.stdtrit(df, probability))


def correlated_t(
    gain_J: Sequence[float] | Floats, test_over_train: float, rope: float, *, grain: float = 0.0
) -> Posterior:
    """Bayesian correlated t: the posterior of the mean gain is Student(J - 1, mean, s * sqrt(1/J + rho/(1 - rho))).

    rho = n_test / (n_test + n_train), so rho/(1 - rho) = n_test/n_train. `gain_J`: paired, positive is better.
    "Equal" is the mass in [-rope, rope]; `grain` as for `corrected_t`. One split: all three NaN.
    Source: Corani & Benavoli 2015, doi:10.1007/s10994-015-5486-z.
    """
    gain = np.asarray(gain_J, dtype=float)
    if len(gain) < 2:
        return Posterior(math.nan, math.nan, math.nan)
    mean, scale = float(gain.mean()), corrected_scale(gain, test_over_train, grain)
    if scale == 0:
        return Posterior(float(mean < -rope), float(abs(mean) <= rope), float(mean > rope))
    df = len(gain) - 1
    worse, better = float(special.stdtr(df, (-rope - mean) / scale)), float(special.stdtr(df, (mean - rope) / scale))
    return Posterior(worse, max(0.0, 1 - worse - better), better)


def holm(p_M: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment of M p-values: the i-th smallest (from 0) becomes max over j <= i of (M - j) * p_j.

    At most 1. NaN (no test was possible) stays NaN and is not counted. Source: Holm 1979, jstor 4615733.
    """
    adjusted = [math.nan] * len(p_M)
    order = sorted((i for i, p in enumerate(p_M) if not math.isnan(p)), key=lambda i: p_M[i])
    running = 0.0
    for step, i in enumerate(order):
        running = max(running, min(1.0, (len(order) - step) * p_M[i]))
        adjusted[i] = running
    return adjusted


def known(value: float) -> float | None:
    """The number; None for NaN, which is what a record has where nothing is defined."""
    return None if math.isnan(value) else float(value)


def share_won(gain_J: Sequence[float] | Floats) -> float:
    """Share of the splits won, ties counting half."""
    gain = np.asarray(gain_J, dtype=float)
    return float(np.mean((gain > 0) + 0.5 * (gain == 0)))
