"""How often a loss's nets fail (diverge, or give no score), tested apart from how well the others do.

Failures counted as the worst score make a mean of two things: a loss that diverges on half of its splits has a wide
interval around a bad mean, and no test of means tells it from a sound one. So the share of failed splits has an
interval and a test of its own.

Given the table, a split and its seeds are drawn anew each time, so that failures are independent draws but for the
folds of one repetition, which share no test row and make the count vary less, not more. The interval says how often
other splits and seeds of *this* table would fail, and nothing of other tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lossbench.deferred import stats

TOLERATED = 0.01  # a loss that fails on one split in a hundred is usable


@cache  # most losses of most tables fail nowhere
def clopper_pearson(failed: int, splits: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share: of a binomial share it covers at least `level`.

    Source: Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404.
    """
    tail = (1 - level) / 2
    low = float(stats.beta.ppf(tail, failed, splits - failed + 1)) if failed else 0.0
    high = float(stats.beta.isf(tail, failed + 1, splits - failed)) if failed < splits else 1.0
    return low, high


@cache
def p_tolerable(failed: int, splits: int, tolerated: float = TOLERATED) -> float:
    """One-sided exact binomial p of "it fails on at most the tolerated share of splits"."""
    return float(stats.binom.sf(failed - 1, splits, tolerated))


def p_as_often(failed_J: Sequence[bool] | NDArray[np.bool_], other_J: Sequence[bool] | NDArray[np.bool_]) -> float:
    """Two-sided exact sign test of "it fails as often as the other", on the splits where only one of them failed.

    Source: McNemar 1947, doi:10.1007/BF02295996, in its exact form.
    """
    mine, others = np.asarray(failed_J, dtype=bool), np.asarray(other_J, dtype=bool)
    only_mine, only_others = int((mine & ~others).sum()), int((others & ~mine).sum())
    if only_mine + only_others == 0:
        return 1.0
    return float(stats.binomtest(only_mine, only_mine + only_others).pvalue)
