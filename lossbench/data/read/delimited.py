"""CSV and TSV files: every row's fields are counted before pandas reads them.

Two looks at the file: the first counts fields and lines (`scan_rows`), the second reads, in pieces, columns that are
numbers throughout as numbers, and the others as the very texts that stand there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from lossbench.data.infer.kinds import gap_words, gaps_note
from lossbench.data.read.ambiguous import Look, doubtful
from lossbench.data.read.parsed import ParsedColumns, Request, clean_names, drop_row_numbers
from lossbench.data.read.sniff import Dialect, find_dialect
from lossbench.data.read.text_encoding import as_utf8, skip_mark
from lossbench.data.read.unpack import BLOCK, Unpacked
from lossbench.data.table import Information
from lossbench.deferred import np, pd
from lossbench.errors import UserError, counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK_ROWS = 1 << 17
EXACT = 2**53  # whole numbers beyond it are not exact in float64


def read_delimited(unpacked: Unpacked, request: Request) -> ParsedColumns:
    """The chosen columns of a delimited text; `UserError` with the line of the first row of a wrong length."""
    with as_utf8(unpacked.stream, request.source.encoding) as stream:
        return _read(stream, unpacked.name, request)


def _read(stream: IO[bytes], name: str, request: Request) -> ParsedColumns:
    source = request.source
    dialect = find_dialect(stream, name, source.sep, source.decimal)
    header, lines = _header(stream, dialect.sep)
    names, notes = clean_names(header)
    marked = [Information("a byte order mark before the header taken away")] if skip_mark(stream) else []
    notes = [*marked, *dialect.notes, *notes]
    kept = [name for name in request.choose([name for name in names if name]) if name]
    rows = scan_rows(stream, dialect.sep, len(names), lines)
    if not len(rows.line_N):
        raise UserError("no data row below the header")
    if rows.short and not source.allow_short_rows:
        line, fields = rows.short[0]
        raise UserError(
            f"line {line} has {fields} field{'s' if fields != 1 else ''}, the header has {len(names)}",
            fix="correct the row, or fill short rows with gaps by --allow-short-rows",
        )
    if rows.short:
        notes.append(f"{counted(len(rows.short), 'short row')} filled with gaps (the first is line {rows.short[0][0]})")
    if rows.trailing:
        end = "ends" if rows.trailing == 1 else "end"
        notes.append(f"{counted(rows.trailing, 'row')} {end} with an extra separator: taken for nothing")

    nameless = [place for place, name in enumerate(names) if not name]
    places = sorted([names.index(name) for name in kept] + nameless)
    asked_texts = {place for place in places if request.kinds.get(names[place]) in ("text", "date", "boolean")}
    parse = _Parse(stream, dialect, len(names), (*gap_words(source.keep_na_words), *source.na))
    found = parse.numbers([place for place in places if place not in asked_texts])
    for place, look in parse.looks(doubtful(stream, found, parse.gaps)).items():
        if look.is_code and request.kinds.get(names[place]) != "number":
            del found[place]  # read as text below, and said by who understands it
        elif look.words and names[place]:
            notes.append(Information(gaps_note(names[place], look.words)))
    found |= parse.texts([place for place in places if place not in found])
    notes += [drop_row_numbers(place, found[place]) for place in nameless]
    columns = {names[place]: found[place].rename(names[place]) for place in places if names[place]}
    return ParsedColumns(
        columns=columns,
        kinds={name: "number" if pd.api.types.is_numeric_dtype(column) else None for name, column in columns.items()},
        place=lambda row: f"line {rows.line_N[row]}",
        notes=notes,
        decimal=dialect.decimal,
    )


def _header(stream: IO[bytes], sep: str) -> tuple[list[str], int]:
    """The names of the first line that is not blank, and how many lines stand before the data."""
    skip_mark(stream)
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    try:
        reader = csv.reader(text, delimiter=sep, strict=True)
        for row in reader:
            if any(field.strip() for field in row):
                return row, reader.line_num
    except csv.Error as problem:
        raise UserError(f"not a text table: the header cannot be read ({problem})", fix="close its quotes") from None
    finally:
        text.detach()
    raise UserError("the file is empty")


@dataclass
class ScannedRows:
    """What `scan_rows` counted: the line of each row, short rows as (line, fields), rows with an extra separator."""

    line_N: NDArray[Any]
    short: list[tuple[int, int]]
    trailing: int


def scan_rows(stream: IO[bytes], sep: str, fields: int, lines: int) -> ScannedRows:
    """Count the fields of every row after the first `lines` lines; a longer row than the header's is a `UserError`.

    Plain lines are counted in numpy, a megabyte at once; from the first quote on, the csv module counts.
    """
    skip_mark(stream)
    head = b"".join(stream.readline() for _ in range(lines))
    start = lines + 1
    if _has_lone_return(head):  # an old Mac's line ends: nothing is skipped, the header is excluded below
        skip_mark(stream)
        start = 1
    numbers: list[NDArray[Any]] = []
    short: list[tuple[int, int]] = []
    trailing = 0
    for line_N, count_N, open_N in _counted(stream, sep, start):
        extra_N = (count_N == fields + 1) & open_N
        for row in np.flatnonzero((count_N > fields) & ~extra_N & (line_N > lines))[:1]:
            raise UserError(
                f"line {line_N[row]} has {count_N[row]} fields, the header has {fields}",
                fix="correct the row (quote a field that holds the separator), or name another --sep",
            )
        short += [(int(line_N[row]), int(count_N[row])) for row in np.flatnonzero(count_N < fields)]
        trailing += int(np.count_nonzero(extra_N))
        numbers.append(line_N[line_N > lines])
    return ScannedRows(np.concatenate(numbers) if numbers else np.empty(0, dtype=np.int64), short, trailing)


def _counted(stream: IO[bytes], sep: str, line: int) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Per piece: line number, number of fields, and whether the last field is empty, of each row that is not blank."""
    rest = b""
    while True:
        begin = stream.tell() - len(rest)
        block = stream.read(BLOCK)
        piece = rest + block
        end = piece.rfind(b"\n") + 1 if block else len(piece)
        piece, rest = piece[:end], piece[end:]
        if b'"' in piece or _has_lone_return(piece):
            stream.seek(begin)
            yield from _counted_by_csv(stream, sep, line)
            return
        if piece:
            yield _count_plain(piece if piece.endswith(b"\n") else piece + b"\n", sep.encode(), line)
            line += piece.count(b"\n")
        if not block:
            return


def _has_lone_return(piece: bytes) -> bool:
    return piece.count(b"\r") != piece.count(b"\r\n")


def _count_plain(piece: bytes, sep: bytes, line: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    bytes_B = np.frombuffer(piece, dtype=np.uint8)
    ends = np.flatnonzero(bytes_B == ord("\n"))
    seps = np.flatnonzero(bytes_B == sep[0]) if len(sep) == 1 else _find_all(piece, sep)
    passed_N = np.searchsorted(seps, ends)  # separators up to the end of each line
    count_N = np.diff(passed_N, prepend=0)
    ink = np.diff(np.searchsorted(np.flatnonzero(bytes_B > ord(" ")), ends), prepend=0)
    before = ends - 1 - (bytes_B[ends - 1] == ord("\r"))  # the last byte of the line; of an empty one, some other
    full = (count_N > 0) | (ink > 0)
    last_N = np.append(seps, -len(sep))[passed_N - 1]  # where there is none yet: the place before the text
    open_N = (count_N > 0) & (last_N + len(sep) - 1 == before)
    return (np.arange(line, line + len(ends)))[full], count_N[full] + 1, open_N[full]


def _find_all(piece: bytes, sep: bytes) -> NDArray[Any]:
    places, place = [], piece.find(sep)
    while place >= 0:
        places.append(place)
        place = piece.find(sep, place + len(sep))
    return np.array(places, dtype=np.int64)


def _counted_by_csv(stream: IO[bytes], sep: str, line: int) -> Iterator[tuple[Any, Any, Any]]:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    start, found = 0, []
    reader = csv.reader(text, delimiter=sep, strict=True)
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                found.append((line + start, len(row), not row[-1]))
            start = reader.line_num
    except csv.Error as problem:
        what = "a quote is opened and never closed" if "end of data" in str(problem) else str(problem)
        raise UserError(f"not a text table: line {line + start}: {what}", fix="correct the quotes") from None
    finally:
        text.detach()
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    yield table[:, 0], table[:, 1], table[:, 2].astype(bool)


@dataclass(frozen=True)
class _Parse:
    """pandas' reader, with nothing left for it to guess."""

    stream: IO[bytes]
    dialect: Dialect
    fields: int
    gaps: Sequence[str]

    def numbers(self, places: Sequence[int]) -> dict[int, pd.Series]:
        """The columns among these that are numbers throughout; whole numbers too large for float64 are not."""
        pieces: dict[int, list[Any]] = {place: [] for place in places}
        for chunk in self._chunks(places, keep_default_na=False, na_values=list(self.gaps), low_memory=False):
            for place in list(pieces):
                values = chunk[str(place)]
                if _is_number(values):
                    pieces[place].append(values.to_numpy())
                else:
                    del pieces[place]  # some text in it
        return {place: pd.Series(np.concatenate(pieces.pop(place))) for place in list(pieces)}

    def looks(self, places: Sequence[int]) -> dict[int, Look]:
        """What stands in columns of numbers, as it is written; a piece of the file at a time."""
        found = {place: Look() for place in places}
        for chunk in self._chunks(places, dtype=str, na_filter=False):
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
        skip_mark(self.stream)
        names = [str(place) for place in range(self.fields)]
        try:
            with pd.read_csv(
                self.stream,
                sep=self.dialect.sep,
                decimal=self.dialect.decimal,
                header=0,
                names=names,
                usecols=[names[place] for place in places],
                index_col=False,  # never the first field as an index, whatever the rows' lengths
                chunksize=CHUNK_ROWS,
                encoding="utf-8",
                **options,
            ) as chunks:
                yield from chunks
        except pd.errors.ParserError as problem:
            raise UserError(f"not a text table ({problem})", fix="correct the file") from None


def _is_number(values: pd.Series) -> bool:
    """Whether pandas found numbers only, none so large that a whole number would lose digits (the texts will tell)."""
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return False
    numbers = values.to_numpy()
    large = (numbers >= EXACT) | (numbers <= -EXACT)
    return not bool(np.any(large & np.isfinite(numbers)))
