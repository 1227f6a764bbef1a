"""The journal: what can be read of it whenever its process was killed."""

import sqlite3
from pathlib import Path

import pytest

from lossbench.record.journal import JOURNAL, Journal


@pytest.mark.parametrize("made", [b"", "wal"])
def test_a_journal_whose_tables_were_not_made_yet_reads_as_an_empty_one(tmp_path: Path, made: bytes | str):
    file = tmp_path / JOURNAL
    if made == "wal":  # as a process that is killed between opening it and its first transaction leaves it
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    else:
        file.write_bytes(b"")
    before = file.read_bytes()
    with Journal.open(tmp_path, read_only=True) as journal:
        assert journal.statuses() == {}
        assert list(journal.asked()) == []
        assert journal.described("config") is None
    assert file.read_bytes() == before
    with Journal.open(tmp_path) as journal:  # the process that goes on makes them
        journal.describe(config=1)
    with Journal.open(tmp_path, read_only=True) as journal:
        assert journal.described("config") == 1
