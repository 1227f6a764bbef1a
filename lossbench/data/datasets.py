"""The named data sets: what each one is, known without loading anything, and how to load it.

One decorated function makes a data set: it builds the table, its docstring is the description, and what is declared
beside it (task, rows, columns, classes) is checked against the table by the tests. Packages add their own through the
entry point group `lossbench.datasets`: a function that returns a `Table`, under the name of the entry point.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from lossbench.data.table import Table, Task
from lossbench.errors import UserError, unknown

GROUP = "lossbench.datasets"
OPENML = "openml:"


@dataclass(frozen=True)
class Dataset:
    """A named table. `columns` counts the features before encoding; `origin` says where the numbers come from."""

    name: str
    task: Task
    rows: int
    columns: int
    classes: int  # 0 for a regression
    origin: str
    description: str
    build: Callable[[], Table]


_DATASETS: dict[str, Dataset] = {}


def dataset(
    name: str, *, task: Task, rows: int, columns: int, classes: int = 0, origin: str
) -> Callable[[Callable[[], Table]], Callable[[], Table]]:
    """Declare the table that the function below builds; the first line of its docstring describes it."""

    def enter(build: Callable[[], Table]) -> Callable[[], Table]:
        description = (inspect.getdoc(build) or "").partition("\n")[0].rstrip(".")
        _DATASETS[name] = Dataset(name, task, rows, columns, classes, origin, description, build)
        return build

    return enter


def datasets() -> list[Dataset]:
    """All built-in data sets, in the order of their declaration; nothing is loaded."""
    if not _DATASETS:
        from lossbench.data import bundled_sets, classic_sets, generated_sets  # noqa: F401 (they declare)
    return list(_DATASETS.values())


def names() -> list[str]:
    """Every name that `load_named` knows: built-in, then entry points."""
    return [entry.name for entry in datasets()] + [point.name for point in _points()]


def is_known(name: str) -> bool:
    """Whether a config may name it: a data set's name, or `openml:ID`, which only a look at the network can refute."""
    return name.startswith(OPENML) or is_named(name)


def unknown_set(name: str, *, where: str = "") -> UserError:
    """What to say of a name that no data set has; one that a file or a folder has is told how to be read."""
    if Path(name).is_dir():
        return UserError(f"{name!r} is a directory, not a table", where=where, fix="name one file in it")
    if Path(name).exists():
        return UserError(f"{name!r} is no data set", where=where, fix=f"for the file of that name, write ./{name}")
    return unknown("data set", name, names(), where=where)


def is_named(name: str) -> bool:
    """Whether the text is a data set's name; dashes, underscores and case are alike."""
    return any(_plain(known) == _plain(name) for known in names())


def load_named(name: str) -> Table:
    """The table of that name; a `UserError` with the nearest name where there is none."""
    for entry in datasets():
        if _plain(entry.name) == _plain(name):
            return entry.build()
    for point in _points():
        if _plain(point.name) == _plain(name):
            return _load_point(point)
    raise unknown_set(name)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _points() -> Iterator[EntryPoint]:
    return iter(entry_points(group=GROUP))


def _load_point(point: EntryPoint) -> Table:
    table: object = point.load()()
    if not isinstance(table, Table):
        raise UserError(
            f"data set {point.name!r} gave a {type(table).__name__}",
            where=f"entry point {point.value}",
            fix="return a lossbench.data.table.Table",
        )
    return table
