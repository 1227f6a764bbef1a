"""The rarest class is thinned out to a ratio, and to less at a higher one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.data.corruption.imbalance import imbalanced_subset, rarest_and_most_frequent

TARGET = np.repeat([0, 1, 2], [60, 100, 40])


@settings(max_examples=60, deadline=None)
@given(st.floats(1, 200), st.floats(1, 200), st.integers(0, 99))
def test_rows_of_a_higher_ratio_are_among_those_of_a_lower_one(one, other, seed) -> None:
    rows = np.arange(200)
    low, high = (imbalanced_subset(TARGET, 2, 1, ratio, seed, rows) for ratio in sorted((one, other)))
    assert set(high) <= set(low)
    assert (np.diff(low) > 0).all()
    assert np.bincount(TARGET[high])[:2].tolist() == [60, 100]


@pytest.mark.parametrize(("ratio", "left"), [(1, 40), (2, 40), (2.5, 40), (4, 25), (10, 10), (40, 3), (150, 1)])
def test_a_class_has_as_many_rows_as_the_ratio_leaves_it(ratio, left) -> None:
    counts = np.bincount(TARGET[imbalanced_subset(TARGET, 2, 1, ratio, 0, np.arange(200))])
    assert counts.tolist() == [60, 100, left]


def test_only_the_given_rows_are_counted_and_left() -> None:
    rows = np.arange(0, 200, 2)
    assert np.bincount(TARGET[imbalanced_subset(TARGET, 2, 1, 10, 0, rows)]).tolist() == [30, 50, 5]


@pytest.mark.parametrize(
    ("target", "found"), [([0, 0, 1], (1, 0)), ([0, 1, 1], (0, 1)), ([0, 1, 2], (2, 0)), ([0, 0, 1, 2, 2], (1, 0))]
)
def test_of_equally_frequent_classes_the_last_is_rare_and_the_first_frequent(target, found) -> None:
    assert rarest_and_most_frequent(np.array(target), max(target) + 1) == found
