"""Intervals and p-values that hold for all comparisons of a family at once (J splits, K compared values).

Words and intervals come from the same critical value, so that an interval excludes 0 exactly where its adjusted p-value
is below alpha. Step-down procedures (Holm) have no intervals with that property; the single-step maximum does, and the
correlation of differences to one common baseline gives back the power that Bonferroni loses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lossbench.deferred import stats
from lossbench.random_streams import generator
from lossbench.report.compare.analysis.statistics.paired import Floats, corrected_scale

DRAWS = 10_000  # a tail probability of 0.05 is known to within 0.002 (one standard error)
_RARE = 20  # draws; a share of fewer is no estimate of a probability
_AT_ONCE = 4_000_000  # numbers held in memory

Alternative = Literal["two-sided", "greater"]


@dataclass(frozen=True)
class Simultaneous:
    """Of K values: means, half-widths of their simultaneous intervals, adjusted p-values, and the critical value."""

    mean_K: Floats
    half_K: Floats
    p_K: Floats
    critical: float


def max_t(
    value_JK: Floats,
    test_over_train: float,
    *,
    alpha: float = 0.05,
    grain: float = 0.0,
    comparisons: Floats | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Simultaneous:
    """Single-step maximum of corrected resampled t over the K columns: intervals mean +- c * s * sqrt(1/J + n2/n1).

    c is the 1 - alpha quantile of max |T_k| with J - 1 degrees of freedom and the columns' own correlation, by
    simulation; the adjusted p is P(max |T| >= |t_k|). Neither leaves the range between one comparison and Bonferroni's,
    so that of one column both are exactly the corrected resampled t's. `comparisons` [J, M]: the family, where it is
    larger than what is reported. J >= 2. A column without any spread counts as independent of the others.
    Source: Dunnett 1955, doi:10.1080/01621459.1955.10501294; Hothorn, Bretz & Westfall 2008,
    doi:10.1002/bimj.200810425; the standard error is that of Nadeau & Bengio 2003, doi:10.1023/A:1024068626366.
    """
    value = np.asarray(value_JK, dtype=float)
    splits = len(value)
    scale_K = np.array([corrected_scale(column, test_over_train, grain) for column in value.T])
    mean_K = value.mean(axis=0)
    size_K = np.abs(_ratio(mean_K, scale_K))
    family = value if comparisons is None else np.asarray(comparisons, dtype=float)
    count, df = family.shape[1], splits - 1
    largest = np.sort(_largest(family, draws=draws, seed=seed))[::-1]
    # P(max >= t) < alpha holds exactly for t above this order statistic.
    critical = float(largest[math.ceil(alpha * len(largest)) - 1])
    alone, bonferroni = (float(stats.t.isf(alpha / 2 / m, df)) for m in (1, count))
    critical = max(alone, min(critical, bonferroni))
    single_K = 2 * stats.t.sf(size_K, df)
    p_K = (largest[None, :] >= size_K[:, None]).mean(axis=1)
    bound_K = np.minimum(1.0, count * single_K)
    p_K = np.maximum(p_K, np.minimum(bound_K, _RARE / draws))  # no smaller than so many draws can show
    p_K = np.maximum(single_K, np.minimum(p_K, bound_K))
    return Simultaneous(mean_K, critical * scale_K, p_K, critical)


def all_pairs(score_JK: Floats) -> Floats:
    """Differences of every two columns, [J, K (K - 1) / 2]: the family of whoever chose a baseline after looking.

    Against the one that came out best, the usual family of K - 1 comparisons rejects too often: the best owes a part
    of its lead to chance. Whatever is chosen is one of all pairs (Tukey's family).
    """
    score = np.asarray(score_JK, dtype=float)
    return np.stack([score[:, i] - score[:, k] for i, k in combinations(range(score.shape[1]), 2)], axis=1)


def may_be_best(
    gain_JK: Floats,
    test_over_train: float,
    *,
    alpha: float = 0.05,
    grain: float = 0.0,
    draws: int = DRAWS // 4,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Multiple comparisons with the best: which of K columns (higher is better) the data do not exclude as the best.

    Column i is excluded if another exceeds it by more than a one-sided maximum-t with i as the control allows. The
    truly best column is kept with probability 1 - alpha, however many there are.
    Source: Hsu 1984, doi:10.1214/aos/1176346732.
    """
    gain = np.asarray(gain_JK, dtype=float)
    kept = np.ones(gain.shape[1], dtype=bool)
    for i in range(gain.shape[1]):
        lead = np.delete(gain, i, axis=1) - gain[:, [i]]
        scale = np.array([corrected_scale(column, test_over_train, grain) for column in lead.T])
        t = _ratio(lead.mean(axis=0), scale)
        if t.max(initial=-math.inf) <= 0:
            continue
        largest = np.sort(_largest(lead, alternative="greater", draws=draws, seed=seed))[::-1]
        bonferroni = float(stats.t.isf(alpha / lead.shape[1], len(gain) - 1))
        kept[i] = t.max() <= min(bonferroni, float(largest[math.ceil(alpha * len(largest)) - 1]))
    return kept


def _ratio(mean_K: Floats, scale_K: Floats) -> Floats:
    """mean / scale; without any spread 0 for a mean of 0, else infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(scale_K > 0, mean_K / scale_K, np.where(mean_K == 0, 0.0, np.sign(mean_K) * math.inf))


def _largest(value_JM: Floats, *, alternative: Alternative = "two-sided", draws: int = DRAWS, seed: int = 0) -> Floats:
    """Draws of max over M of |T_m| (or T_m): T = Z / s, Z and the J - 1 rows of s normal with the columns' correlation.

    Every column has a standard deviation of its own, as in the data; one common to all would make the maximum too
    small.
    """
    splits, count = value_JM.shape
    df = splits - 1
    centred = value_JM - value_JM.mean(axis=0)
    norm = np.linalg.norm(centred, axis=0)
    alike = norm <= 1e-12 * np.maximum(1.0, np.abs(value_JM).max(axis=0))
    spread = np.vstack([np.where(alike, 0.0, centred / np.where(alike, 1.0, norm)), np.eye(count)[alike]])
    factor = np.asarray(
        np.linalg.qr(spread, mode="r"), dtype=np.float32
    )  # [R, M], of the same correlation in fewer rows
    rank = len(factor)
    rng, found = generator(seed, "maximum t"), []
    at_once = max(1, _AT_ONCE // (min(df, rank) * max(count, rank)))
    for start in range(0, draws, at_once):
        some = min(at_once, draws - start)
        z = rng.standard_normal((some, rank), dtype=np.float32) @ factor
        row = _wishart_factor(rng, some, df, rank) @ factor
        t = z / np.sqrt(np.einsum("sjm,sjm->sm", row, row) / df)
        found.append((np.abs(t) if alternative == "two-sided" else t).max(axis=1))
    return np.concatenate(found).astype(float)


def _wishart_factor(rng: np.random.Generator, draws: int, df: int, rank: int) -> NDArray[np.float32]:
    """Matrices A whose A'A is Wishart with so many degrees of freedom, [draws, min(df, R), R].

    For df >= R by Bartlett's decomposition, which costs the same for any number of splits; else df rows of normals.
    Source: Bartlett 1933, doi:10.1017/S0370164600015637.
    """
    if df < rank:
        return rng.standard_normal((draws, df, rank), dtype=np.float32)
    factor = np.triu(rng.standard_normal((draws, rank, rank), dtype=np.float32), 1)
    i = np.arange(rank)
    factor[:, i, i] = np.sqrt(rng.chisquare(df - i, size=(draws, rank)))
    return factor
