"""Splits in time: every part comes after the one it is tested for, as it will be when the net is used.

`time` [N] is a number for each row, the later the larger. Rows of equal time stay together: a cut that would fall
among them moves to the first of them. Where all times differ, the windows are those of scikit-learn's TimeSeriesSplit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.data.splits.rows import InnerFold, OuterFold, RowNumbers, Split
from lossbench.data.table import ColumnKind, Table
from lossbench.errors import UserError

WHERE = "data.time"
VALIDATED = 0.4  # the share of a training part that inner windows validate on, as pairs of five folds leave it


def times_of(column: pd.Series, kind: ColumnKind, place: Callable[[int], str]) -> NDArray[Any]:
    """The time of each row [N]: a date, or any number that grows with time; a `UserError` for anything else."""
    name = str(column.name)
    if kind not in ("date", "number"):
        fix = "name a column of dates or of numbers that grow with time"
        raise UserError(f"column {name!r} holds {kind} values, not times", where=WHERE, fix=fix)
    gaps = np.flatnonzero(column.isna().to_numpy())
    if len(gaps):
        s, have = ("", "has") if len(gaps) == 1 else ("s", "have")
        what = f"{len(gaps)} row{s} {have} no time in column {name!r} (the first is {place(int(gaps[0]))})"
        raise UserError(what, where=WHERE, fix="fill them in, or leave the rows out")
    values = column.to_numpy()
    return values.astype("datetime64[us]").astype(np.int64) if kind == "date" else values.astype(np.float64)


def time_holdout(time: NDArray[Any], test: float, validation: float) -> Split:
    """The latest rows test, those before them validate, the earliest train; shares of all rows, rounded up."""
    order = np.argsort(time, kind="stable")
    n = len(order)
    last = _cut(time[order], n - math.ceil(n * test)) if test else n
    middle = _cut(time[order], last - math.ceil(n * validation)) if validation else last
    _check_not_empty(middle, last - middle if validation else 1, n - last if test else 1)
    return Split(_rows(order[:middle]), _rows(order[middle:last]), _rows(order[last:]))


def expanding_windows(time: NDArray[Any], folds: int) -> list[OuterFold]:
    """One fold per window: N // (folds + 1) rows test, all earlier ones train."""
    if folds < 2 or len(time) < folds + 1:
        what = f"{len(time)} rows cannot be cut into {folds} windows of time"
        raise UserError(what, where="folds", fix="choose at least 2 and at most the number of rows less 1")
    result = []
    for fold, (train, test) in enumerate(_windows(time, folds, len(time) // (folds + 1))):
        _check_not_empty(len(train), len(test))
        result.append(OuterFold(0, fold, train, test))
    return result


def inner_windows(table: Table, outer: Sequence[OuterFold], count: int) -> list[InnerFold]:
    """Expanding windows over the latest 40% of each training part, which serve that split alone.

    A window that is empty, or whose earlier rows lack a class, is left out. Raises `UserError` for a training part
    without any window.
    """
    assert table.time is not None
    result: list[InnerFold] = []
    for place, fold in enumerate(outer):
        present = len(np.unique(table.target[fold.train]))
        before = len(result)
        for train, validation in _windows(
            table.time[fold.train], count, max(1, int(VALIDATED * len(fold.train) / count))
        ):
            rows = fold.train[train]
            has_all = table.task == "regression" or len(np.unique(table.target[rows])) == present
            if len(rows) and len(validation) and has_all:
                later = fold.train[validation]
                result.append(InnerFold(fold.repeat, place, place, rows, (later[:0], later)))
        if len(result) == before:
            raise UserError(
                f"window {fold.fold} has no earlier rows of every class to choose trials on",
                where=WHERE,
                fix="choose fewer folds",
            )
    return result


def _windows(time: NDArray[Any], count: int, size: int) -> Iterator[tuple[RowNumbers, RowNumbers]]:
    """The last `count` blocks of so many rows, each with all rows before it, as (earlier, block)."""
    order = np.argsort(time, kind="stable")
    ordered, n = time[order], len(order)
    for block in range(count):
        start = _cut(ordered, n - (count - block) * size)
        end = _cut(ordered, n - (count - block - 1) * size) if block < count - 1 else n
        yield _rows(order[:start]), _rows(order[start:end])


def _cut(ordered: NDArray[Any], at: int) -> int:
    """The place `at`, moved to the first row of its time."""
    return int(np.searchsorted(ordered, ordered[at], side="left")) if 0 < at < len(ordered) else max(at, 0)


def _rows(some: NDArray[np.integer[Any]]) -> RowNumbers:
    return np.sort(some).astype(np.int64)


def _check_not_empty(*sizes: int) -> None:
    if min(sizes) < 1:
        raise UserError(
            "too many rows have the same time: a part of the split would be empty",
            where=WHERE,
            fix="split less, or name a column of finer times",
        )
