"""Label noise is symmetric, exact in number, and stays where it was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.data.label_noise import label_noise
from lossbench.errors import UserError


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.sampled_from([0.0, 0.1, 0.2, 0.4]), st.integers(0, 1000))
def test_the_asked_share_of_the_given_rows_is_wrong_and_no_other(classes: int, rate: float, seed: int) -> None:
    target = np.random.default_rng(seed).integers(0, classes, 300)
    rows = np.arange(0, 300, 2)
    noisy, realised = label_noise(target, classes, rate, seed, rows)
    changed = np.flatnonzero(noisy != target)
    assert set(changed) <= set(rows)
    assert realised == len(changed) / len(rows) == pytest.approx(rate, abs=0.5 / len(rows))
    assert noisy.min() >= 0
    assert noisy.max() < classes
    assert noisy.dtype == target.dtype


def test_all_other_classes_are_equally_likely() -> None:
    target = np.zeros(30_000, dtype=np.int64)
    noisy, _ = label_noise(target, 4, 0.9, 0, np.arange(len(target)))
    shares = np.bincount(noisy, minlength=4) / len(noisy)
    assert shares == pytest.approx([0.1, 0.3, 0.3, 0.3], abs=0.012)  # 4.5 standard errors of 27,000 draws


def test_a_seed_is_a_noise() -> None:
    target = np.zeros(100, dtype=np.int64)
    runs = [label_noise(target, 3, 0.3, seed, np.arange(100))[0] for seed in (0, 0, 1)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_impossible_noise_is_one_line() -> None:
    with pytest.raises(UserError, match=r"label_noise: a label noise of 1.5 is not in \[0, 1\)"):
        label_noise(np.zeros(3), 2, 1.5, 0, np.arange(3))
    with pytest.raises(UserError, match="label noise needs classes, the task is a regression"):
        label_noise(np.zeros(3), 0, 0.2, 0, np.arange(3))


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)), st.integers(0, 1000))
def test_names_of_classes_change_no_noise(names: list[int], seed: int) -> None:
    """Renaming the classes before the noise is renaming them after it; also where a class has no row."""
    target = np.random.default_rng(seed).choice([0, 1, 3], 60)
    renamed = np.array(names)
    noisy, _ = label_noise(target, 4, 0.4, seed, np.arange(60))
    other, _ = label_noise(renamed[target], 4, 0.4, seed, np.arange(60))
    assert np.array_equal(renamed[noisy], other)
