"""From a file to a table: infers the kind of each column, separates the target, and notes what was done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lossbench.data.duplicates import grouped
from lossbench.data.infer.dates import COMPACT, compact_dates
from lossbench.data.infer.gap_words import likely_gaps
from lossbench.data.infer.kinds import NUMBER, understand
from lossbench.data.infer.several_targets import read_targets
from lossbench.data.infer.spelling import Spelling
from lossbench.data.infer.spellings import spelling_notes
from lossbench.data.infer.suspect_columns import SuspectColumn, suspects
from lossbench.data.infer.target import read_target
from lossbench.data.read.chosen_columns import choose_columns, refuse_idle
from lossbench.data.read.frame import read_frame
from lossbench.data.read.parsed import ParsedColumns, Request
from lossbench.data.read.sniff import file_format
from lossbench.data.read.target_rows import rows_of_large_classes, rows_with_target
from lossbench.data.read.unpack import STDIN, cannot_read, unpack
from lossbench.data.requested_kinds import as_texts, requested_kinds
from lossbench.data.source import READING, DataSource
from lossbench.data.splits.stratified import in_order_of_occurrence
from lossbench.data.splits.time import times_of
from lossbench.data.table import ColumnKind, Information, Table
from lossbench.data.weights import take_weights, weighted
from lossbench.deferred import np, pd
from lossbench.errors import UserError, as_flag

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
                fix=f"leave it out with --drop {as_flag(suspect.column)} (or keep it with --keep)",
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
        f" with --drop {as_flag(name)}; --keep {as_flag(name)} silences this"
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
        request = Request(source, choose, kinds, trained=True)
        reading = _read(request) if frame is None else read_frame(frame, request)
        columns, _, notes, _ = _understood(reading, source, kinds, trained=True)
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
        if kind != "delimited" and not request.trained:
            refuse_idle(request.source, kind)
        if kind == "delimited":
            from lossbench.data.read.delimited import read_delimited  # a file needs one of the readers

            return read_delimited(unpacked, request)
        if kind == "jsonlines":
            from lossbench.data.read.json_lines import read_jsonlines

            return read_jsonlines(unpacked, request)
        from lossbench.data.read.arrow import read_columnar

        return read_columnar(unpacked, request, kind)


def _assemble(source: DataSource, where: str, frame: pd.DataFrame | None) -> Assembled:
    requested: dict[str, ColumnKind] = {}

    def choose(names: Sequence[str]) -> list[str]:
        nonlocal source
        source = source.resolved(names)
        requested.update(requested_kinds(source))
        return choose_columns(names, source)

    request = Request(source, choose, requested)
    reading = _read(request) if frame is None else read_frame(frame, request)
    columns, kinds, notes, formats = _understood(reading, source, requested, trained=False)
    weights = None
    if source.weights is not None:
        columns, weights, reading.place = take_weights(columns, kinds, source.weights, reading.place, notes)
    _refuse_infinite(columns, kinds, reading.place)
    names = source.targets(list(columns))
    rows = rows_with_target([columns[name] for name in names], source, reading.place, notes)
    if len(names) == 1:
        rows = rows_of_large_classes(columns[names[0]], rows, source, notes)
    if len(rows) < LEAST_ROWS:
        s = "" if len(rows) == 1 else "s"
        raise UserError(f"{len(rows)} data row{s}; need at least {LEAST_ROWS}", fix="add rows")
    if len(rows) < len(columns[names[0]]):
        columns = {key: column.iloc[rows].reset_index(drop=True) for key, column in columns.items()}
        weights = None if weights is None else weights[rows]

    def place(row: int) -> str:
        return reading.place(int(rows[row]))

    notes += likely_gaps(columns, kinds, words=not source.keep_na_words)
    targets = [columns.pop(name) for name in names]
    if len(names) == 1:
        declared = reading.orders.get(names[0], ())
        target = read_target(
            targets[0], kinds.pop(names[0]), source.task, place, order=source.order, declared_order=declared
        )
    else:
        own = {name: kinds.pop(name) for name in names}
        target = read_targets(targets, own, source.task, place, order=source.order)
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
    notes += spelling_notes(columns, kinds)
    table = Table(
        name=_table_name(where),
        task=target.task,
        features=pd.DataFrame(columns, copy=False),
        kinds=kinds,
        target=target.values,
        target_name=", ".join(names),
        classes=target.classes,
        groups=groups,
        time=time,
        notes=(*reading.notes, *notes, *target.notes),
        source=where,
        place=place,
        target_note=target.description,
        soft=target.soft,
        targets=target.names,
        reading={**source.changed(*READING), **{key: value for key, value in formats.items() if value}},
    )
    if weights is not None:
        table = weighted(table, weights, str(source.weights))
    return Assembled(table, tuple(suspects(columns, kinds, target, source.keep)))


def _understood(
    reading: ParsedColumns, source: DataSource, wanted: Mapping[str, ColumnKind], *, trained: bool
) -> tuple[dict[str, pd.Series], dict[str, ColumnKind], list[str], dict[str, dict[str, str]]]:
    """Columns with their kinds, notes, and how dates and numbers are written (`date_formats`, `number_formats`).

    The kinds `wanted` are those of training, or the user's.
    """
    columns: dict[str, pd.Series] = {}
    kinds: dict[str, ColumnKind] = {}
    notes: list[str] = []
    date_formats: dict[str, str] = {}
    number_formats: dict[str, str] = {}
    measured = {*source.targets(list(reading.columns)), source.weights}  # amounts, whatever they look like
    for name in list(reading.columns):
        column, kind = reading.columns.pop(name), reading.kinds[name]
        requested = wanted.get(name)
        if requested == "number" and kind == "boolean":
            kind = "number"
        if requested not in (None, kind) and kind in ("number", "boolean", "date"):
            column, kind = as_texts(column, kind), None
        if kind is None or kind == "text" or (requested is not None and requested != kind):
            found = understand(
                column,
                reading.place,
                marks=reading.marks,
                na=source.na,
                keep_na_words=source.keep_na_words,
                typed=kind == "text",
                kind=requested,
                date_format=source.date_formats.get(name, ""),
                number_format=source.number_formats.get(name, ""),
                trained=trained,
            )
            column, kind = found.values, found.kind
            if found.date_format:
                date_formats[name] = found.date_format
            if found.number_format:
                number_formats[name] = found.number_format
            notes += found.notes
        elif kind == "number" and column.dtype.kind == "f" and reading.marks.decimal == ",":
            number_formats[name] = str(Spelling(","))
        may_be_days = kind == "number" and requested is None and name not in measured
        if may_be_days and (days := compact_dates(column)) is not None:
            column, kind, date_formats[name] = days, "date", COMPACT
            how = f"column {name!r} read as dates written {COMPACT} (--numbers {name} reads it as numbers)"
            notes.append(Information(how))
        columns[name], kinds[name] = _without(column, source.na) if kind == "number" and source.na else column, kind
    return columns, kinds, notes, {"date_formats": date_formats, "number_formats": number_formats}


def _without(column: pd.Series, na: Sequence[str]) -> pd.Series:
    """Numbers with those that the user calls gaps as NaN; of a text file they are gaps already."""
    gaps = [float(word) for word in na if NUMBER.fullmatch(word)]
    return column.where(~column.isin(gaps)) if gaps and column.isin(gaps).any() else column


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


def _table_name(where: str) -> str:
    """`my.csv.gz` is the table my."""
    return re.sub(r"(\.\w+?)(\.gz|\.zip)?$", "", re.split(r"[\\/]", where)[-1]) or "table"
