"""Suites: named groups of data sets of one kind of target, so that one comparison can take all of them.

A suite is declared by what its tables are, so that a new table joins the suites that it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossbench.data.datasets.catalogue import datasets
from lossbench.data.datasets.names import SUITE
from lossbench.data.datasets.registry import Dataset
from lossbench.errors import unknown

LEAST, SMALL, LARGE = 100, 2000, 10_000  # rows; a table below the least is a smoke test
MANY_CLASSES = 10
RARE, UNEVEN = 0.05, 0.10  # shares of the rows


@dataclass(frozen=True)
class Suite:
    """The tables that `holds`, in the order of their declaration; those that must be fetched where `fetches`."""

    name: str
    description: str
    holds: Callable[[Dataset], bool]
    fetches: bool = False

    @property
    def members(self) -> list[Dataset]:
        """Its tables, installed or not."""
        return [entry for entry in datasets() if entry in self]

    def __contains__(self, entry: Dataset) -> bool:
        return (self.fetches or not entry.is_fetched) and self.holds(entry)


def _classes(entry: Dataset) -> bool:
    return entry.is_real and entry.rows >= LEAST and entry.task != "regression"


def _values(entry: Dataset) -> bool:
    return entry.is_real and entry.rows >= LEAST and entry.task == "regression"


def _rare(entry: Dataset, share: float) -> bool:
    return entry.rarest < share * entry.rows


SUITES = (
    Suite("real", "real tables with classes", _classes),
    Suite("small", f"real tables with classes, at most {SMALL:,} rows", lambda d: _classes(d) and d.rows <= SMALL),
    Suite("binary", "real tables with two classes", lambda d: _classes(d) and d.classes == 2),
    Suite("multiclass", "real tables with three classes or more", lambda d: _classes(d) and d.classes > 2),
    Suite("ordinal", "real tables with classes in an order", lambda d: _classes(d) and d.task == "ordinal"),
    Suite(
        "imbalanced",
        f"real tables with classes, one of them below {RARE:.0%} of the rows",
        lambda d: _classes(d) and _rare(d, RARE),
    ),
    Suite(
        "imbalanced-binary",
        f"real tables with two classes, one of them below {UNEVEN:.0%}; some are fetched",
        lambda d: _classes(d) and d.classes == 2 and _rare(d, UNEVEN),
        fetches=True,
    ),
    Suite(
        "many-classes",
        f"real tables with {MANY_CLASSES} classes or more; some are fetched",
        lambda d: _classes(d) and d.classes >= MANY_CLASSES,
        fetches=True,
    ),
    Suite(
        "large",
        f"real tables with classes, at least {LARGE:,} rows; some are fetched",
        lambda d: _classes(d) and d.rows >= LARGE,
        fetches=True,
    ),
    Suite("regression", "real tables with values", _values),
    Suite(
        "small-regression",
        f"real tables with values, at most {SMALL:,} rows",
        lambda d: _values(d) and d.rows <= SMALL,
    ),
    Suite("counts", "real tables with counts as values", lambda d: _values(d) and "count" in d.traits),
    Suite("skewed", "real tables with values that have a long tail", lambda d: _values(d) and "skewed" in d.traits),
    Suite(
        "large-regression",
        f"real tables with values, at least {LARGE:,} rows; some are fetched",
        lambda d: _values(d) and d.rows >= LARGE,
        fetches=True,
    ),
    Suite("fetched", "real tables that have to be fetched, of several tasks", lambda d: d.is_fetched, fetches=True),
    Suite("generated", "generated tables with classes", lambda d: not d.is_real and d.task != "regression"),
)


def suite_of(name: str, *, where: str = "") -> Suite:
    """The suite of `suite:NAME`; a `UserError` with the nearest name where there is none."""
    plain = name.removeprefix(SUITE).lower().replace("_", "-")
    for suite in SUITES:
        if suite.name == plain:
            return suite
    listing = "lossbench datasets --suites"
    raise unknown("suite", name.removeprefix(SUITE), [suite.name for suite in SUITES], where=where, listing=listing)


def suites_with(entry: Dataset) -> list[str]:
    """The names of the suites that a data set is in."""
    return [suite.name for suite in SUITES if entry in suite]
