"""Class imbalance made stronger: the rarest class is thinned out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.data.splits.rows import RowNumbers
from lossbench.random_streams import generator


def rarest_and_most_frequent(target: NDArray[Any], classes: int) -> tuple[int, int]:
    """The classes with fewest and most rows; of classes with equally many rows the last and the first one."""
    count_C = np.bincount(target, minlength=classes)
    return classes - 1 - int(np.argmin(count_C[::-1])), int(np.argmax(count_C))


def imbalanced_subset(
    target: NDArray[Any], rare: int, frequent: int, ratio: float, seed: int, rows: RowNumbers
) -> RowNumbers:
    """Those of the given rows that stay, ascending, so that class `frequent` has at least `ratio` times as many rows as
    class `rare`: floor(frequent rows / ratio + 1/2) of the rare ones, or all where there are fewer.

    The rows that stay at a higher ratio are among those of a lower one.
    Source: Cao et al. 2019, arXiv:1906.07413 (imbalance ratio).
    """
    own = rows[target[rows] == rare]
    keep = int(np.floor((target[rows] == frequent).sum() / ratio + 0.5))
    gone = generator(seed, "imbalance ratio").permutation(own)[keep:]
    return np.setdiff1d(rows, gone)
