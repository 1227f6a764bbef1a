"""Splits in time: every part comes after the one it is tested for, as it will be when the net is used.

`time` [N] is a number for each row, the later the larger. Rows of equal time stay together: a cut that would fall
among them moves to the first of them. Where all times differ, the windows are those of scikit-learn's TimeSeriesSplit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.data.split import InnerFold, OuterFold, Rows, Split
from lossbench.data.table import Kind
from lossbench.errors import UserError

WHERE = "data.time"


def times_of(column: pd.Series, kind: Kind, place: Callable[[int], str]) -> NDArray[Any]:
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
    order = np.argsort(time, kind="stable")
    ordered = time[order]
    n, size = len(order), len(order) // (folds + 1)
    if folds < 2 or size < 1:
        what = f"{n} rows cannot be cut into {folds} windows of time"
        raise UserError(what, where="folds", fix="choose at least 2 and at most the number of rows less 1")
    result = []
    for fold, (start, end) in enumerate(_windows(ordered, folds, size)):
        _check_not_empty(start, end - start)
        result.append(OuterFold(0, fold, _rows(order[:start]), _rows(order[start:end])))
    return result


def inner_windows(time: NDArray[Any], outer: Sequence[OuterFold], count: int) -> list[InnerFold]:
    """For each outer window `count` inner ones that cut the latest fifth of its training rows: all earlier rows train.

    Each serves its own split alone, so both of its parts are the same rows. Windows that equal times leave empty are
    left out; raises `UserError` where none is left.
    """
    result = []
    for place, fold in enumerate(outer):
        rows = fold.train[np.argsort(time[fold.train], kind="stable")]
        windows = _windows(time[rows], count, max(1, len(rows) // (5 * count)))
        whole = [(start, end) for start, end in windows if 0 < start < end]
        _check_not_empty(len(whole))
        for start, end in whole:
            validation = _rows(rows[start:end])
            result.append(InnerFold(fold.repeat, place, place, _rows(rows[:start]), (validation, validation)))
    return result


def _windows(ordered: NDArray[Any], folds: int, size: int) -> list[tuple[int, int]]:
    """Where each of the last `folds` windows of `size` rows starts and ends."""
    n = len(ordered)
    starts = [_cut(ordered, n - (folds - fold) * size) for fold in range(folds)]
    return list(zip(starts, [*starts[1:], n], strict=True))


def _cut(ordered: NDArray[Any], at: int) -> int:
    """The place `at`, moved to the first row of its time."""
    return int(np.searchsorted(ordered, ordered[at], side="left")) if 0 < at < len(ordered) else max(at, 0)


def _rows(some: NDArray[np.integer[Any]]) -> Rows:
    return np.sort(some).astype(np.int64)


def _check_not_empty(*sizes: int) -> None:
    if min(sizes) < 1:
        raise UserError(
            "too many rows have the same time: a part of the split would be empty",
            where=WHERE,
            fix="split less, or name a column of finer times",
        )
