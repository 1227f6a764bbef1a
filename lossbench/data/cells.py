"""The cells of a column: as numbers, as texts, and as a reader sees them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.errors import UserError


def plain_number(value: float) -> str:
    """A number for a reader: whole ones to their last digit, others to six."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:g}"


def numbers(column: pd.Series) -> NDArray[Any]:
    """A column of numbers as float64 [N], gaps as NaN; a `UserError` where it holds something else."""
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise UserError(f"column {str(column.name)!r} held numbers in training, here it holds text")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def texts(column: pd.Series) -> list[str | None]:
    """A column of texts or booleans as Python strings, gaps as None."""
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return [None if math.isnan(v) else "True" if v else "False" for v in values.tolist()]
    return [v if isinstance(v, str) else None for v in column.to_numpy(dtype=object).tolist()]


def coded(column: pd.Series) -> tuple[list[str | None], NDArray[Any]]:
    """The same as distinct cells, in the order of their first rows, and each row's place among them [N].

    Of a million rows with a few levels, no Python string is made for each row. A gap may stand there more than once.
    """
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        column = pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan))
        code_N, found = pd.factorize(column, use_na_sentinel=False)
        return texts(pd.Series(found)), code_N
    code_N, found = pd.factorize(column, use_na_sentinel=False)
    return [level if isinstance(level, str) else None for level in found.tolist()], code_N
