"""Suites in a config's `data`: each is replaced by its tables before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from lossbench.config.data import DataConfig
from lossbench.config.suite import read_suite
from lossbench.data.datasets.catalogue import check_present
from lossbench.data.datasets.names import OPENML_SUITE, SUITE, is_suite
from lossbench.data.datasets.openml import suite_ids
from lossbench.data.datasets.suites import suite_of
from lossbench.data.table import Table
from lossbench.errors import UserError

FILES = (".yaml", ".yml")


def expand(data: Sequence[DataConfig], given: Sequence[Table | None] = ()) -> list[tuple[DataConfig, Table | None]]:
    """The tables that a config names, and those given for them, with every suite replaced by its own.

    Options of a suite hold for each of its tables that says nothing else; a table that comes again is taken once.
    Raises one `UserError` for all data sets that have to be installed or fetched first.
    """
    found: list[tuple[DataConfig, Table | None]] = []
    for entry, table in zip_longest(data, given):
        for member in _members_of(entry):
            if table is not None or (member, None) not in found:
                found.append((member, table))
    check_present(entry.name for entry, _ in found if entry.name is not None)
    return found


def members(name: str) -> list[DataConfig]:
    """The tables of `suite:NAME`, `suite:FILE.yaml` or `openml-suite:ID`."""
    if name.startswith(OPENML_SUITE):
        return [DataConfig(name=one) for one in suite_ids(name)]
    own = name.removeprefix(SUITE)
    if not own.endswith(FILES):
        return [DataConfig(name=entry.name) for entry in suite_of(name, where="data").members]
    listed = read_suite(Path(own))
    for entry in listed:
        if entry.name is not None and is_suite(entry.name) and entry.name.endswith(FILES):
            raise UserError(f"{entry.name} is a suite in a suite", where=own, fix="write its tables into one file")
    return [inner for entry in listed for inner in _members_of(entry)]


def _members_of(entry: DataConfig) -> list[DataConfig]:
    if entry.name is None or not is_suite(entry.name):
        return [entry]
    return [_with_options(member, entry) for member in members(entry.name)]


def _with_options(member: DataConfig, suite: DataConfig) -> DataConfig:
    options = suite.model_fields_set - member.model_fields_set - {"name", "file"}
    return member.model_copy(update={option: getattr(suite, option) for option in options})
