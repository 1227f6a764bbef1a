"""Kinds of columns that the user names, against what their values look like: categories, numbers, dates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lossbench.data.infer.kinds import understand
from lossbench.data.infer.target import number_label
from lossbench.data.source import DataSource
from lossbench.data.table import ColumnKind, Table
from lossbench.deferred import pd
from lossbench.errors import UserError, unknown


def requested_kinds(source: DataSource) -> dict[str, ColumnKind]:
    """Per column that the user names as a category, as numbers or with the format of its dates, its kind.

    Raises `UserError` for a column that is named twice, and for the target.
    """
    requests: list[tuple[str, ColumnKind, str]] = [
        *((name, "text", "--categories") for name in source.categories),
        *((name, "number", "--numbers") for name in source.numbers),
        *((name, "date", "--date-format") for name in source.date_formats),
    ]
    found: dict[str, tuple[ColumnKind, str]] = {}
    for name, kind, flag in requests:
        if name == source.target or name in source.targets(()):
            fix = "choose --task, which says what its values are"
            raise UserError(f"column {name!r} is the target and is named in {flag}", fix=fix)
        if name in found and found[name][0] != kind:
            raise UserError(f"column {name!r} is named in {found[name][1]} and in {flag}", fix="keep one of the two")
        found[name] = kind, flag
    return {name: kind for name, (kind, _) in found.items()}


def as_texts(column: pd.Series, kind: ColumnKind) -> pd.Series:
    """A column that is no text as the texts that a file would have: 3.0 is '3', dates as in ISO 8601; gaps are None."""
    gaps = column.isna().to_numpy()
    values: list[Any] = column.tolist()
    write = {"boolean": lambda v: str(bool(v)), "number": number_label}.get(kind, lambda v: str(v.isoformat()))
    texts = [None if gap else write(value) for value, gap in zip(values, gaps, strict=True)]
    return pd.Series(texts, name=column.name, dtype=object)


def with_requested_kinds(table: Table, source: DataSource) -> Table:
    """A table that is ready made, with the kinds that the user names; a `UserError` for a column that it has not."""
    requested = requested_kinds(replace(source, target=table.target_name))
    columns, kinds, notes = dict(table.features.items()), dict(table.kinds), list(table.notes)
    for name, kind in requested.items():
        if name not in kinds:
            raise unknown("column", name, map(str, kinds), where=table.name)
        if kinds[name] == kind:
            continue
        column = columns[name] if kinds[name] == "text" else as_texts(columns[name], kinds[name])
        written = source.date_formats.get(name, "")
        try:
            read = understand(column, table.place, typed=True, kind=kind, date_format=written, trained=False)
        except UserError as problem:
            raise problem.at(table.name) from None
        columns[name], kinds[name] = read.values, kind
        notes += read.notes
    return replace(table, features=pd.DataFrame(columns, copy=False), kinds=kinds, notes=tuple(notes))
