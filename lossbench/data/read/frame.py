"""A pandas DataFrame as a table: its columns in the types that they have, understood like those of a file."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lossbench.data.infer.target import label_of
from lossbench.data.read.parsed import ParsedColumns, Request, clean_names, index_note
from lossbench.data.table import ColumnKind, Information
from lossbench.deferred import np, pd
from lossbench.errors import UserError

NUMBERS = (int, float, Decimal)


def read_frame(frame: pd.DataFrame, request: Request) -> ParsedColumns:
    """The chosen columns; the index is no feature. `UserError` for names that occur twice and for nested values."""
    names, notes = clean_names([str(name) for name in frame.columns])
    if any(name is not None for name in frame.index.names) or not pd.api.types.is_integer_dtype(frame.index.dtype):
        index = ", ".join(repr(name) for name in frame.index.names if name is not None)
        notes.append(index_note(index))
    if len(frame) == 0:
        raise UserError("no data row in it")
    kept = set(request.choose(names))
    columns: dict[str, pd.Series] = {}
    kinds: dict[str, ColumnKind | None] = {}
    orders: dict[str, tuple[str, ...]] = {}
    for place, name in enumerate(names):
        if name in kept:
            dtype = frame.dtypes.iloc[place]
            if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
                orders[name] = tuple(map(label_of, dtype.categories))
            values = _inferred(frame.iloc[:, place])
            if values.dtype.kind == "m":
                notes.append(Information(f"column {name!r} holds durations: read as seconds"))
            columns[name], kinds[name] = _column(values, name)
    return ParsedColumns(columns, kinds, lambda row: f"row {frame.index[row]!r}", notes, orders=orders)


def _inferred(values: pd.Series) -> pd.Series:
    """The column in the type of its values: a category's own, and what an object column holds."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype if not values.isna().any() else object)
    return values.infer_objects() if values.dtype == object else values


def _column(values: pd.Series, name: str) -> tuple[pd.Series, ColumnKind | None]:
    """A column without its index: numbers and booleans with gaps as NaN, texts as objects with gaps as None."""
    gaps = values.isna().to_numpy()
    if values.dtype.kind == "m":
        return pd.Series(values.dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan), name=name), "number"
    if isinstance(values.dtype, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    if pd.api.types.is_bool_dtype(values.dtype) or (values.dtype == object and _all(values[~gaps], bool)):
        return _numbers(values, gaps, name), "boolean"
    if pd.api.types.is_numeric_dtype(values.dtype) or (values.dtype == object and _all(values[~gaps], NUMBERS)):
        if pd.api.types.is_complex_dtype(values.dtype):
            raise UserError(f"column {name!r} holds complex numbers", fix="split or drop it")
        return _numbers(values, gaps, name), "number"
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        plain = values.dt.tz_localize(None) if getattr(values.dt, "tz", None) is not None else values
        return pd.Series(plain.to_numpy(dtype="datetime64[us]"), name=name), "date"
    cells: list[Any] = values.tolist()
    for cell in cells:
        if isinstance(cell, list | tuple | dict | set | np.ndarray):
            raise UserError(f"column {name!r} holds {type(cell).__name__}s", fix="flatten it")
    texts = [None if gap else str(cell) for cell, gap in zip(cells, gaps, strict=True)]
    return pd.Series(texts, name=name, dtype=object), "text"


def _all(values: pd.Series, kind: type | tuple[type, ...]) -> bool:
    return len(values) > 0 and all(isinstance(value, kind) for value in values)


def _numbers(values: pd.Series, gaps: Any, name: str) -> pd.Series:
    if values.dtype == object:  # Decimal, and whole numbers and fractions mixed
        known = [np.nan if gap else float(value) for value, gap in zip(values.tolist(), gaps, strict=True)]
        return pd.Series(known, name=name, dtype=np.float64)
    if gaps.any() or pd.api.types.is_extension_array_dtype(values.dtype):
        return pd.Series(values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan), name=name)
    plain = values.to_numpy()
    return pd.Series(plain.astype(np.uint8) if plain.dtype == bool else plain, name=name)
