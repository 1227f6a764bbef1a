"""From a file to a table: infers the kind of each column, separates the target, and notes what was done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lossbench.data.duplicates import DUPLICATES, grouped
from lossbench.data.infer.kinds import NUMBER, understand
from lossbench.data.infer.suspect_columns import SuspectColumn, suspects
from lossbench.data.infer.target import number_label, read_target
from lossbench.data.read.frame import read_frame
from lossbench.data.read.parsed import ParsedColumns, Request
from lossbench.data.read.sniff import file_format
from lossbench.data.read.unpack import STDIN, cannot_read, unpack
from lossbench.data.source import READING, DataSource
from lossbench.data.splits.stratified import in_order_of_occurrence
from lossbench.data.splits.time import times_of
from lossbench.data.table import ColumnKind, Table
from lossbench.deferred import np, pd
from lossbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_ROWS = 3  # one each to train, to validate and to test


@dataclass(frozen=True)
class Assembled:
    """A table before suspicious columns are examined."""

    table: Table
    suspects: tuple[SuspectColumn, ...]


def read_table(source: DataSource, frame: pd.DataFrame | None = None) -> Table:
    """The table in a file, or in a DataFrame: row numbers excluded with a note, a copy of the target refused."""
    assembled = assemble(source, frame)
    table = assembled.table
    for suspect in assembled.suspects:
        if suspect.what == "leak":
            raise UserError(
                f"column {suspect.column!r} determines the target {table.target_name!r}{_detail(suspect.why)}",
                where=table.source,
                fix=f"leave it out with --drop {suspect.column} (or vouch for it with --keep)",
            )
    ids = [suspect.column for suspect in assembled.suspects if suspect.what == "id"]
    notes = [_note(suspect) for suspect in assembled.suspects]
    features = table.features.drop(columns=ids)
    if features.shape[1] == 0:
        raise UserError("no feature is left beside the target", where=table.source)
    kinds = {name: table.kinds[name] for name in features.columns}
    table = replace(table, features=features, kinds=kinds, notes=(*table.notes, *notes))
    return grouped(table, source.groups)


def _note(suspect: SuspectColumn) -> str:
    name = suspect.column
    if suspect.what == "id":
        return f"column {name!r} looks like a row number ({suspect.why}): excluded"
    return (
        f"column {name!r} may leak the target ({suspect.why}): if it is not known before the target is, leave it out"
        f" with --drop {name}; --keep {name} silences this"
    )


def _detail(why: str) -> str:
    """What a reason says beyond that the target is determined."""
    _, colon, detail = why.partition(": ")
    return f" ({detail})" if colon else ""


def assemble(source: DataSource, frame: pd.DataFrame | None = None) -> Assembled:
    """Everything but the verdict on suspicious columns; each error names the file."""
    file = source.file or ""
    where = "standard input" if file == STDIN else file
    try:
        return _assemble(source, where, frame)
    except UserError as problem:
        raise (problem if problem.where.startswith("--") else problem.at(where)) from None


def read_features(
    source: DataSource, kinds: Mapping[str, ColumnKind], frame: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Columns of a file, or of a DataFrame, that a trained net asks for, in the kinds it was trained on, and notes.

    A target is not needed. Raises `UserError` for a missing column and for a cell that is not of its column's kind.
    """

    def choose(names: Sequence[str]) -> list[str]:
        missing = [name for name in kinds if name not in names]
        if missing:
            s = "s" if len(missing) > 1 else ""
            raise UserError(f"no column{s} {', '.join(map(repr, missing))}", fix=f"columns are {', '.join(names)}")
        return list(kinds)

    where = "standard input" if source.file == STDIN else source.file or ""
    try:
        request = Request(source, choose, kinds)
        reading = _read(request) if frame is None else read_frame(frame, request)
        columns, _, notes, _ = _understood(reading, source, kinds)
        _refuse_infinite(columns, kinds, reading.place)
    except UserError as problem:
        raise problem.at(where) from None
    return pd.DataFrame({name: columns[name] for name in kinds}, copy=False), notes


def _read(request: Request) -> ParsedColumns:
    try:
        return _parsed(request)
    except OSError as problem:  # a disk that fails, while or after the file was opened
        raise cannot_read(problem) from None


def _parsed(request: Request) -> ParsedColumns:
    with unpack(request.source.file or "", request.source.max_bytes) as unpacked:
        kind = file_format(unpacked)
        if kind == "delimited":
            from lossbench.data.read.delimited import read_delimited  # a file needs one of the readers

            return read_delimited(unpacked, request)
        if kind == "jsonlines":
            from lossbench.data.read.json_lines import read_jsonlines

            return read_jsonlines(unpacked, request)
        from lossbench.data.read.arrow import read_columnar

        return read_columnar(unpacked, request, kind)


def _assemble(source: DataSource, where: str, frame: pd.DataFrame | None) -> Assembled:
    request = Request(source, lambda names: _choose(names, source))
    reading = _read(request) if frame is None else read_frame(frame, request)
    columns, kinds, notes, date_formats = _understood(reading, source, {})
    _refuse_infinite(columns, kinds, reading.place)
    name = str(source.target)
    rows = _rows_with_target(columns[name], source, reading.place, notes)
    rows = _rows_of_large_classes(columns[name], rows, source, notes)
    if len(rows) < LEAST_ROWS:
        s = "" if len(rows) == 1 else "s"
        raise UserError(f"{len(rows)} data row{s}; need at least {LEAST_ROWS}", fix="add rows")
    if len(rows) < len(columns[name]):
        columns = {key: column.iloc[rows].reset_index(drop=True) for key, column in columns.items()}

    def place(row: int) -> str:
        return reading.place(int(rows[row]))

    target = read_target(columns.pop(name), kinds.pop(name), source.task, place)
    groups = None
    if source.groups in columns:
        groups = in_order_of_occurrence(columns.pop(source.groups).to_numpy())
        del kinds[source.groups]
    time = None
    if source.time is not None:
        time = times_of(columns[source.time], kinds[source.time], place)
        if source.time not in source.keep:
            del columns[source.time], kinds[source.time]
    if not columns:
        raise UserError("no feature is left beside the target", fix="drop fewer columns")
    table = Table(
        name=_table_name(where),
        task=target.task,
        features=pd.DataFrame(columns, copy=False),
        kinds=kinds,
        target=target.values,
        target_name=name,
        classes=target.classes,
        groups=groups,
        time=time,
        notes=(*reading.notes, *notes, *target.notes),
        source=where,
        place=place,
        target_note=target.description,
        reading={**source.changed(*READING), **({"date_formats": date_formats} if date_formats else {})},
    )
    return Assembled(table, tuple(suspects(columns, kinds, target, source.keep)))


def _choose(names: Sequence[str], source: DataSource) -> list[str]:
    """All columns but the dropped ones; a `UserError` for a name that is not there."""
    if source.target is None:
        raise UserError("no target was named", fix=f"choose one with --target; columns are {', '.join(names)}")
    reserved = {DUPLICATES} - set(names)  # a word for groups, unless a column has that name
    roles = [name for name in (source.groups, source.time) if name is not None and name not in reserved]
    for name in [source.target, *source.drop, *source.keep, *roles]:
        if name not in names:
            hint = did_you_mean(name, names)
            guess = f" ({hint})" if hint.startswith("did") else ""
            raise UserError(f"no column {name!r}", fix=f"columns are {', '.join(names)}{guess}")
    if source.target in source.drop:
        raise UserError(f"column {source.target!r} is the target and is dropped", fix="take it out of --drop")
    if source.target in roles:
        raise UserError(f"column {source.target!r} is the target and cannot split the rows", fix="name another column")
    return [name for name in names if name not in source.drop or name in roles]


def _understood(
    reading: ParsedColumns, source: DataSource, wanted: Mapping[str, ColumnKind]
) -> tuple[dict[str, pd.Series], dict[str, ColumnKind], list[str], dict[str, str]]:
    """Columns with their kinds, notes, and how dates are written."""
    columns: dict[str, pd.Series] = {}
    kinds: dict[str, ColumnKind] = {}
    notes: list[str] = []
    date_formats: dict[str, str] = {}
    for name in list(reading.columns):
        column, kind = reading.columns.pop(name), reading.kinds[name]
        requested = wanted.get(name)
        if requested in ("text", "boolean") and kind in ("number", "boolean"):
            column, kind = _as_texts(column, kind), None
        if kind is None or kind == "text" or (requested is not None and requested != kind):
            found = understand(
                column,
                reading.place,
                decimal=reading.decimal,
                na=source.na,
                keep_na_words=source.keep_na_words,
                typed=kind == "text",
                kind="date" if requested is None and name in source.date_formats else requested,
                date_format=source.date_formats.get(name, ""),
            )
            column, kind = found.values, found.kind
            if found.date_format:
                date_formats[name] = found.date_format
            notes += found.notes
        columns[name], kinds[name] = _without(column, source.na) if kind == "number" and source.na else column, kind
    return columns, kinds, notes, date_formats


def _without(column: pd.Series, na: Sequence[str]) -> pd.Series:
    """Numbers with those that the user calls gaps as NaN; of a text file they are gaps already."""
    gaps = [float(word) for word in na if NUMBER.fullmatch(word)]
    return column.where(~column.isin(gaps)) if gaps and column.isin(gaps).any() else column


def _as_texts(column: pd.Series, kind: ColumnKind) -> pd.Series:
    values: list[Any] = column.tolist()
    texts = [None if v != v else str(bool(v)) if kind == "boolean" else number_label(v) for v in values]  # noqa: PLR0124
    return pd.Series(texts, name=column.name, dtype=object)


def _refuse_infinite(
    columns: Mapping[str, pd.Series], kinds: Mapping[str, ColumnKind], place: Callable[[int], str]
) -> None:
    most = np.float64(np.finfo(np.float32).max)  # what a net can hold; as float64, so that halves are compared too
    for name, column in columns.items():
        if kinds[name] != "number":
            continue
        values = column.to_numpy()
        wild = np.flatnonzero((values > most) | (values < -most))
        if len(wild):
            s = "s" if len(wild) > 1 else ""
            first = float(values[wild[0]])
            raise UserError(
                f"column {name!r} has {len(wild)} infinite value{s} (the first: {place(int(wild[0]))}: {first:g})",
                fix=f"correct {'them' if s else 'it'}, or read such values as gaps with --na {first:g}",
            )


def _rows_with_target(
    target: pd.Series, source: DataSource, place: Callable[[int], str], notes: list[str]
) -> NDArray[Any]:
    gaps = target.isna().to_numpy()
    missing = int(gaps.sum())
    if missing and not source.drop_missing_target:
        s, have = ("", "has") if missing == 1 else ("s", "have")
        raise UserError(
            f"{missing} row{s} {have} no target (the first is {place(int(np.flatnonzero(gaps)[0]))})",
            fix="fill them in, or leave them out with --drop-missing-target",
        )
    if missing:
        notes.append(f"{missing} row{'s' if missing > 1 else ''} without a target excluded")
    return np.flatnonzero(~gaps)


def _rows_of_large_classes(target: pd.Series, rows: NDArray[Any], source: DataSource, notes: list[str]) -> NDArray[Any]:
    if source.min_class_rows is None or source.task == "regression":
        return rows
    values = target.iloc[rows]
    counts = values.map(values.value_counts()).to_numpy()
    small = counts < source.min_class_rows
    if small.any():
        labels = sorted({str(label) for label in values[small]})
        notes.append(f"classes of fewer than {source.min_class_rows} rows excluded: {', '.join(labels)}")
    return rows[~small]


def _table_name(where: str) -> str:
    """`my.csv.gz` is the table my."""
    return re.sub(r"(\.\w+?)(\.gz|\.zip)?$", "", re.split(r"[\\/]", where)[-1]) or "table"
