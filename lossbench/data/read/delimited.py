"""CSV, TSV and other delimited files: every row's fields are counted before pandas reads them.

Two looks at the file: the first counts fields and lines (`find_rows`), the second reads, in pieces, columns that are
numbers throughout as numbers, and the others as the very texts that stand there. What has a word among the first rows
is read as text at once; other columns with a text in them cost a third look, and so do whole numbers whose first rows
may be codes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from lossbench.data.infer.kinds import gap_words, gaps_note
from lossbench.data.infer.spelling import Spelling, is_number
from lossbench.data.read.ambiguous import FIRST, Look, perhaps_codes, perhaps_grouped, perhaps_worded
from lossbench.data.read.dialect import Dialect, find_dialect, refuse_another_header
from lossbench.data.read.lines import split
from lossbench.data.read.opening import (
    Opening,
    explained,
    header_note,
    opening_notes,
    read_names,
    read_opening,
)
from lossbench.data.read.parsed import ParsedColumns, Request, nameless_notes
from lossbench.data.read.rows import Rows, find_rows
from lossbench.data.read.text_encoding import Utf8, as_utf8, skip_mark
from lossbench.data.read.unpack import IN_MEMORY, Unpacked
from lossbench.data.table import Information
from lossbench.deferred import np, pd
from lossbench.errors import UserError, as_flag, counted

CHUNK_ROWS = 1 << 17
EXACT = 2**53  # whole numbers beyond it are not exact in float64
FIRST_ROWS = 50
LEAST_NUMBERS = 5  # in the first rows below a word, to call it a unit


def read_delimited(unpacked: Unpacked, request: Request) -> ParsedColumns:
    """The chosen columns of a delimited text; `UserError` with the line of the first row of a wrong length."""
    with (
        as_utf8(unpacked.stream, request.source.encoding) as text,
        SpooledTemporaryFile(max_size=IN_MEMORY) as spare,
    ):
        return _read(text, cast("IO[bytes]", spare), unpacked.name, request)


def _read(text: Utf8, spare: IO[bytes], name: str, request: Request) -> ParsedColumns:
    source = request.source
    opening = read_opening(text.stream, source)
    dialect = find_dialect(opening.rows, name, source, opening.excel_sep)
    marked = [Information("byte order mark before the header removed")] if skip_mark(text.stream) else []
    names, start, more = _names(text, dialect, opening, request)
    kept = _chosen(names, opening, request)
    if source.header:
        refuse_another_header(opening.rows, dialect.sep)
    notes = [
        *text.notes,
        *marked,
        *opening_notes(opening, source),
        *dialect.notes,
        *more,
        *header_note(names, opening, source),
    ]
    rows = find_rows(text.stream, spare, dialect.sep, start, source.comment, plain=text.plain)
    notes += _row_notes(rows, len(names), request)

    nameless = [place for place, name in enumerate(names) if not name]
    places = sorted([names.index(name) for name in kept] + nameless)
    parse = _Parse(rows, dialect.marks.decimal, len(names), (*gap_words(source.keep_na_words), *source.na))
    words = _places_of_words(opening.rows[1:], dialect, parse.gaps)
    as_text = [place for place in places if place in words or _is_asked_as_text(names[place], dialect, request)]
    found, texts = parse.columns([place for place in places if place not in as_text], as_text)
    mark, codes, grouped = dialect.marks.decimal, perhaps_codes(found), list[int]()
    if source.decimal is None and source.thousands is None and not request.trained:
        grouped = perhaps_grouped(found)
    first = parse.looks(sorted({*codes, *grouped}), mark, nrows=FIRST)
    grouped = [place for place in grouped if first[place].groups]
    codes = [place for place in codes if first[place].may_be_code]
    doubtful = {*codes, *grouped, *perhaps_worded(rows.stream, found, parse.gaps)}
    for place, look in parse.looks(sorted(doubtful), mark).items():
        is_code = look.is_code and request.kinds.get(names[place]) != "number"
        if is_code or (place in grouped and look.is_grouped):
            del found[place]  # read as text below, and said by who understands it
        elif look.words and names[place]:
            notes.append(Information(gaps_note(names[place], look.words)))
    texts |= parse.texts([place for place in places if place not in found and place not in texts])
    _refuse_units(found, texts, names, rows, parse.gaps)
    found |= texts
    notes += nameless_notes({place: found[place] for place in nameless})
    columns = {names[place]: found[place].rename(names[place]) for place in places if names[place]}
    return ParsedColumns(
        columns=columns,
        kinds={name: "number" if pd.api.types.is_numeric_dtype(column) else None for name, column in columns.items()},
        place=lambda row: f"line {rows.line_N[row]}",
        notes=notes,
        marks=dialect.marks,
    )


def _names(text: Utf8, dialect: Dialect, opening: Opening, request: Request) -> tuple[list[str], Any, list[str]]:
    try:
        return read_names(text.stream, dialect.sep, opening, request.source, needs_target=not request.trained)
    except UserError as problem:
        names = split(opening.rows[:1], dialect.sep)
        raise explained(problem, opening, names[0] if names else (), (), request.source) from None


def _chosen(names: Sequence[str], opening: Opening, request: Request) -> list[str]:
    """The columns to keep; where a name is missing, the error says what may be wrong with the header."""
    named = [name for name in names if name]
    try:
        return [name for name in request.choose(named) if name]
    except UserError as problem:
        source = request.source
        wanted = set(request.kinds) if request.trained else {*source.needed, *source.drop}
        if wanted and wanted <= set(named):
            raise
        raise explained(problem, opening, named, wanted, request.source) from None


def _row_notes(rows: Rows, fields: int, request: Request) -> list[str]:
    if not len(rows.line_N):
        raise UserError("no data row below the header")
    if rows.short and not request.source.allow_short_rows:
        line, count = rows.short[0]
        raise UserError(
            f"line {line} has {count} field{'s' if count != 1 else ''}, the header has {fields}",
            fix="correct the row, or fill short rows with gaps by --allow-short-rows",
        )
    notes: list[str] = []
    if rows.short:
        notes.append(f"{counted(len(rows.short), 'short row')} filled with gaps (the first is line {rows.short[0][0]})")
    if rows.trailing:
        end = "ends" if rows.trailing == 1 else "end"
        notes.append(f"{counted(rows.trailing, 'row')} {end} with an extra separator: ignored")
    if rows.empty:
        has = "has" if len(rows.empty) == 1 else "have"
        first = f"the first is line {rows.empty[0]}"
        notes.append(Information(f"{counted(len(rows.empty), 'row')} {has} no value: left out ({first})"))
    return notes


def _places_of_words(rows: Sequence[str], dialect: Dialect, gaps: Collection[str]) -> set[int]:
    """The fields that have a word in one of the first rows, so that their columns are no numbers."""
    return {
        place
        for row in split(rows, dialect.sep)
        for place, cell in enumerate(row)
        if cell not in gaps and _is_word(cell.replace(dialect.marks.decimal, "."))
    }


def _is_word(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return any(character.isalpha() for character in cell)
    return False


def _is_asked_as_text(name: str, dialect: Dialect, request: Request) -> bool:
    """Whether a column held something in training that pandas' numbers would not tell."""
    written = request.source.number_formats.get(name)
    if written is not None and Spelling.parse(written) != Spelling(dialect.marks.decimal):
        return True
    return request.kinds.get(name) in ("text", "date", "boolean")


def _refuse_units(
    found: dict[int, pd.Series], texts: dict[int, pd.Series], names: Sequence[str], rows: Rows, gaps: Sequence[str]
) -> None:
    """Raise `UserError` where the first row has a word in each column of numbers, like a row of units."""
    if len(rows.line_N) < 3 or any(len(column) and column.notna().iloc[0] for column in found.values()):
        return
    for place, column in texts.items():
        first, *below = (str(cell).strip() for cell in column.iloc[:FIRST_ROWS])
        numbers = [is_number(cell) for cell in below if cell not in gaps]
        if first in gaps or is_number(first) or len(numbers) < LEAST_NUMBERS or not all(numbers):
            continue
        line = rows.line_N[0]
        how = f"--no-header --skip-lines {line} --columns {as_flag(*names)}"
        raise UserError(
            f"line {line} looks like a row of units: column {names[place]!r} has {first!r} there and numbers below it",
            fix=f"delete the line, correct the cell, or leave the header out too: {how}",
        )


@dataclass(frozen=True)
class _Parse:
    """pandas' reader, with nothing left for it to guess."""

    rows: Rows
    decimal: str
    fields: int
    gaps: Sequence[str]

    def columns(
        self, places: Sequence[int], as_text: Sequence[int]
    ) -> tuple[dict[int, pd.Series], dict[int, pd.Series]]:
        """The columns among `places` that are numbers throughout, and those `as_text` as they stand in the file; whole
        numbers too large for float64 are none."""
        pieces: dict[int, list[Any]] = {place: [] for place in places}
        cells: dict[int, list[pd.Series]] = {place: [] for place in as_text}
        gaps, text = {str(place): list(self.gaps) for place in places}, {str(place): str for place in as_text}
        for chunk in self._chunks(
            [*places, *as_text], keep_default_na=False, na_values=gaps, dtype=text, low_memory=False
        ):
            for place in list(pieces):
                values = chunk[str(place)]
                if _is_number(values):
                    pieces[place].append(values.to_numpy())
                else:
                    del pieces[place]  # some text in it
            for place, column in cells.items():
                column.append(chunk[str(place)])
        numbers = {place: pd.Series(np.concatenate(pieces.pop(place))) for place in list(pieces)}
        return numbers, {place: pd.concat(column, ignore_index=True) for place, column in cells.items()}

    def looks(self, places: Sequence[int], mark: str, nrows: int | None = None) -> dict[int, Look]:
        """What stands in columns of numbers, as it is written; a piece of the file at a time, or its first rows."""
        found = {place: Look(mark=mark) for place in places}
        for chunk in self._chunks(places, dtype=str, na_filter=False, nrows=nrows):
            for place, look in found.items():
                look.add(chunk[str(place)], self.gaps)
        return found

    def texts(self, places: Sequence[int]) -> dict[int, pd.Series]:
        """The columns as texts, exactly as they stand in the file."""
        chunks = list(self._chunks(places, dtype=str, na_filter=False))
        return {place: pd.concat([chunk[str(place)] for chunk in chunks], ignore_index=True) for place in places}

    def _chunks(self, places: Sequence[int], **options: Any) -> Iterator[pd.DataFrame]:
        if not places:
            return
        self.rows.stream.seek(self.rows.begin)
        names = [str(place) for place in range(self.fields)]
        count = 0
        try:
            with pd.read_csv(
                self.rows.stream,
                sep=self.rows.sep,
                decimal=self.decimal,
                header=None,
                names=names,
                usecols=[names[place] for place in places],
                index_col=False,  # never the first field as an index, whatever the rows' lengths
                chunksize=CHUNK_ROWS,
                encoding="utf-8",
                **options,
            ) as chunks:
                for chunk in chunks:
                    count += len(chunk)
                    yield chunk
        except pd.errors.ParserError as problem:
            raise UserError(f"not a text table ({problem})", fix="correct the file") from None
        if options.get("nrows") is None and count != len(self.rows.line_N):  # no line of a row could be told
            what = f"not a text table ({len(self.rows.line_N)} rows were counted, {count} read)"
            raise UserError(what, fix="write the file again")


def _is_number(values: pd.Series) -> bool:
    """Whether pandas found numbers only, none so large that a whole number would lose digits (the texts will tell)."""
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return False
    numbers = values.to_numpy()
    if len(numbers) and numbers.min() > -EXACT and numbers.max() < EXACT:
        return True
    large = (numbers >= EXACT) | (numbers <= -EXACT)
    return not bool(np.any(large & np.isfinite(numbers)))
