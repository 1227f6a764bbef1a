"""Sample weights: what each row counts in training and in scores. Weight 2 is two equal rows, weight 0 is no row.

Weights are relative: those of a table are scaled to a mean of 1, so that weights that are all alike change nothing,
neither the learning rate nor what a penalty costs. N rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.data.table import ColumnKind, Information, Table
from lossbench.errors import UserError, counted

WHERE = "data.weights"
MOST = float(np.finfo(np.float32).max)  # what a net can be trained with
TIE = 1e-12  # sums of weights that differ by rounding are equal


def read_weights(column: pd.Series, kind: ColumnKind, place: Callable[[int], str]) -> NDArray[np.float64]:
    """The weights in a column, `[N]`, as they stand there.

    Raises `UserError` for what is no number, for gaps, negative and infinite values, and where all are 0.
    """
    name = str(column.name)
    if kind not in ("number", "boolean"):
        fix = "name a column of numbers that are 0 or larger"
        raise UserError(f"column {name!r} holds {kind} values, not weights", where=WHERE, fix=fix)
    values = column.to_numpy(dtype=np.float64)
    wrong = {
        "no weight": np.isnan(values),
        "an infinite weight": np.abs(values) > MOST,
        "a negative weight": values < 0,
    }
    for what, rows in wrong.items():
        if rows.any():
            first, have = int(np.argmax(rows)), "has" if rows.sum() == 1 else "have"
            where = place(first) + ("" if np.isnan(values[first]) else f": {values[first]:g}")
            raise UserError(
                f"{counted(int(rows.sum()), 'row')} {have} {what} in column {name!r} (the first is {where})",
                where=WHERE,
                fix="correct it, or write 0 to leave the row out",
            )
    if not values.any():
        raise UserError(f"every weight in column {name!r} is 0", where=WHERE, fix="name another column")
    return values


def rows_that_count(weight_N: NDArray[np.float64], notes: list[str]) -> NDArray[np.int64]:
    """The rows of a weight above 0, `[R]`; a note says how many others there are."""
    rows = np.flatnonzero(weight_N)
    if len(rows) < len(weight_N):
        notes.append(Information(f"{counted(len(weight_N) - len(rows), 'row')} of weight 0 left out"))
    return rows


def take_weights(
    columns: dict[str, pd.Series],
    kinds: dict[str, ColumnKind],
    name: str,
    place: Callable[[int], str],
    notes: list[str],
) -> tuple[dict[str, pd.Series], NDArray[np.float64], Callable[[int], str]]:
    """Take the weights out of a table's columns and kinds: the other columns, the weights and the places of the rows
    that count.

    Raises `UserError` for what is no weight.
    """
    weight_N = read_weights(columns.pop(name), kinds.pop(name), place)
    rows = rows_that_count(weight_N, notes)
    if len(rows) == len(weight_N):
        return columns, weight_N, place
    kept = {key: column.iloc[rows].reset_index(drop=True) for key, column in columns.items()}
    return kept, weight_N[rows], lambda row: place(int(rows[row]))


def weighted(table: Table, weight_N: NDArray[np.float64], column: str) -> Table:
    """The table with these weights, all above 0, and with a note of them."""
    note = f"rows are weighted by {column!r}: {weight_N.min():g} to {weight_N.max():g}, mean {weight_N.mean():g}"
    notes = (*table.notes, Information(note))
    return replace(table, weights=weight_N / weight_N.mean(), weights_name=column, notes=notes)


def weighted_mean(values_N: NDArray[Any], weight_N: NDArray[Any] | None) -> float:
    """The mean of numbers, each counted by its weight."""
    return float(values_N.mean() if weight_N is None else np.average(values_N, weights=weight_N))


def weighted_std(values_N: NDArray[Any], weight_N: NDArray[Any] | None) -> float:
    """The standard deviation (ddof 0), each number counted by its weight; exactly 0 of a constant."""
    if weight_N is None:
        return float(values_N.std())
    if values_N.min() == values_N.max():
        return 0.0
    return float(np.sqrt(np.average((values_N - weighted_mean(values_N, weight_N)) ** 2, weights=weight_N)))


def weighted_median(values_N: NDArray[Any], weight_N: NDArray[Any] | None) -> float:
    """The median, each number counted by its weight; between two numbers with half of the weight on each side, their
    mean."""
    if weight_N is None:  # as `np.median` has it, without its look for NaN and its second place
        middle = len(values_N) // 2
        parted = np.partition(values_N, middle)
        return float(parted[middle] if len(values_N) % 2 else np.mean([parted[:middle].max(), parted[middle]]))
    order = np.argsort(values_N, kind="stable")
    summed = np.cumsum(weight_N[order])
    half = summed[-1] / 2
    low = int(np.searchsorted(summed, half * (1 - TIE)))
    high = min(int(np.searchsorted(summed, half * (1 + TIE), side="right")), len(order) - 1)
    return float((values_N[order[low]] + values_N[order[high]]) / 2)


def weighted_quantiles(values_N: NDArray[Any], levels: Any, weight_N: NDArray[Any] | None) -> NDArray[np.float64]:
    """Quantiles of numbers, each counted by its weight; with weights they are some of the numbers themselves."""
    if weight_N is None:
        return np.asarray(np.quantile(values_N, levels))
    return np.asarray(np.quantile(values_N, levels, weights=weight_N, method="inverted_cdf"))
