"""Inner folds: pairs of outer folds, on which trials are chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lossbench.data.splits.rows import InnerFold, OuterFold
from lossbench.errors import UserError


def inner_folds(outer: Sequence[OuterFold], partners: int) -> list[InnerFold]:
    """Pairs of folds of each repeat, so that every split is paired with so many others: all, where there are fewer.

    Folds stand in a ring and each is paired with the nearest on both sides, so an odd number becomes the next even one.
    Raises `UserError` for fewer than 3 folds: one tests, one chooses, one is trained on.
    """
    result = []
    for repeat in sorted({fold.repeat for fold in outer}):
        ring = [place for place, fold in enumerate(outer) if fold.repeat == repeat]
        if len(ring) < 3:
            raise UserError(
                f"{len(ring)} folds leave nothing to train on where one tests and another chooses",
                where="folds",
                fix="choose at least 3",
            )
        steps = range(1, min(math.ceil(partners / 2), len(ring) // 2) + 1)
        pairs = {(min(i, j), max(i, j)) for i in range(len(ring)) for step in steps for j in [(i + step) % len(ring)]}
        for i, j in sorted(pairs):
            first, second = outer[ring[i]], outer[ring[j]]
            train = np.intersect1d(first.train, second.train)
            validation = (np.intersect1d(first.test, second.train), np.intersect1d(second.test, first.train))
            result.append(InnerFold(repeat, ring[i], ring[j], train, validation))
    return result
