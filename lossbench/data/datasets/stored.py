"""How a data set that is stored in a file is declared, and how its table is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from lossbench.data.datasets.registry import Dataset, Trait, declare, usual_metric
from lossbench.data.datasets.sources import StoredFile
from lossbench.data.infer.target import class_indices
from lossbench.data.table import ColumnKind, Table, Task
from lossbench.deferred import np, pd
from lossbench.errors import UserError

COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zip": "zip"}


def stored(
    name: str,
    file: StoredFile,
    description: str,
    *,
    task: Task,
    target: str,
    rows: int,
    columns: int,
    classes: int = 0,
    rarest: int = 0,
    order: tuple[str, ...] = (),
    labels: tuple[str, ...] = (),
    traits: tuple[Trait, ...] = (),
    metric: str = "",
    licence: str = "",
    without: Mapping[str, str | tuple[str, ...]] | None = None,
    groups: str = "",
    gaps: Collection[str] = (),
    csv: Mapping[str, Any] | None = None,
    change: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> None:
    """Declare the table that a file holds.

    All columns are features but the target, the `groups` and those `without`: reason -> columns, in a tuple or with
    blanks between them. Rows without a target are left out. Classes are sorted, or stand in the `order` of an ordinal
    task, lowest first, or as `labels` where the source names them so. `gaps` are values that mean a gap, `csv` options
    of `pandas.read_csv`, and `change` is what is done with the file's columns first.
    """
    excluded = {
        column: why
        for why, listed in (without or {}).items()
        for column in (listed.split() if isinstance(listed, str) else listed)
    }

    def build() -> Table:
        frame = _frame(file, name, gaps, csv or {})
        frame = frame if change is None else change(frame)
        frame = frame.dropna(subset=[target]).reset_index(drop=True)
        features = [column for column in frame.columns if column not in {target, groups, *excluded}]
        source = f"{file.source.origin.removesuffix(' CSV')} {Path(file.name).name}"
        table = _table(name, task, frame, features, target, order or labels, source)
        return replace(table, groups=frame[groups].to_numpy()) if groups else table

    declare(
        Dataset(
            name,
            task,
            rows,
            columns,
            classes,
            file.source.origin,
            description,
            build,
            target=target,
            rarest=rarest,
            metric=metric or usual_metric(task),
            order=order,
            traits=(*traits, *(("groups",) if groups else ())),
            excluded=excluded,
            licence=licence or file.source.licence,
            file=file,
        )
    )


def _frame(file: StoredFile, name: str, gaps: Collection[str], csv: Mapping[str, Any]) -> pd.DataFrame:
    found = file.read()
    if found is None:
        raise UserError("its file is not on this machine", where=name, fix=file.source.remedy(name))
    content = BytesIO(found)
    if ".parquet" in file.name:
        try:
            frame: pd.DataFrame = pd.read_parquet(content)
        except ImportError:
            raise UserError("reading Parquet needs pyarrow", where=name, fix='pip install "lossbench[arrow]"') from None
        return frame.mask(frame.isin(list(gaps))) if gaps else frame
    if file.name.endswith(".json"):
        frame = pd.DataFrame(json.loads(found))
        return frame.replace(list(gaps), np.nan) if gaps else frame
    compression: Any = COMPRESSIONS.get(Path(file.name).suffix)
    frame = pd.read_csv(content, compression=compression, na_values=list(gaps), low_memory=False, **csv)
    return frame.rename(columns=lambda column: f"x{column + 1}" if isinstance(column, int) else column)


def _table(
    name: str,
    task: Task,
    frame: pd.DataFrame,
    features: list[str],
    target: str,
    order: tuple[str, ...],
    source: str,
) -> Table:
    """The named columns as they stand: numbers are numbers, truth values are such, and the rest is text."""
    kinds = {column: _kind(frame[column]) for column in features}
    inputs = pd.DataFrame({column: _as(kind, frame[column]) for column, kind in kinds.items()})
    values, classes = frame[target], tuple[str, ...]()
    if task == "regression":
        target_N = values.to_numpy(dtype=np.float64)
    else:
        target_N, classes = class_indices(values)
    if order:
        target_N, classes = np.array([order.index(classes[k]) for k in range(len(classes))])[target_N], order
    return Table(
        name=name,
        task=task,
        features=inputs,
        kinds=kinds,
        target=target_N,
        target_name=target,
        classes=classes,
        source=source,
    )


def _kind(column: pd.Series) -> ColumnKind:
    if pd.api.types.is_bool_dtype(column):
        return "boolean"
    return "number" if pd.api.types.is_numeric_dtype(column) else "text"


def _as(kind: ColumnKind, column: pd.Series) -> pd.Series:
    if kind == "boolean":
        return column.astype(np.float64)
    return column if kind == "number" else column.astype("str")
