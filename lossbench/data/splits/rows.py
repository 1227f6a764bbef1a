"""Splits as row numbers: a split, an outer and an inner fold, and their fingerprint. Rows are int64, ascending."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RowNumbers = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts; a part of share 0 is empty."""

    train: RowNumbers
    validation: RowNumbers
    test: RowNumbers


@dataclass(frozen=True)
class OuterFold:
    """One fold of one repeat: `train` is everything but `test`."""

    repeat: int
    fold: int
    train: RowNumbers
    test: RowNumbers


@dataclass(frozen=True)
class InnerFold:
    """Two folds of one repeat that are excluded together: `train` is everything else.

    What is trained on it serves two splits. It validates the choice for split `first` on the test rows of split
    `second`, and the other way round, so no split's choice sees its own test rows. `first` and `second` are places in
    the list of outer folds. In time, where later rows cannot validate earlier ones, both are one split, and only
    the second part has rows.
    """

    repeat: int
    first: int
    second: int
    train: RowNumbers
    validation: tuple[RowNumbers, RowNumbers]  # the test rows of `first`, of `second`, that the other trains on

    def choosing_part(self, split: int) -> int:
        """Which validation part the choice for a split may see: the other split's, 0 or 1."""
        return int(split == self.first)


def digest(split: Split | OuterFold) -> str:
    """SHA-256 of the row numbers of all parts, so that two runs can tell whether they split alike."""
    summary = hashlib.sha256()
    names = ("train", "validation", "test") if isinstance(split, Split) else ("train", "test")
    for name in names:
        rows = np.asarray(getattr(split, name), dtype="<i8")
        summary.update(len(rows).to_bytes(8, "little"))
        summary.update(rows.tobytes())
    return summary.hexdigest()
