"""Splits: every class everywhere, every row tested once, groups whole, and the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold, train_test_split

from lossbench.data.splits.inner import inner_folds
from lossbench.data.splits.rows import digest
from lossbench.data.splits.stratified import holdout, repeated_kfold
from lossbench.errors import UserError
from lossbench.random_streams import generator
from tests.data.splits.choosing import choosing_rows

counts = st.lists(st.integers(5, 60), min_size=2, max_size=6)


def labels(class_counts: list[int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(class_counts)), class_counts))


@settings(max_examples=40, deadline=None)
@given(counts, st.sampled_from([0.0, 0.1, 0.2, 0.3]), st.sampled_from([0.0, 0.1, 0.25]), st.integers(0, 2**32))
def test_a_holdout_parts_all_rows_and_every_class(
    class_counts: list[int], test: float, validation: float, seed: int
) -> None:
    target = labels(class_counts)
    split = holdout(target, "multiclass", test, validation, seed)
    parts = [split.train, split.validation, split.test]
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(target)))
    assert all(np.array_equal(part, np.sort(part)) and part.dtype == np.int64 for part in parts)
    for part, share in [(split.validation, validation), (split.test, test)]:
        if share:
            found = np.bincount(target[part], minlength=len(class_counts))
            assert found.min() >= 1
            # largest remainder: within a row of the share; another where a tiny class was lifted to one row
            assert np.abs(found - np.array(class_counts) * share).max() < 2 + len(class_counts)
        else:
            assert len(part) == 0
    assert len(np.unique(target[split.train])) == len(class_counts)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(20, 80), min_size=2, max_size=5), st.sampled_from([0.1, 0.2, 0.3]))
def test_class_shares_of_a_holdout_are_scikit_learns(class_counts: list[int], test: float) -> None:
    target = labels(class_counts)
    split = holdout(target, "multiclass", test, 0.0, 0)
    _, oracle = train_test_split(np.arange(len(target)), test_size=test, stratify=target, random_state=0)
    assert len(split.test) == len(oracle)
    gap = np.bincount(target[split.test]) - np.bincount(target[oracle])
    assert np.abs(gap).max() <= 1  # ties of remainders fall either way


def test_titanic_gives_the_notebooks_sizes() -> None:
    target = labels([424, 290])
    split = holdout(target, "binary", 0.2, 0.2, 0)
    assert (len(split.train), len(split.validation), len(split.test)) == (428, 143, 143)


def test_a_tiny_class_is_in_every_part() -> None:
    target = labels([97, 3])
    split = holdout(target, "binary", 0.1, 0.1, 0)
    assert [int((target[part] == 1).sum()) for part in (split.train, split.validation, split.test)] == [1, 1, 1]
    assert (len(split.validation), len(split.test)) == (10, 10)


@settings(max_examples=30, deadline=None)
@given(counts, st.integers(2, 5), st.integers(1, 3), st.integers(0, 2**32))
def test_folds_test_every_row_once_and_spread_every_class(
    class_counts: list[int], folds: int, repeats: int, seed: int
) -> None:
    target = labels(class_counts)
    outer = repeated_kfold(target, "multiclass", folds, repeats, seed)
    assert [(f.repeat, f.fold) for f in outer] == [(r, k) for r in range(repeats) for k in range(folds)]
    for repeat in range(repeats):
        mine = [fold for fold in outer if fold.repeat == repeat]
        assert np.array_equal(np.sort(np.concatenate([fold.test for fold in mine])), np.arange(len(target)))
        sizes = [len(fold.test) for fold in mine]
        assert max(sizes) - min(sizes) <= 1
        spread = np.array([np.bincount(target[fold.test], minlength=len(class_counts)) for fold in mine])
        assert (spread.max(axis=0) - spread.min(axis=0)).max() <= 1
    for fold in outer:
        assert np.array_equal(np.sort(np.concatenate([fold.train, fold.test])), np.arange(len(target)))


@pytest.mark.parametrize(
    ("folds", "partners", "expected"),
    [(3, 4, 2), (4, 4, 3), (5, 4, 4), (6, 4, 4), (10, 4, 4), (10, 2, 2), (5, 3, 4), (10, 99, 9)],
)
def test_every_fold_is_paired_with_as_many_others_and_a_pair_trains_on_the_rest(
    folds: int, partners: int, expected: int
) -> None:
    target = labels([40, 30])
    outer = repeated_kfold(target, "binary", folds, 2, 0)
    inner = inner_folds(outer, partners)
    for j, fold in enumerate(outer):
        mine = [pair for pair in inner if j in {pair.first, pair.second}]
        assert len(mine) == expected
        assert len({pair.first + pair.second for pair in mine}) == expected  # each another one
        assert {pair.repeat for pair in mine} == {fold.repeat}
    for pair in inner:
        rows = [pair.train, outer[pair.first].test, outer[pair.second].test]
        assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(70))
        both = np.concatenate(pair.validation)
        assert np.array_equal(both[choosing_rows(pair, pair.first)], outer[pair.second].test)
        assert np.array_equal(both[choosing_rows(pair, pair.second)], outer[pair.first].test)


def test_two_folds_leave_nothing_to_train_on() -> None:
    with pytest.raises(UserError, match=r"folds: 2 folds leave nothing to train on .*; choose at least 3"):
        inner_folds(repeated_kfold(labels([9, 9]), "binary", 2, 1, 0), 4)


def test_folds_spread_classes_as_scikit_learn_does() -> None:
    target = labels([549, 342])
    oracle = StratifiedKFold(10, shuffle=True, random_state=0).split(target, target)
    theirs = sorted(tuple(np.bincount(target[test])) for _, test in oracle)
    mine = sorted(tuple(np.bincount(target[fold.test])) for fold in repeated_kfold(target, "binary", 10, 1, 0))
    assert np.abs(np.array(mine) - np.array(theirs)).max() <= 1


def test_regression_folds_are_even() -> None:
    outer = repeated_kfold(np.linspace(0, 1, 103), "regression", 10, 2, 0)
    assert sorted({len(fold.test) for fold in outer}) == [10, 11]


@settings(max_examples=30, deadline=None)
@given(st.integers(6, 30), st.integers(2, 5), st.integers(0, 100))
def test_groups_are_never_torn(groups: int, folds: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), random.integers(3, 9, groups))
    target = random.integers(0, 3, len(group))
    target[:30] = np.arange(30) % 3 if len(group) >= 30 else target[:30]
    for fold in repeated_kfold(target, "regression", folds, 1, seed, groups=group):
        for one, other in [(fold.train, fold.test)]:
            assert len(one)
            assert len(other)
            assert not set(group[one]) & set(group[other])
    split = holdout(target.astype(float), "regression", 0.25, 0.25, seed, groups=group)
    parts = [set(group[part]) for part in (split.train, split.validation, split.test)]
    assert sum(map(len, parts)) == groups == len(set.union(*parts))
    assert len(split.test) == pytest.approx(len(group) / 4, abs=9)  # within one group


def test_groups_of_one_class_each_still_fill_every_fold() -> None:
    group = np.repeat(np.arange(6), 10)
    outer = repeated_kfold(group % 3, "multiclass", 3, 1, 0, groups=group)
    assert [len(fold.test) for fold in outer] == [20, 20, 20]


def test_a_seed_is_a_split_and_another_seed_another() -> None:
    target = labels([60, 40])

    def marks(seed: int) -> tuple[str, ...]:
        folds = repeated_kfold(target, "binary", 5, 2, seed)
        return (digest(holdout(target, "binary", 0.2, 0.2, seed)), *(digest(fold) for fold in folds))

    assert marks(0) == marks(0)
    assert len(set(marks(0)) | set(marks(1))) == 22  # no two alike


@settings(max_examples=30, deadline=None)
@given(counts, st.sampled_from([0.1, 0.2, 0.25, 0.3]), st.integers(0, 3))
def test_successive_seeds_test_other_rows_until_all_had_their_turn(
    class_counts: list[int], test: float, shuffle: int
) -> None:
    target = labels(class_counts)
    turns = int(1 / test + 1e-9)
    seeds = range(shuffle * turns, (shuffle + 1) * turns)
    tested = np.bincount(np.concatenate([holdout(target, "multiclass", test, 0.1, seed).test for seed in seeds]))
    # A part is as large for every seed, rounded up by up to a row a class and turn: so many rows come twice, no more.
    assert (tested > 1).sum() <= turns * len(class_counts)
    assert (tested[: len(target)] == 0).sum() + len(target) - len(tested) <= turns * len(class_counts) + len(target) * (
        1 - turns * test
    )


def test_five_seeds_test_every_row_of_a_table_that_five_divides() -> None:
    target, group = labels([60, 40]), np.repeat(np.arange(20), 5)
    for kind in ({}, {"groups": group}):
        rounds = [
            np.concatenate([holdout(target, "binary", 0.2, 0.2, seed, **kind).test for seed in range(start, start + 5)])
            for start in (0, 5)
        ]
        assert all(np.array_equal(np.sort(rows), np.arange(100)) for rows in rounds)
        assert not np.array_equal(*rounds)


def test_more_repeats_leave_the_first_as_they_were() -> None:
    target = labels([60, 40])
    few, many = (repeated_kfold(target, "binary", 5, repeats, 0) for repeats in (1, 3))
    assert [digest(fold) for fold in few] == [digest(fold) for fold in many[:5]]


def test_a_known_split_stays_what_it_is() -> None:
    """The digest of one split, written down: another numpy or platform must give the same."""
    split = holdout(np.repeat([0, 1], [6, 4]), "binary", 0.2, 0.2, 0)
    assert [part.tolist() for part in (split.train, split.validation, split.test)] == [
        [0, 2, 3, 4, 8, 9],
        [5, 7],
        [1, 6],
    ]


def test_purposes_have_streams_of_their_own() -> None:
    draws = {generator(0, *purpose).random() for purpose in [("a",), ("b",), ("a", 1), ("a", "1"), ()]}
    assert len(draws) == 5


@pytest.mark.parametrize(
    ("test", "validation", "line"),
    [
        (1.0, 0.0, "split: a test share of 1.0 is not in [0, 1)"),
        (0.2, -0.1, "split: a validation share of -0.1 is not in [0, 1)"),
        (0.5, 0.5, "10 rows cannot be split into test 0.5, validation 0.5 and a rest"),
    ],
)
def test_impossible_shares_are_one_line(test: float, validation: float, line: str) -> None:
    with pytest.raises(UserError) as caught:
        holdout(np.repeat([0, 1], 5), "binary", test, validation, 0)
    assert str(caught.value).startswith(line)


def test_too_few_groups_are_one_line() -> None:
    with pytest.raises(UserError, match="groups: 2 groups are fewer than 3 folds"):
        repeated_kfold(np.zeros(9), "regression", 3, 1, 0, groups=np.repeat([0, 1], [4, 5]))
    with pytest.raises(UserError, match="groups: one group cannot be split"):
        holdout(np.zeros(9), "regression", 0.2, 0.2, 0, groups=np.zeros(9))
    with pytest.raises(UserError, match="folds: 1 fold leaves no rows"):
        repeated_kfold(np.zeros(9), "regression", 1, 1, 0)


def test_a_class_that_groups_keep_out_of_training_is_one_line() -> None:
    target, group = np.repeat([0, 1, 1], 10), np.repeat([0, 1, 2], 10)
    with pytest.raises(UserError, match=r"groups: class 'rare' would not be trained on in fold \d of repeat 0"):
        repeated_kfold(target, "binary", 3, 1, 0, groups=group, classes=("rare", "common"))


@settings(max_examples=40, deadline=None)
@given(counts, st.integers(0, 2**32), st.data())
def test_names_of_classes_and_groups_change_no_split(class_counts: list[int], seed: int, data: st.DataObject) -> None:
    target = labels(class_counts, seed)
    classes = len(class_counts)
    renamed = np.array(data.draw(st.permutations(range(classes))))[target]
    group = np.random.default_rng(seed).integers(0, 12, len(target))
    other = np.array(data.draw(st.permutations([f"g{i}" for i in range(12)])))[group]

    def marks(target: np.ndarray, groups: np.ndarray | None) -> list[str]:
        folds = repeated_kfold(target, "multiclass", 3, 1, seed, groups=groups)
        return [digest(holdout(target, "multiclass", 0.2, 0.2, seed, groups)), *map(digest, folds)]

    assert marks(renamed, None) == marks(target, None)
    try:
        expected = marks(target, group)
    except UserError:  # a class whose rows are in too few groups
        with pytest.raises(UserError):
            marks(renamed, other)
    else:
        assert marks(renamed, other) == expected


def test_a_class_is_named_by_its_own_name_in_an_error() -> None:
    with pytest.raises(UserError, match="class 'a' has 2 rows"):
        holdout(np.array([1, 1, 1, 1, 0, 0]), "binary", 0.2, 0.2, 0, classes=("a", "b"))
