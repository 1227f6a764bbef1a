"""A smaller training set: which rows stay when only a share of them may be used."""

from __future__ import annotations

import numpy as np

from lossbench.data.splits.rows import RowNumbers
from lossbench.data.table import Table
from lossbench.errors import UserError


def growing_subset(
    table: Table, rows: RowNumbers, share: float, draw: np.random.Generator, *, what: str = "training rows"
) -> RowNumbers:
    """A share of the given rows, ascending: floor(share * rows + 1/2) of them, each class within a row of its share.

    With the same `draw` the rows of a smaller share are part of those of a larger one. Every class of `rows` is among
    them. Raises `UserError`, in which the rows are called `what`, for a share outside
    (0, 1] and for one that has fewer rows than there are classes.
    """
    if not 0 < share <= 1:
        raise UserError(f"a train share of {share:g} is not in (0, 1]", where="train_share")
    if not len(rows):
        return rows
    strata = np.zeros(len(rows), np.int64) if table.task == "regression" else np.asarray(table.target[rows], np.int64)
    size, classes = int(np.floor(share * len(rows) + 0.5)), len(np.unique(strata))
    if size < classes:
        raise UserError(
            f"{share:g} of the {len(rows)} {what} of {table.name} is {size} row{'s'[: size != 1]}, fewer than the"
            f" {classes} {'class' if classes == 1 else 'classes'} that must be in it",
            where="train_share",
            fix=f"choose at least {np.ceil(100 * classes / len(rows)) / 100:g}",
        )
    return np.sort(rows[_stratified_order(strata, draw)[:size]])


def _stratified_order(strata: RowNumbers, draw: np.random.Generator) -> RowNumbers:
    """An order of which every beginning has each stratum in about its share: the k-th of n rows of a stratum stands at
    (k + 1/2) / n, behind one row of every stratum."""
    shuffled = draw.permutation(len(strata))
    place = np.empty(len(strata))
    for stratum in np.unique(strata):
        own = shuffled[strata[shuffled] == stratum]
        place[own] = (np.arange(len(own)) + 0.5) / len(own)
        place[own[0]] = 0.0
    order: RowNumbers = shuffled[np.argsort(place[shuffled], kind="stable")]
    return order
