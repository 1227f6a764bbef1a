"""Which rows train, which validate, which test: stratified for classes, grouped where groups are given, seeded.

Every draw comes from a generator of its own, made from the seed and the purpose of the draw, so a split does not
depend on what was drawn before it. Classes and groups are taken in the order in which they first occur, so a split does
not depend on their names either. Row numbers are int64, ascending.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.data.splits.rows import OuterFold, RowNumbers, Split
from lossbench.data.table import Task
from lossbench.errors import UserError
from lossbench.random_streams import generator


def in_order_of_occurrence(values: NDArray[np.generic]) -> RowNumbers:
    """Each row's class or group as a number [N], counted in the order in which they first occur: names do not matter.

    A gap is a group of its own.
    """
    codes, _ = pd.factorize(values, use_na_sentinel=False)
    return np.asarray(codes, dtype=np.int64)


def holdout(
    target: NDArray[np.generic],
    task: Task,
    test: float,
    validation: float,
    seed: int,
    groups: NDArray[np.generic] | None = None,
    classes: Sequence[str] = (),
) -> Split:
    """One split by shares of all rows (rounded up, as scikit-learn does), each class within a row of its share.

    Successive seeds test other rows until all have had their turn: with a test share of 0.2 the seeds 0 to 4 test every
    row once, so a mean over five or ten seeds does not hang on which rows were drawn. Then the rows are shuffled anew.

    Every class is in every part; groups are never torn. Raises `UserError` for shares that leave nothing to train
    on and for a class with fewer rows than parts.
    """
    n = len(target)
    for name, share in {"test": test, "validation": validation}.items():
        if not 0 <= share < 1:
            raise UserError(f"a {name} share of {share} is not in [0, 1)", where="split")
    if n - math.ceil(n * test) - math.ceil(n * validation) < 1:
        raise UserError(
            f"{n} row{'s' if n != 1 else ''} cannot be split into test {test:g}, validation {validation:g} and a rest",
            fix="add rows or choose smaller shares",
        )
    strata, classes = _strata(target, task, classes)
    groups = None if groups is None else in_order_of_occurrence(groups)
    parts = 1 + (test > 0) + (validation > 0)
    if task != "regression":
        _check_counts(strata, parts, f"the split into {parts} parts", classes)
    everything = np.arange(n)
    shuffle, turn = divmod(seed, int(1 / test + 1e-9) if test else 1)
    draw = generator(shuffle, "holdout", "test")
    test_rows = _take(everything, strata, groups, math.ceil(n * test), parts - 1, draw, turn)
    is_left = np.ones(n, dtype=bool)
    is_left[test_rows] = False
    rest = np.flatnonzero(is_left)
    draw = generator(seed, "holdout", "validation")
    validation_rows = _take(rest, strata, groups, math.ceil(n * validation), 1, draw)
    is_left[validation_rows] = False
    train = np.flatnonzero(is_left)
    _check_trained(strata, train, classes, "groups")
    return Split(train, validation_rows, test_rows)


def repeated_kfold(
    target: NDArray[np.generic],
    task: Task,
    folds: int,
    repeats: int,
    seed: int,
    groups: NDArray[np.generic] | None = None,
    classes: Sequence[str] = (),
) -> list[OuterFold]:
    """Repeats of k-fold cross-validation, repeat-major; in each repeat every row is tested once.

    Each class is spread over the folds within a row (groups: as evenly as they allow). Raises `UserError` for too few
    rows, class rows or groups.
    """
    if folds < 2:
        raise UserError(f"{folds} fold leaves no rows to train on", where="folds", fix="choose at least 2")
    n = len(target)
    strata, classes = _strata(target, task, classes)
    groups = None if groups is None else in_order_of_occurrence(groups)
    if n < folds:
        raise UserError(f"{n} rows are fewer than {folds} folds", where="folds", fix="choose fewer folds")
    if task != "regression":
        _check_counts(strata, folds, f"a split into {folds} folds", classes)
    if groups is not None and len(np.unique(groups)) < folds:
        raise UserError(
            f"{len(np.unique(groups))} groups are fewer than {folds} folds", where="groups", fix="choose fewer folds"
        )
    result = []
    for repeat in range(repeats):
        draw = generator(seed, "folds", repeat)
        fold_of = _folds(strata, folds, draw) if groups is None else _grouped_folds(strata, groups, folds, draw)
        for fold in range(folds):
            train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            _check_trained(strata, train, classes, "groups", f" in fold {fold} of repeat {repeat}")
            result.append(OuterFold(repeat, fold, train, test))
    return result


def _strata(target: NDArray[np.generic], task: Task, classes: Sequence[str]) -> tuple[RowNumbers, list[str]]:
    """Class of each row in the order of occurrence, with the classes' names; one stratum for all of a regression."""
    if task == "regression":
        return np.zeros(len(target), dtype=np.int64), []
    index = np.asarray(target, dtype=np.int64)
    named = [classes[i] if i < len(classes) else str(i) for i in pd.unique(index).tolist()]
    return in_order_of_occurrence(index), named


class TooFewRows(UserError):
    """A class has fewer rows than a split needs."""


def _check_counts(strata: RowNumbers, least: int, what: str, classes: Sequence[str]) -> None:
    counts = np.bincount(strata)
    few = [i for i, count in enumerate(counts) if count < least]
    if few:
        i = min(few, key=lambda k: int(counts[k]))
        raise TooFewRows(
            f"class {classes[i]!r} has {counts[i]} row{'s' if counts[i] != 1 else ''}; {what} needs at least {least}",
            fix=f"add rows, split less, or leave such classes out with --min-class-rows {least}",
        )


def check_trained(
    target: NDArray[np.generic], task: Task, train: RowNumbers, classes: Sequence[str], where: str, part: str = ""
) -> None:
    """Raise `UserError` where a class has no row in the training part; `where` is the key of what keeps it out."""
    strata, named = _strata(target, task, classes)
    _check_trained(strata, train, named, where, part)


def _check_trained(strata: RowNumbers, train: RowNumbers, classes: Sequence[str], where: str, part: str = "") -> None:
    """A stratified split has every class; groups may hold all rows of a class together, and so may a time."""
    untrained = np.setdiff1d(strata, strata[train])
    if len(untrained):
        why = "its rows are in too few groups" if where == "groups" else "all of its rows are later"
        what = f"class {classes[int(untrained[0])]!r} would not be trained on{part}: {why}"
        raise UserError(what, where=where, fix="split less, or leave the class out")


def _take(
    rows: RowNumbers,
    strata: RowNumbers,
    groups: NDArray[np.generic] | None,
    size: int,
    leave: int,
    draw: np.random.Generator,
    turn: int = 0,
) -> RowNumbers:
    """`size` of the rows, each stratum by its share; at least one of each, and at least `leave` left of each.

    A stratum's rows stand shuffled in a ring, of which each `turn` takes the stretch behind the one before.
    """
    if size == 0:
        return np.empty(0, dtype=np.int64)
    if groups is not None:
        return _take_groups(rows, groups[rows], size, draw, turn)
    present, index = np.unique(strata[rows], return_inverse=True)
    counts = np.bincount(index)
    quota = _apportion(counts, size, least=1 if len(present) > 1 else 0, leave=leave if len(present) > 1 else 0)
    rings = [draw.permutation(rows[index == stratum]) for stratum in range(len(present))]
    taken = [np.roll(ring, -turn * count)[:count] for ring, count in zip(rings, quota, strict=True)]
    return np.sort(np.concatenate(taken))


def _apportion(counts: RowNumbers, size: int, *, least: int, leave: int) -> RowNumbers:
    """`size` seats by largest remainder, each kept within [least, count - leave]."""
    exact = counts * (size / counts.sum())
    seats = np.floor(exact).astype(np.int64)
    for i in np.argsort(seats - exact, kind="stable")[: size - int(seats.sum())]:
        seats[i] += 1
    bounded: RowNumbers = np.clip(seats, np.minimum(least, counts), np.maximum(counts - leave, 0))
    while excess := int(bounded.sum()) - size:  # bounds moved a few seats: whoever has most room gives or takes one
        room = bounded - least if excess > 0 else counts - leave - bounded
        if room.max() <= 0:
            break
        bounded[int(np.argmax(room))] -= int(np.sign(excess))
    return bounded


def _take_groups(
    rows: RowNumbers, groups: NDArray[np.generic], size: int, draw: np.random.Generator, turn: int
) -> RowNumbers:
    """Whole groups from a shuffled ring until `size` rows are reached; at least one group is left."""
    labels, index = np.unique(groups, return_inverse=True)
    if len(labels) < 2:
        fix = "rows of a group stay together: a split needs at least 2 groups"
        raise UserError("one group cannot be split", where="groups", fix=fix)
    counts = np.bincount(index)
    order = draw.permutation(len(labels))
    order = np.roll(order, -np.searchsorted(np.cumsum(counts[order]), turn * size, side="right"))
    before = np.cumsum(counts[order]) - counts[order]
    chosen = order[: min(max(int(np.sum(before + counts[order] / 2 <= size)), 1), len(labels) - 1)]
    return np.sort(rows[np.isin(index, chosen)])


def _folds(strata: RowNumbers, folds: int, draw: np.random.Generator) -> RowNumbers:
    """Fold of each row: rows assigned class after class, so that classes and folds differ by at most one row."""
    shuffled = draw.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    fold_of = np.empty(len(strata), dtype=np.int64)
    fold_of[order] = draw.permutation(folds)[np.arange(len(strata)) % folds]
    return fold_of


def _grouped_folds(
    strata: RowNumbers, groups: NDArray[np.generic], folds: int, draw: np.random.Generator
) -> RowNumbers:
    """Fold of each row: groups, large ones first, each to the fold where the classes stay most even."""
    labels, index = np.unique(groups, return_inverse=True)
    counts_GC = np.zeros((len(labels), int(strata.max()) + 1))
    np.add.at(counts_GC, (index, strata), 1)
    share_GC = counts_GC / np.maximum(counts_GC.sum(axis=0), 1)
    shuffled = draw.permutation(len(labels))
    order = shuffled[np.argsort(-counts_GC.sum(axis=1)[shuffled], kind="stable")]
    filled_FC = np.zeros((folds, counts_GC.shape[1]))
    fold_of_group = np.empty(len(labels), dtype=np.int64)
    rows_F = np.zeros(folds)
    for place, group in enumerate(order):
        crowding_F = filled_FC @ share_GC[group] + 1e-6 * rows_F / len(strata)  # the fuller fold loses a tie
        if len(labels) - place <= np.sum(rows_F == 0):
            crowding_F[rows_F > 0] = np.inf  # the last groups go where there is none yet
        fold = int(np.argmin(crowding_F))
        fold_of_group[group] = fold
        filled_FC[fold] += share_GC[group]
        rows_F[fold] += counts_GC[group].sum()
    return fold_of_group[index]
