"""Encoders: how one column becomes inputs of a net. They fill gaps, scale numbers and encode categories.

N rows, W inputs of the column. `fit` gives an encoder or the reason why the column is of no use; `write` fills a
float32 block [N, W] and never looks at anything but the column and the encoder.
"""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from numpy.typing import NDArray

from lossbench.data.cells import numbers
from lossbench.data.encoders.categorical import HashEncoder, LevelEncoder
from lossbench.data.encoders.dates import DateEncoder
from lossbench.data.encoders.numeric import NumberEncoder, Scale
from lossbench.data.encoders.saved import SAVED, Finite, Spread
from lossbench.data.table import ColumnKind

__all__ = [
    "KINDS",
    "SAVED",
    "DateEncoder",
    "Encoder",
    "Finite",
    "HashEncoder",
    "LevelEncoder",
    "NumberEncoder",
    "Scale",
    "Spread",
    "fit_column",
]

MOST_LEVELS = 40  # a text with more values than this is no category

Encoder = NumberEncoder | LevelEncoder | HashEncoder | DateEncoder
KINDS: dict[type[Encoder], tuple[ColumnKind, ...]] = {  # of the columns that one encodes
    NumberEncoder: ("number",),
    LevelEncoder: ("boolean", "text"),
    HashEncoder: ("text",),
    DateEncoder: ("date",),
}


def fit_column(
    name: str,
    column: pd.Series,
    kind: ColumnKind,
    *,
    scale: Scale,
    dates: bool,
    text: Literal["drop", "hash"],
    category: bool = False,
    weight_N: NDArray[Any] | None = None,
) -> Encoder | str:
    """The encoder of a column of training values, or why the column is dropped; a `category` may have many levels.

    Numbers are scaled by their weighted statistics; levels are rare by how many rows have them, whatever these count.
    """
    if kind == "number":
        return NumberEncoder.fit(name, numbers(column), scale, weight_N)
    if kind == "boolean":
        return LevelEncoder.fit(name, column)
    if kind == "date":
        return (
            DateEncoder.fit(name, column, scale, weight_N)
            if dates
            else "it holds dates (--dates turns them into numbers)"
        )
    distinct, known = int(column.nunique()), int(column.count())
    if not category and (distinct > MOST_LEVELS or (distinct > 2 and distinct * 2 > known)):
        if text == "hash":
            return HashEncoder(name)
        return f"it is text with {distinct} distinct values in {known} rows (--text hash keeps it)"
    return LevelEncoder.fit(name, column)
