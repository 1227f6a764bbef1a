"""result.json: written whole or not at all, read in every version that there has been."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from lossbench.errors import UserError
from lossbench.record.aside import written_aside
from lossbench.record.journal import JOURNAL
from lossbench.record.record import SCHEMA_VERSION, AnyRecord, CompareRecord, Record, RegularizeRecord, TrainRecord

MOST_DETAILED = 500  # results

if TYPE_CHECKING:
    ReadRecord = TrainRecord | CompareRecord | RegularizeRecord


def read_record(path: Path) -> ReadRecord:
    """The record in a result.json, or in the run's folder; a `UserError` where there is none.

    A file of an older version is converted; one of a newer version is refused.
    """
    file = path / "result.json" if path.is_dir() else path
    try:
        return parse_record(file.read_bytes(), where=str(file))
    except FileNotFoundError:
        raise UserError("no such run", where=str(file), fix="name a folder that has a result.json") from None
    except OSError as problem:
        raise UserError(f"cannot be read ({(problem.strerror or str(problem)).lower()})", where=str(file)) from None


def parse_record(text: str | bytes, *, where: str = "result.json") -> ReadRecord:
    """The record that a result.json holds."""
    try:
        plain = from_json(text)
    except ValueError as problem:
        raise UserError(f"is not a complete JSON file ({problem})", where=where, fix="run it again") from None
    try:
        record: ReadRecord = _adapter().validate_python(_upgraded(plain, where))
    except ValidationError as problem:
        first = problem.errors()[0]
        raise UserError(
            f"not a lossbench record ({'.'.join(map(str, first['loc']))}: {first['msg']})", where=where
        ) from None
    return record


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(AnyRecord)


def _upgraded(plain: Any, where: str) -> Any:
    """The same record in this version's shape."""
    version = plain.get("schema_version", SCHEMA_VERSION) if isinstance(plain, dict) else SCHEMA_VERSION
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UserError(
            f"written by a newer lossbench (schema_version {version}, this one reads up to {SCHEMA_VERSION})",
            where=where,
            fix="install a newer lossbench",
        )
    if version == 1:
        from lossbench.record.version1 import upgrade  # only for old files

        try:
            return upgrade(plain)
        except (KeyError, TypeError, AttributeError, ValueError) as problem:
            why = f"schema_version 1, {type(problem).__name__}: {problem}"
            raise UserError(f"not a lossbench record ({why})", where=where) from None
    return plain


def write_record(record: Record, folder: Path) -> Path:
    """Write result.json into the run's folder.

    Of a comparison with more than `MOST_DETAILED` results, trials and curves stay in the journal beside it, and lines
    are not indented.
    """
    path = folder / "result.json"
    indent: int | None = 1
    if isinstance(record, CompareRecord) and len(record.results) > MOST_DETAILED and (folder / JOURNAL).exists():
        record, indent = record.without_details(), None
    with written_aside(path) as file:
        file.write(record.to_json(indent).encode())
    return path
