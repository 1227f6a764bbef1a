"""Rows that repeat each other: a 64-bit hash of a row's cells says which are equal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.data.table import Table

DUPLICATES = "duplicates"  # the word for groups that keeps rows of equal features together
CHUNK = 1 << 15  # rows at a time, so that the work stays in the processor's cache
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))


def grouped(table: Table, groups: str | None) -> Table:
    """The table with its rows of equal features in one group, where `groups` asks for it and no column groups them.

    The target does not count: rows of equal features and different targets are no independent evidence either.
    """
    if groups != DUPLICATES or table.groups is not None:
        return table
    return replace(table, groups=row_hashes(table.features))


def row_hashes(features: pd.DataFrame, *more: NDArray[Any]) -> NDArray[np.uint64]:
    """One number a row [N], equal where all cells are; gaps are equal to gaps, and -0 to 0.

    `more` are further columns without a name, such as the target. Two different rows of a million get one number by
    chance with probability 3e-8.
    """
    columns = [_words(features[name]) for name in features.columns] + [_words(pd.Series(column)) for column in more]
    hashes = np.zeros(len(columns[0]) if columns else len(features), dtype=np.uint64)
    for start in range(0, len(hashes), CHUNK):
        part = hashes[start : start + CHUNK]
        for column in columns:
            words = _bits(column[start : start + CHUNK])
            words ^= words >> np.uint64(32)
            words *= _ODD[0]
            part ^= words
            part *= _ODD[1]
            part ^= part >> np.uint64(29)
    return hashes


def _words(column: pd.Series) -> NDArray[Any]:
    """A column as numbers; texts as their place among the distinct ones."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.to_numpy().astype(np.int64)
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column.to_numpy(dtype=None if column.dtype.kind in "fiub" else np.float64)
    return pd.factorize(column)[0]


def _bits(values: NDArray[Any]) -> NDArray[np.uint64]:
    """64 bits of each number, in an array of its own."""
    numbers = values.astype(np.float64)
    numbers += 0.0  # -0.0 + 0.0 = 0.0
    numbers[np.isnan(numbers)] = np.nan  # one bit pattern
    return numbers.view(np.uint64)
