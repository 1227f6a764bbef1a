"""The journal of a comparison: every finished unit of work as soon as it is there, in one SQLite file.

SQLite is transactional (a process that is killed between any two instructions leaves a file that can be read, with all
that was committed), needs no server, and lets others read while one process writes. `synchronous=NORMAL` in WAL mode:
a killed process loses nothing that was committed, a power cut the last commits at most, never the file; a sync for each
unit would cost more than a short unit's training.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from lossbench.errors import UserError
from lossbench.record.part import RecordPart
from lossbench.record.results import LossResult, ReferenceRecord
from lossbench.record.unit import PackedUnit, RepetitionRecord, UnitRecord, unpack

JOURNAL = "journal.sqlite"
VERSION = 1
_TABLES = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE evaluations(
    place INTEGER PRIMARY KEY, kind TEXT NOT NULL, setting TEXT NOT NULL, units TEXT NOT NULL, header TEXT NOT NULL
);
CREATE TABLE units(
    unit TEXT PRIMARY KEY, status TEXT NOT NULL, seconds REAL NOT NULL, ended TEXT NOT NULL, body BLOB NOT NULL,
    predicted BLOB NOT NULL
);
CREATE TABLE repetitions(setting TEXT, repeat INTEGER, body TEXT NOT NULL, PRIMARY KEY(setting, repeat)) WITHOUT ROWID;
CREATE TABLE matrices(units TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""
Part = TypeVar("Part", bound=RecordPart)


@dataclass(frozen=True)
class Asked:
    """An evaluation that a run asks for: the units that make it, one a repetition, and its record without results."""

    kind: Literal["loss", "reference"]
    setting: str  # key of the setting, for what all its losses share
    units: tuple[str, ...]  # keys
    header: LossResult | ReferenceRecord


@dataclass(frozen=True)
class FinishedUnit:
    """A unit's result on its way into the journal."""

    unit: str
    packed: PackedUnit
    seconds: float


class Journal:
    """One run's journal. One process writes it, from one thread; others may read it at the same time."""

    def __init__(self, connection: sqlite3.Connection, where: str, *, read_only: bool = False) -> None:
        self._connection, self._where, self._read_only = connection, where, read_only

    @classmethod
    def open(cls, folder: Path, *, read_only: bool = False) -> Journal:
        """The journal in a run's folder, made where there is none and it may be written.

        Raises `UserError` for one that is damaged, of a newer version, or cannot be written.
        """
        path = folder / JOURNAL
        journal = cls(sqlite3.connect(":memory:"), str(path), read_only=read_only)
        with journal._problems():
            if read_only:
                uri = f"{path.resolve().as_uri()}?mode=ro"
                journal._connection = sqlite3.connect(uri, uri=True, timeout=30)
            else:
                journal._connection = sqlite3.connect(path, timeout=30)
                journal._connection.execute("PRAGMA journal_mode=WAL")
                journal._connection.execute("PRAGMA synchronous=NORMAL")
            journal._prepare()
        return journal

    @classmethod
    def in_memory(cls) -> Journal:
        """A journal that ends with its process."""
        journal = cls(sqlite3.connect(":memory:"), "memory")
        journal._prepare()
        return journal

    def _prepare(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            what = f"written by a newer lossbench (journal version {version}, this one reads up to {VERSION})"
            raise UserError(what, where=self._where, fix="install a newer lossbench, or give another --name")
        if version == 0:
            if self._read_only:  # its process was killed before it made the tables: nothing is in it
                self._connection.close()
                self._connection = sqlite3.connect(":memory:")
            with self._connection:
                self._connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")

    @contextlib.contextmanager
    def _problems(self) -> Iterator[None]:
        """What SQLite says of a file, as one line."""
        try:
            yield
        except sqlite3.OperationalError as problem:
            fix = "free some space and run the same command again; finished results are kept"
            raise UserError(f"cannot be written or read ({problem})", where=self._where, fix=fix) from None
        except (sqlite3.DatabaseError, zlib.error, ValidationError, json.JSONDecodeError) as problem:
            what = str(problem).splitlines()[0]
            fix = "--force trains everything again, another --name keeps this run"
            raise UserError(f"the journal is damaged ({what})", where=self._where, fix=fix) from None

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Put everything into the one file that stays, which others can read without a file of their own beside it."""
        if not self._read_only:
            with contextlib.suppress(sqlite3.OperationalError):  # somebody reads it at this moment
                self._connection.execute("PRAGMA journal_mode=DELETE")
        self._connection.close()

    def describe(self, **values: Any) -> None:
        """Keep values of JSON under their names."""
        with self._problems(), self._connection:
            rows = [(name, json.dumps(value)) for name, value in values.items()]
            self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def described(self, name: str, default: Any = None) -> Any:
        """What was kept under a name."""
        with self._problems():
            row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
            return default if row is None else json.loads(row[0])

    def ask(self, evaluations: Iterable[Asked], **values: Any) -> None:
        """Replace what the run asks for; results stay, also those that are not asked for any more."""
        with self._problems(), self._connection:
            self._connection.execute("DELETE FROM evaluations")
            rows = (
                (place, one.kind, one.setting, " ".join(one.units), one.header.model_dump_json())
                for place, one in enumerate(evaluations)
            )
            self._connection.executemany("INSERT INTO evaluations VALUES (?, ?, ?, ?, ?)", rows)
            kept = [(name, json.dumps(value)) for name, value in values.items()]
            self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", kept)

    def asked(self) -> Iterator[Asked]:
        """What the run asks for, in order."""
        with self._problems(), closing(self._connection.cursor()) as cursor:
            for kind, setting, units, header in cursor.execute(
                "SELECT kind, setting, units, header FROM evaluations ORDER BY place"
            ):
                part = LossResult if kind == "loss" else ReferenceRecord
                yield Asked(kind, setting, tuple(units.split()), part.model_validate_json(header))

    def add(
        self, finished: Sequence[FinishedUnit], repetitions: Mapping[tuple[str, int], RepetitionRecord] | None = None
    ) -> None:
        """Keep units' results, and what their settings' losses share, in one transaction."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._problems(), self._connection:
            rows = [
                (
                    one.unit,
                    one.packed.status,
                    one.seconds,
                    now,
                    one.packed.body,
                    one.packed.predicted,
                )
                for one in finished
            ]
            self._connection.executemany("INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?, ?, ?)", rows)
            shared = [(*place, one.model_dump_json()) for place, one in (repetitions or {}).items()]
            self._connection.executemany("INSERT OR IGNORE INTO repetitions VALUES (?, ?, ?)", shared)

    def statuses(self) -> dict[str, str]:
        """Every unit that has ended -> "ok" or "failed"."""
        with self._problems():
            return dict(self._connection.execute("SELECT unit, status FROM units"))

    def forget(self, units: Iterable[str]) -> None:
        """Drop units' results, so that they are trained again."""
        with self._problems(), self._connection:
            self._connection.executemany("DELETE FROM units WHERE unit = ?", [(unit,) for unit in units])

    def unit(self, unit: str) -> tuple[UnitRecord, float] | None:
        """A unit's result and its seconds; None where it has not ended."""
        with self._problems():
            row = self._connection.execute("SELECT body, seconds FROM units WHERE unit = ?", (unit,)).fetchone()
            return None if row is None else (unpack(row[0]), row[1])

    def predicted(self, unit: str) -> bytes:
        """What a unit's nets predict, as they were added."""
        with self._problems():
            row = self._connection.execute("SELECT predicted FROM units WHERE unit = ?", (unit,)).fetchone()
            return zlib.decompress(row[0])

    def repetitions(self, setting: str) -> dict[int, RepetitionRecord]:
        """What a setting's losses share, by repetition."""
        with self._problems():
            rows = self._connection.execute("SELECT repeat, body FROM repetitions WHERE setting = ?", (setting,))
            return {repeat: RepetitionRecord.model_validate_json(body) for repeat, body in rows.fetchall()}

    def keep_matrix(self, units: str, matrix: Sequence[Sequence[float | None]]) -> None:
        """Keep the cross-loss matrix of these units (the key of all of them together)."""
        with self._problems(), self._connection:
            self._connection.execute("INSERT OR REPLACE INTO matrices VALUES (?, ?)", (units, json.dumps(matrix)))

    def matrix(self, units: str) -> list[list[float | None]] | None:
        """The cross-loss matrix of these units; None where it was not made."""
        with self._problems():
            row = self._connection.execute("SELECT body FROM matrices WHERE units = ?", (units,)).fetchone()
            return None if row is None else json.loads(row[0])

    def last(self) -> str:
        """When the last unit ended; "" where none did."""
        with self._problems():
            return self._connection.execute("SELECT max(ended) FROM units").fetchone()[0] or ""

    def take(self, folder: Path) -> None:
        """Take over all results of another run's journal that are not there."""
        with self._problems():
            self._connection.execute("ATTACH DATABASE ? AS other", (str(folder / JOURNAL),))
            with self._connection:
                for table in ("units", "repetitions", "matrices"):
                    self._connection.execute(f"INSERT OR IGNORE INTO {table} SELECT * FROM other.{table}")
            self._connection.execute("DETACH DATABASE other")
