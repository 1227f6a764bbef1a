"""Rank statistics over several data sets, from one number per data set and loss (N data sets, K losses, S samples).

Data sets are independent of one another, so rank tests hold here; with few of them even the clearest
result cannot be significant, which `smallest_wilcoxon_p` and `data_sets_needed` say in numbers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossbench.deferred import stats
from lossbench.random_streams import generator
from lossbench.report.compare.analysis.statistics.paired import Floats

_EXACT_WITH_TIES = 13  # gains; of more, scipy takes the normal distribution
_MOST_DATA_SETS = 100_000  # beyond it, "how many more" has no useful answer


def wilcoxon(gain_N: Sequence[float] | Floats) -> float:
    """Two-sided p of Wilcoxon's signed-rank test on one gain per data set; zeros are split between the signs (zsplit).

    Gains are rounded to 12 decimals first, so that float noise breaks no ties. All zero: 1.
    Source: Wilcoxon 1945, doi:10.2307/3001968; Demsar 2006, jmlr.org/papers/v7/demsar06a.
    """
    gain = np.round(np.asarray(gain_N, dtype=float), 12)
    if not gain.any():
        return 1.0
    tied = len(np.unique(np.abs(gain))) < len(gain) or not gain.all()
    if tied and len(gain) <= _EXACT_WITH_TIES:
        return _permuted(gain)
    return float(stats.wilcoxon(gain, zero_method="zsplit").pvalue)


def _permuted(gain: Floats) -> float:
    """scipy's p of few tied gains: the share of the 2^N choices of signs, counted without trying them one by one.

    Twice a rank that ties share is a whole number, so the sums have a distribution over whole numbers.
    """
    twice = np.rint(2 * stats.rankdata(np.abs(gain))).astype(int)
    ways = np.ones(1)
    for rank in twice[gain != 0]:
        ways = np.convolve(ways, np.eye(1, rank + 1)[0] + np.eye(1, rank + 1, rank)[0])
    observed = int(twice[gain > 0].sum())
    share = min(ways[: observed + 1].sum(), ways[observed:].sum()) / ways.sum()
    return float(min(1.0, 2 * share))


def smallest_wilcoxon_p(data_sets: int) -> float:
    """The smallest two-sided p that N data sets can give, all of them agreeing: 2^(1 - N)."""
    return min(1.0, 2.0 ** (1 - data_sets))


def data_sets_needed(comparisons: int, alpha: float = 0.05) -> int:
    """The fewest data sets N with which a loss can pass Holm's first step: comparisons * 2^(1 - N) <= alpha."""
    return math.ceil(1 + math.log2(max(1, comparisons) / alpha))


def data_sets_for_power(
    gain_N: Sequence[float] | Floats, comparisons: int = 1, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """How many data sets would show a gain like this one: N = ((z_{1 - a/2} + z_power) * s / mean)^2 * pi / 3.

    The planning formula of the t-test divided by 3/pi, Wilcoxon's relative efficiency; a = alpha / comparisons;
    at least `data_sets_needed`. A rough number: mean and s come from the few data sets at hand. None where they show
    no direction. Source: Noether 1987, doi:10.1080/01621459.1987.10478478.
    """
    gain = np.asarray(gain_N, dtype=float)
    if len(gain) < 2 or gain.mean() == 0:
        return None
    z = float(stats.norm.isf(alpha / max(1, comparisons) / 2) + stats.norm.ppf(power))
    count = (z * float(gain.std(ddof=1)) / float(gain.mean())) ** 2 * math.pi / 3
    return max(data_sets_needed(comparisons, alpha), math.ceil(count)) if count < _MOST_DATA_SETS else None


def ranks(gain_NK: Floats) -> Floats:
    """Per data set, rank 1 for the best (highest) of K, ties sharing their mean rank -> [N, K]."""
    return np.asarray(stats.rankdata(-np.round(gain_NK, 12), axis=1), dtype=float)


@dataclass(frozen=True)
class Omnibus:
    """Friedman's chi-square with its p, and the less conservative F of Iman & Davenport with its p."""

    chi2: float
    chi2_p: float
    f: float
    p: float


def friedman(gain_NK: Floats) -> Omnibus | None:
    """Friedman's test (corrected for ties) that all K losses are alike, with F = (N - 1) chi2 / (N (K - 1) - chi2).

    None below 3 losses or 2 data sets, or if everything ties. F is infinite when all data sets rank alike.
    Source: Friedman 1937; Iman & Davenport 1980, doi:10.1080/03610928008827904.
    """
    sets, losses = gain_NK.shape
    if losses < 3 or sets < 2 or np.ptp(ranks(gain_NK), axis=1).max() == 0:
        return None
    result = stats.friedmanchisquare(*np.round(gain_NK, 12).T)
    chi2 = float(result.statistic)
    rest = sets * (losses - 1) - chi2
    f = math.inf if rest < 1e-9 else (sets - 1) * chi2 / rest
    return Omnibus(chi2, float(result.pvalue), f, float(stats.f.sf(f, losses - 1, (losses - 1) * (sets - 1))))


def nemenyi_distance(losses: int, data_sets: int, alpha: float = 0.05) -> float:
    """Nemenyi's critical difference of average ranks: q * sqrt(K (K + 1) / (6 N)), q = studentized range / sqrt 2.

    Only after an omnibus test rejected; it depends on which other losses were thrown in. Source: Demsar 2006.
    """
    q = float(stats.studentized_range.ppf(1 - alpha, losses, np.inf)) / math.sqrt(2)
    return q * math.sqrt(losses * (losses + 1) / (6 * data_sets))


def iqm(value: Sequence[float] | Floats) -> float:
    """Interquartile mean: the mean of what is left after the lowest and the highest quarter are cut off."""
    return float(stats.trim_mean(np.ravel(value), 0.25))


def iqm_interval(
    value_NJ: Sequence[Sequence[float]], *, seed: int = 0, resamples: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap of the IQM over all splits of all data sets, resampled within each data set (stratified).

    It says how firm the number is on *these* data sets, nothing about others.
    Source of the idea: Agarwal et al. 2021, arXiv:2108.13264.
    """
    rng = generator(seed, "iqm")
    drawn = [rng.choice(np.asarray(row, dtype=float), (resamples, len(row))) for row in value_NJ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trimmed = np.asarray(stats.trim_mean(np.concatenate(drawn, axis=1), 0.25, axis=1))
    low, high = np.quantile(trimmed, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
