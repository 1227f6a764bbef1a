"""What every reader returns: the columns as in the file, the place of each row, and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossbench.data.infer.spelling import USUAL, Marks
from lossbench.data.table import ColumnKind, Information
from lossbench.deferred import np, pd
from lossbench.errors import UserError

if TYPE_CHECKING:
    from lossbench.data.source import DataSource

Choose = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class Request:
    """What is read: the options, the columns to keep (a function of all names), and kinds known beforehand.

    They are those of training (`trained`), or the user's.
    """

    source: DataSource
    choose: Choose
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)
    trained: bool = False


@dataclass
class ParsedColumns:
    """Columns by name. A kind of None marks texts that may be anything; "text" is what a typed file calls text.

    `orders` has the categories of those columns that are declared to be in an order, lowest first.
    """

    columns: dict[str, pd.Series]
    kinds: dict[str, ColumnKind | None]
    place: Callable[[int], str]  # row -> "line 7"
    notes: list[str] = field(default_factory=list)
    marks: Marks = USUAL
    orders: dict[str, tuple[str, ...]] = field(default_factory=dict)


def clean_names(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Column names on one line without blanks around them, and notes; a `UserError` for a name that occurs twice."""
    stripped = [" ".join(name.split()) for name in names]
    changed = [new for old, new in zip(names, stripped, strict=True) if old != new]
    notes = [f"spaces in column names removed: {', '.join(map(repr, changed[:5]))}"] if changed else []
    for name, count in Counter(stripped).items():
        if count > 1 and name:
            raise UserError(f"column {name!r} appears {count} times", fix="give each column its own name")
    return stripped, notes


def index_note(names: str) -> str:
    """What is said where the index of a DataFrame, or one saved with it, is excluded."""
    return f"the index{f' ({names})' if names else ''} is no feature: excluded (reset_index() makes it a column)"


def nameless_notes(columns: Mapping[int, pd.Series]) -> list[str]:
    """What is said of nameless columns, by their places: empty ones and row numbers are left out.

    A `UserError` for one that is neither.
    """
    empty = [place for place, column in columns.items() if _is_empty(column)]
    notes: list[str] = []
    if empty:
        s, have = ("", "has") if len(empty) == 1 else ("s", "have")
        listed = ", ".join(str(place + 1) for place in empty)
        notes.append(Information(f"column{s} {listed} {have} no name and no value: excluded"))
    for place, column in columns.items():
        if place in empty:
            continue
        if pd.api.types.is_integer_dtype(column):
            first = int(column.iloc[0])
            if first in (0, 1) and np.array_equal(column, np.arange(first, first + len(column))):
                notes.append(f"column {place + 1} has no name and counts the rows, like a saved index: excluded")
                continue
        raise UserError(f"column {place + 1} has no name", fix="name it in the header, or delete it")
    return notes


def _is_empty(column: pd.Series) -> bool:
    return bool(column.isna().all() or (not pd.api.types.is_numeric_dtype(column) and not column.str.strip().any()))
