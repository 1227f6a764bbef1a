"""A share of the training rows: stratified, growing, never without a class."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from lossbench.data.subset import growing_subset
from lossbench.errors import UserError
from lossbench.random_streams import generator
from tests.experiments.compare.comparisons import blobs

SHARES = [0.05, 0.1, 0.13, 0.3, 0.5, 0.77, 1.0]


def subset(table, rows, share, seed=0):
    return growing_subset(table, rows, share, generator(seed, "train share", "train"))


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("seed", range(5))
def test_a_smaller_share_is_part_of_a_larger_one_and_the_whole_is_the_whole(task, seed):
    table = blobs(200, task=task)
    rows = np.arange(0, 200, 2)
    found = [subset(table, rows, share, seed) for share in SHARES]
    assert [len(some) for some in found] == [5, 10, 13, 30, 50, 77, 100]  # halves go up
    for few, more in itertools.pairwise(found):
        assert set(few) < set(more)
    assert found[-1].tolist() == rows.tolist()
    assert all((np.diff(some) > 0).all() for some in found)


@pytest.mark.parametrize("share", SHARES)
def test_each_class_has_its_share_within_a_row_and_a_half(share):
    """Of n rows a class at places (k + 1/2) / n has round(share * n) in any beginning, up to where others tie; one row
    of each class stands first."""
    table = blobs(400)
    rows = np.arange(400)
    some = subset(table, rows, share)
    for label in (0, 1):
        of_class = int((table.target == label).sum())
        assert abs((table.target[some] == label).sum() - share * of_class) <= 1.5


def test_names_of_classes_take_no_other_rows():
    table, rows = blobs(200), np.arange(200)
    renamed = replace(table, target=1 - table.target)
    assert subset(table, rows, 0.3).tolist() == subset(renamed, rows, 0.3).tolist()


def test_other_seeds_take_other_rows():
    table, rows = blobs(200), np.arange(200)
    assert subset(table, rows, 0.3, 0).tolist() != subset(table, rows, 0.3, 1).tolist()


def test_a_rare_class_is_in_the_smallest_share():
    table = blobs(100)
    target = np.zeros(100, dtype=np.int64)
    target[[3, 50]] = 1
    some = subset(replace(table, target=target), np.arange(100), 0.03)
    assert sorted(set(target[some])) == [0, 1]


def test_a_share_without_room_for_every_class_is_refused():
    with pytest.raises(UserError, match=r"train_share: 0.01 of the 60 training rows of blobs is 1 row.*at least 0.04"):
        subset(blobs(60), np.arange(60), 0.01)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(UserError, match="train_share"):
        subset(blobs(60), np.arange(60), share)
