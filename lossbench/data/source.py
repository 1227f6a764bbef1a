"""The source of a table, as a config names it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from lossbench.data.datasets.catalogue import is_known, unknown_set

# how the bytes of a file are read, whatever is then done with its columns
READING = (
    "sep",
    "decimal",
    "thousands",
    "encoding",
    "header",
    "columns",
    "comment",
    "skip_lines",
    "na",
    "keep_na_words",
    "allow_short_rows",
    "max_bytes",
    "date_formats",
    "number_formats",
)


@dataclass(frozen=True)
class DataSource:
    """A named data set or a file ("-" is standard input), and how to read it.

    The options have the names and the meaning that they have in a config's `data`. `keep` names columns that are kept
    although they look like row numbers or like copies of the target; `groups` names the column whose equal values must
    not be torn by a split, `time` the one by which the test rows are the latest, and `weights` the one that says what
    each row counts: none is a feature (`time` is one where it is named in `keep`). `target` is a column, or several
    with commas between them. `order` are its classes, lowest first. `categories` and `numbers` name columns of that
    kind, whatever their values look like; `date_formats` and `number_formats` say how the dates and the numbers of a
    column are written, where known: `%d.%m.%Y`, `1.000,0`.
    """

    name: str | None = None
    file: str | None = None
    target: str | None = None
    task: Literal["auto", "binary", "multiclass", "ordinal", "regression"] = "auto"
    order: Sequence[str] = ()
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
    categories: Sequence[str] = ()
    numbers: Sequence[str] = ()
    groups: str | None = None
    time: str | None = None
    weights: str | None = None
    sep: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str = "utf-8"
    header: bool = True
    columns: Sequence[str] = ()
    comment: str | None = None
    skip_lines: int = 0
    na: Sequence[str] = ()
    keep_na_words: bool = False
    allow_short_rows: bool = False
    drop_missing_target: bool = False
    min_class_rows: int | None = None
    max_bytes: int = 2 << 30
    scale: Literal["standard", "quantile", "none"] = "standard"
    target_scale: Literal["auto", "standard", "robust"] = "auto"
    dates: bool = False
    text: Literal["drop", "hash"] = "drop"
    date_formats: Mapping[str, str] = field(default_factory=dict)
    number_formats: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, **options: Any) -> DataSource:
        """What a user's word means: a data set's name, `openml:ID`, "-", or a file."""
        if is_known(text):
            return cls(name=text, **options)
        if text == "-" or Path(text).suffix or "/" in text or Path(text).exists():
            return cls(file=text, **options)
        raise unknown_set(text)

    def targets(self, names: Sequence[str]) -> list[str]:
        """The target's columns: one of that name, or those whose names stand between its commas."""
        if self.target is None or self.target in names:
            return [] if self.target is None else [self.target]
        return [name.strip() for name in self.target.split(",")]

    @property
    def needed(self) -> set[str]:
        """Columns that the user names: as target, as groups, as time, as weights, or to keep."""
        return {
            name
            for name in (self.target, *self.targets(()), self.groups, self.time, self.weights, *self.keep)
            if name is not None
        }

    def resolved(self, names: Sequence[str]) -> DataSource:
        """The same source where lists have the names of columns whose commas were taken for separators."""
        return replace(
            self,
            drop=columns_in(self.drop, names),
            keep=columns_in(self.keep, names),
            categories=columns_in(self.categories, names),
            numbers=columns_in(self.numbers, names),
        )

    def changed(self, *names: str) -> dict[str, Any]:
        """Those of the options that are not at their defaults."""
        plain = DataSource()
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value != getattr(plain, name) and value not in ([], {})}


def columns_in(entries: Sequence[str], names: Sequence[str]) -> list[str]:
    """`size`, `mm`, `b` -> `size, mm`, `b`, where there is such a column, and none of the name of each entry.

    A list on the command line is separated by commas before the columns are known.
    """
    if all(entry in names for entry in entries):
        return list(entries)
    with_commas = {re.sub(r"\s*,\s*", ",", name): name for name in names if "," in name}
    found, left = [], list(entries)
    while left:
        joined = (",".join(left[:count]) for count in range(len(left), 1, -1))
        name = next((with_commas[one] for one in joined if one in with_commas), left[0])
        found.append(name)
        left = left[name.count(",") + 1 if name != left[0] else 1 :]
    return found
