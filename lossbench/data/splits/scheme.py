"""How a table is split: in time where it has times, else in whole groups where it has groups, else stratified by class.

The one place that decides it; every command asks here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Literal

from lossbench.data.splits.inner import inner_folds
from lossbench.data.splits.rows import InnerFold, OuterFold, Split
from lossbench.data.splits.stratified import TooFewRows, check_trained, holdout, repeated_kfold
from lossbench.data.splits.time import WHERE, expanding_windows, inner_windows, time_holdout
from lossbench.data.table import READ_BY_AUTO, Table
from lossbench.errors import UserError

_STRATIFIED = {"holdout": "stratified holdout", "folds": "stratified k-fold"}
_PLAIN = {"holdout": "holdout", "folds": "k-fold"}
_GROUPED = {"holdout": "grouped holdout", "folds": "grouped k-fold"}
_TIME = {"holdout": "holdout in time", "folds": "expanding windows in time"}


def scheme(table: Table, kind: Literal["holdout", "folds"]) -> str:
    """The name of the scheme, as records and protocols have it."""
    if table.time is not None:
        return _TIME[kind]
    if table.groups is not None:
        return _GROUPED[kind]
    return (_PLAIN if table.task == "regression" else _STRATIFIED)[kind]


def holdout_of(table: Table, test: float, validation: float, seed: int) -> Split:
    """One split of the table by shares of all rows; in time the seed changes nothing."""
    if table.time is None:
        with _numbers_may_be_amounts(table):
            return holdout(table.strata, table.task, test, validation, seed, table.groups, table.classes)
    split = time_holdout(table.time, test, validation)
    check_trained(table.strata, table.task, split.train, table.classes, WHERE)
    return split


def folds_of(table: Table, folds: int, repeats: int, seed: int) -> list[OuterFold]:
    """Repeats of k folds, repeat-major; windows in time have one order, and are not repeated."""
    if table.time is None:
        with _numbers_may_be_amounts(table):
            return repeated_kfold(table.strata, table.task, folds, repeats, seed, table.groups, table.classes)
    windows = expanding_windows(table.time, folds)
    for window in windows:
        check_trained(table.strata, table.task, window.train, table.classes, WHERE, f" in window {window.fold}")
    return windows


def inner_folds_of(table: Table, outer: Sequence[OuterFold], partners: int) -> list[InnerFold]:
    """The inner folds that trials are chosen on: pairs of folds, or in time windows inside each training part."""
    if table.time is not None:
        return inner_windows(table, outer, partners)
    pairs = inner_folds(outer, partners)
    for pair in pairs:
        check_trained(table.strata, table.task, pair.train, table.classes, "groups", " in an inner fold")
    return pairs


@contextlib.contextmanager
def _numbers_may_be_amounts(table: Table) -> Iterator[None]:
    """Where a class is too small and the classes are whole numbers, say that they can be read as amounts, too."""
    try:
        yield
    except TooFewRows as problem:
        if len(table.classes) > 2 and table.target_note.endswith("numbers"):
            raise UserError(problem.what, where=problem.where, fix=f"{READ_BY_AUTO}; else {problem.fix}") from None
        raise
