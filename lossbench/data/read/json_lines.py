"""JSON: one flat object a line, or an array of them; all with the same keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any

from lossbench.data.read.dialect import given_marks
from lossbench.data.read.parsed import ParsedColumns, Request, clean_names
from lossbench.data.read.text_encoding import as_utf8, skip_mark
from lossbench.data.read.unpack import BLOCK, Unpacked
from lossbench.data.table import ColumnKind
from lossbench.deferred import np, pd
from lossbench.errors import UserError, counted

EXACT = 2**53
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_jsonlines(unpacked: Unpacked, request: Request) -> ParsedColumns:
    """The chosen keys as columns; `UserError` with the line that is no object, nested, or has other keys."""
    with as_utf8(unpacked.stream, request.source.encoding) as text:
        skip_mark(text.stream)
        parsed = _read(text.stream, request)
        parsed.notes[:0] = text.notes
        return parsed


def _read(stream: IO[bytes], request: Request) -> ParsedColumns:
    names: list[str] = []
    kept: dict[str, str] = {}  # key in the file -> name of the column
    notes: list[str] = []
    cells: dict[str, list[Any]] = {}
    places: list[str] = []
    short = 0
    for place, entry in _entries(stream):
        if not places:
            names = list(entry)
            clean, notes = clean_names(names)
            if "" in clean:
                raise UserError(f"{place} has a key without a name", fix="name it")
            chosen = set(request.choose(clean))
            kept = {key: name for key, name in zip(names, clean, strict=True) if name in chosen}
            cells = {name: [] for name in kept}
        short += _check_keys(entry, names, place, allow_short=request.source.allow_short_rows)
        for name in kept:
            cells[name].append(_cell(entry.get(name), name, place))
        places.append(place)
    if not places:
        raise UserError("no object in it")
    if short:
        notes.append(f"{counted(short, 'object')} lack{'s' if short == 1 else ''} keys: filled with gaps")
    kinds: dict[str, ColumnKind | None] = {}
    columns: dict[str, pd.Series] = {}
    for key, name in kept.items():
        columns[name], kinds[name] = _column(name, cells.pop(key))
    return ParsedColumns(columns, kinds, lambda row: places[row], notes, given_marks(request.source))


def _entries(stream: IO[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with its place: `line 7`, or `object 7` of an array."""
    start = stream.tell()
    is_array = stream.read(BLOCK).lstrip().startswith(b"[")
    stream.seek(start)
    if is_array:
        for number, entry in enumerate(_parse(stream.read().decode(), "the file", "write an array of objects"), 1):
            yield f"object {number}", _object(entry, f"object {number}")
        return
    for line, raw in enumerate(stream, start=1):
        if raw.strip():
            entry = _parse(raw.decode(), f"line {line}", "write one object a line")
            yield f"line {line}", _object(entry, f"line {line}")


def _parse(raw: str, place: str, fix: str) -> Any:
    try:
        found = json.loads(raw, object_pairs_hook=_unique)
        if SURROGATE.search(raw) and not _encodes(found):
            raise ValueError("an escape is half of a character, a lone surrogate")
        return found
    except json.JSONDecodeError as problem:
        line = f"line {problem.lineno}" if place == "the file" else place
        raise UserError(f"{line} is not JSON ({problem.msg.lower()} at character {problem.colno})", fix=fix) from None
    except (ValueError, RecursionError) as problem:
        raise UserError(f"{place} is not JSON ({problem})", fix=fix) from None


def _encodes(found: Any) -> bool:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(entry: Any, place: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise UserError(f"{place} holds a JSON {_kind(entry)}, not an object", fix="write one object a row")
    return entry


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        raise ValueError("a key appears twice")
    return entry


def _check_keys(entry: dict[str, Any], names: list[str], place: str, *, allow_short: bool) -> bool:
    """Whether the object lacks keys and may."""
    more = [key for key in entry if key not in names]
    if more:
        what = f"{place} has the key {more[0]!r}, which the first object lacks"
        raise UserError(what, fix="give all objects the same keys")
    lacking = [name for name in names if name not in entry]
    if lacking and not allow_short:
        raise UserError(
            f"{place} lacks the key {lacking[0]!r}", fix="write null there, or fill gaps by --allow-short-rows"
        )
    return bool(lacking)


def _cell(value: Any, name: str, place: str) -> Any:
    if isinstance(value, dict | list):
        raise UserError(f"{place}: column {name!r} holds {_kind(value)}s", fix="flatten it")
    return value


def _kind(value: Any) -> str:
    names = {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def _column(name: str, values: list[Any]) -> tuple[pd.Series, ColumnKind | None]:
    types = {type(value) for value in values} - {type(None)}
    if types <= {bool}:
        numbers = [np.nan if value is None else float(value) for value in values]
        return pd.Series(numbers, name=name, dtype=np.float64), "boolean" if types else "number"
    if types <= {int, float} and not any(isinstance(value, int) and abs(value) > EXACT for value in values):
        numbers = [np.nan if value is None else float(value) for value in values]
        return pd.Series(numbers, name=name, dtype=np.float64), "number"
    return pd.Series([_text(value) for value in values], name=name, dtype=object), "text" if types == {str} else None


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
