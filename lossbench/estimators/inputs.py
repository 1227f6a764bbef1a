"""What a net sees of the columns of a DataFrame: the preparation of the command line, by the columns' dtypes.

Numbers (gaps get the training median) are standardised. Booleans, texts and the dtype "category" get a 0/1 input for
each level, dates one for each part. Whatever is learnt for that is learnt from the training rows. N rows, D inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.data.preparation import Preparation
from lossbench.data.read.frame import read_frame
from lossbench.data.read.parsed import Request
from lossbench.data.requested_kinds import as_texts
from lossbench.data.source import DataSource
from lossbench.data.table import ColumnKind, Table, level
from lossbench.errors import UserError, counted, warn

_HELD = {"number": "numbers", "boolean": "truth values", "text": "text", "date": "dates"}
MOST = float(np.finfo(np.float32).max)  # that a net can hold
_SHOWN = 5  # values that a warning lists


def fit_inputs(
    frame: pd.DataFrame, rows: NDArray[Any], weight_N: NDArray[Any] | None, *, standardise: bool
) -> Preparation:
    """Learn from these rows how columns become inputs; a `LossbenchWarning` says of each column what is left out.

    Raises `UserError` for columns that no input can be made of.
    """
    features, kinds = _columns(frame)
    table = Table("X", "binary", features, kinds, np.zeros(len(frame), np.int64), "y", weights=weight_N)
    categories = [_clean(name) for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)]
    scale = "standard" if standardise else "none"
    preparation = Preparation.fit(table, rows, scale=scale, dates=True, categories=categories)  # type: ignore[arg-type]
    for note in preparation.notes:
        if level(note) == "warning":
            warn(note.replace("--text hash keeps it", "the dtype 'category' keeps it"))
    return preparation


def inputs_of(preparation: Preparation, frame: pd.DataFrame, *, tells_unseen: bool = True) -> NDArray[np.float32]:
    """The inputs `[N, D]` of new rows; a `LossbenchWarning` tells of values that training never saw.

    Raises `UserError` for a missing column and for a column of another kind than in training.
    """
    features, _ = _columns(frame, preparation.kinds)
    for name, counts in preparation.unseen(features).items() if tells_unseen else ():
        shown = ", ".join(f"{value!r} ({count})" for value, count in counts.most_common(_SHOWN))
        more = ", ..." if len(counts) > _SHOWN else ""
        warn(f"column {name!r} has {counted(counts.total(), 'value')} that training never saw: {shown}{more}")
    return preparation.transform(features)


def _columns(
    frame: pd.DataFrame, wanted: Mapping[str, ColumnKind] | None = None
) -> tuple[pd.DataFrame, dict[str, ColumnKind]]:
    """The columns as a table has them, and their kinds: those of their dtypes, or those `wanted` alone."""
    plain = frame.set_axis([_clean(name) for name in frame.columns], axis=1).reset_index(drop=True)
    if wanted is not None:
        plain = plain[[name for name in plain.columns if name in wanted]]
    for name, dtype in plain.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype):  # whose values are names, also where they look like numbers
            column = plain[name]
            plain[name] = column.cat.rename_categories([str(value) for value in dtype.categories]).astype(object)
    parsed = read_frame(plain, Request(DataSource(), list))
    kinds = {name: kind or "text" for name, kind in parsed.kinds.items()}
    for name, kind in (wanted or {}).items():
        if name in kinds and kinds[name] != kind:
            parsed.columns[name], kinds[name] = _in_kind(parsed.columns[name], kinds[name], kind), kind
    features = pd.DataFrame(parsed.columns, copy=False)
    for name in (name for name, kind in kinds.items() if kind == "number"):
        wild = int((features[name].abs() > MOST).sum())
        if wild:
            what = f"column {str(name)!r} has {counted(wild, 'infinite value')}, or too large for single precision"
            raise UserError(what, where="X", fix="correct them, or make gaps (NaN) of them")
    return features, kinds


def _clean(name: Any) -> str:
    return " ".join(str(name).split())


def _in_kind(column: pd.Series, kind: ColumnKind, wanted: ColumnKind) -> pd.Series:
    """A column of one kind in that of training; `UserError` where it cannot be."""
    if column.isna().all():
        empty: Any = "datetime64[us]" if wanted == "date" else object if wanted == "text" else np.float64
        return pd.Series(np.full(len(column), None), name=column.name).astype(empty)
    if wanted == "text":
        return as_texts(column, kind)
    if {kind, wanted} <= {"number", "boolean"}:
        return column
    raise UserError(f"column {str(column.name)!r} held {_HELD[wanted]} in training, here it holds {_HELD[kind]}")
