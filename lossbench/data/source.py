"""What to train on, in a config's words, and the one door from there to a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from lossbench.data.datasets import is_named, load_named, names
from lossbench.data.openml import PREFIX, fetch
from lossbench.data.table import Table
from lossbench.errors import UserError, unknown


@dataclass(frozen=True)
class DataSource:
    """A named data set or a file ("-" is standard input), and how to read it.

    The options have the names and the meaning that they have in a config's `data`. `keep` names columns that are kept
    although they look like row numbers or like copies of the target; `groups` names the column whose equal values must
    not be torn by a split: it is no feature.
    """

    name: str | None = None
    file: str | None = None
    target: str | None = None
    task: Literal["auto", "binary", "multiclass", "regression"] = "auto"
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
    groups: str | None = None
    sep: str | None = None
    decimal: str | None = None
    encoding: str = "utf-8"
    na: Sequence[str] = ()
    keep_na_words: bool = False
    allow_short_rows: bool = False
    drop_missing_target: bool = False
    min_class_rows: int | None = None
    max_bytes: int = 2 << 30
    scale: Literal["standard", "quantile", "none"] = "standard"
    dates: bool = False
    text: Literal["drop", "hash"] = "drop"

    @classmethod
    def of(cls, text: str, **options: Any) -> DataSource:
        """What a user's word means: a data set's name, `openml:ID`, "-", or a file."""
        if is_named(text) or text.startswith(PREFIX):
            return cls(name=text, **options)
        if text == "-" or Path(text).suffix or "/" in text or Path(text).exists():
            return cls(file=text, **options)
        raise unknown("data set", text, names())


def load(source: DataSource) -> Table:
    """The table that a source describes; `UserError` for whatever is wrong with it, before anything is trained."""
    if source.name is not None and source.name.startswith(PREFIX):
        cached = fetch(source.name)
        as_file = replace(source, name=None, file=str(cached.file), target=source.target or cached.target)
        return replace(load(as_file), name=source.name.replace(":", "-"), source=source.name)
    if source.file is not None:
        from lossbench.data.assemble import read_table  # named sets do without the readers

        return read_table(source)
    if source.name is None:
        raise UserError("neither a data set's name nor a file", where="data")
    return _without(load_named(source.name), source)


def _without(table: Table, source: DataSource) -> Table:
    """A named table with the options that suit it: `drop` and `groups`; the others are about files."""
    leave = [*source.drop, *([source.groups] if source.groups else [])]
    for column in leave:
        if column not in table.features.columns:
            raise unknown("column", column, map(str, table.features.columns), where=table.name)
    if not leave:
        return table
    groups = table.groups if source.groups is None else table.features[source.groups].to_numpy()
    kept = table.features.drop(columns=leave)
    if kept.shape[1] == 0:
        raise UserError("no feature is left", where=table.name, fix="drop fewer columns")
    return replace(table, features=kept, kinds={c: table.kinds[c] for c in kept.columns}, groups=groups, _hash=[])
