"""Parquet, Feather and Arrow files, through pyarrow where it is installed; a column at a time, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from lossbench.data.infer.target import label_of
from lossbench.data.read.parsed import ParsedColumns, Request, clean_names, index_note, nameless_notes
from lossbench.data.read.sniff import Format
from lossbench.data.read.unpack import Unpacked
from lossbench.data.table import ColumnKind, Information
from lossbench.deferred import pd
from lossbench.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

EXACT = 2**53
SAVED_INDEX = "__index_level_"  # what pandas calls a saved index that has no name


def read_columnar(unpacked: Unpacked, request: Request, kind: Format) -> ParsedColumns:
    """The chosen columns, in the types that the file declares; `UserError` for nested ones and for damaged files."""
    try:
        import pyarrow as pa
    except ImportError:
        raise UserError(f"reading {kind} needs pyarrow", fix='pip install "lossbench[arrow]"') from None
    try:
        file = _opened(unpacked.stream, kind)
        names, notes = clean_names(file.names)
        kept = set(request.choose([name for name in names if name and not name.startswith(SAVED_INDEX)]))
        saved = {n for n in file.index if n.startswith(SAVED_INDEX) or n not in request.source.needed}
        if saved:
            kept -= saved
            notes.append(index_note(", ".join(repr(n) for n in names if n in saved and not n.startswith(SAVED_INDEX))))
        columns: dict[str, pd.Series] = {}
        kinds: dict[str, ColumnKind | None] = {}
        orders: dict[str, tuple[str, ...]] = {}
        for place, name in enumerate(names):
            if name and name not in kept:
                continue
            stored = file.column(place)
            values, column_kind = _column(stored, name or f"column {place + 1}")
            if name:
                columns[name], kinds[name] = values, column_kind
                if pa.types.is_dictionary(stored.type) and stored.type.ordered:
                    orders[name] = tuple(map(label_of, stored.unify_dictionaries().chunk(0).dictionary.to_pylist()))
                if pa.types.is_duration(stored.type):
                    notes.append(Information(f"column {name!r} holds durations: read as seconds"))
            else:
                notes += nameless_notes({place: values})
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as problem:
        reason = str(problem).partition("\n")[0]
        raise UserError(f"damaged, or not {kind} ({reason})", fix="write it again") from None
    if not columns or not len(next(iter(columns.values()))):
        raise UserError("no data row in it")
    return ParsedColumns(columns, kinds, lambda row: f"row {row + 1}", notes, orders=orders)


@dataclass(frozen=True)
class _File:
    """An open file: the names of its columns, those that pandas saved its index in, and a way to read one of them."""

    names: list[str]
    index: frozenset[str]
    column: Callable[[int], pa.ChunkedArray]


def _opened(stream: IO[bytes], kind: Format) -> _File:
    stream.seek(0)
    if kind == "parquet":
        from pyarrow import parquet

        file = parquet.ParquetFile(stream)
        names = list(file.schema_arrow.names)
        index = _saved_index(file.schema_arrow)
        return _File(names, index, lambda place: file.read(columns=[names[place]]).column(0))
    if kind == "arrow stream":
        from pyarrow import ipc

        table = ipc.open_stream(stream).read_all()
    else:
        from pyarrow import feather  # reads Arrow files as well

        table = feather.read_table(stream)
    return _File(list(table.column_names), _saved_index(table.schema), table.column)


def _saved_index(schema: pa.Schema) -> frozenset[str]:
    """The columns that hold the index of the DataFrame that was written; other writers leave no word of one."""
    named = {name for name in schema.names if name.startswith(SAVED_INDEX)}
    try:
        index_columns = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
        named |= {name for name in index_columns if isinstance(name, str)}
    except (KeyError, ValueError, TypeError):
        pass
    return frozenset(named & set(schema.names))


def _column(values: pa.ChunkedArray, name: str) -> tuple[pd.Series, ColumnKind | None]:
    import pyarrow as pa
    from pyarrow import types

    kind = values.type
    if types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = values.type
    if types.is_boolean(kind):
        return _numbers(values.cast("uint8"), name), "boolean"
    if types.is_decimal(kind):
        return _numbers(values.cast("float64"), name), "number"
    if types.is_integer(kind):
        column = _numbers(values, name)
        if len(column) and bool(((column > EXACT) | (column < -EXACT)).any()):  # taken for ids
            return pd.Series(values.cast("string").to_pylist(), name=name, dtype=object), None
        return column, "number"
    if types.is_floating(kind) or types.is_null(kind):
        return _numbers(values if types.is_floating(kind) else values.cast("float64"), name), "number"
    if types.is_duration(kind):
        seconds = values.cast(pa.duration("us"), safe=False).cast("int64").cast("float64", safe=False)
        return _numbers(seconds, name) / 1e6, "number"
    if types.is_timestamp(kind) or types.is_date(kind):
        return pd.Series(_dates(values), name=name), "date"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pd.Series(values.to_pylist(), name=name, dtype=object), "text"
    if types.is_nested(kind):
        what = "objects" if str(kind).startswith(("struct", "map")) else "lists"
        raise UserError(f"column {name!r} holds {what}", fix="flatten it")
    raise UserError(f"column {name!r} holds {kind}", fix="write it as numbers or text, or leave it out with --drop")


def _numbers(values: pa.ChunkedArray, name: str) -> pd.Series:
    """Without gaps in the file's own type, else as float with NaN."""
    if values.null_count and str(values.type) not in {"float", "double", "halffloat"}:
        values = values.cast("float64", safe=False)
    return pd.Series(values.to_numpy(), name=name)


def _dates(values: pa.ChunkedArray) -> Any:
    return values.cast("timestamp[us]", safe=False).to_numpy().astype("datetime64[us]")
