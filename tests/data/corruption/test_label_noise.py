"""Label noise that depends on the class alone: which rows change, how many, and to which class."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from lossbench.data.corruption.label_noise import matrix_noise, pair_flip_noise, symmetric_noise
from lossbench.data.corruption.noise_matrix import checked_noise_matrix
from lossbench.errors import UserError

MATRIX = np.array([[0.7, 0.3, 0.0], [0.1, 0.6, 0.3], [0.0, 0.2, 0.8]])
ALPHA = 1e-4  # of each test of a random share; seeds are fixed, so that it passes or fails for good
EXACT = {"symmetric": symmetric_noise, "pair flip": pair_flip_noise}


def three_classes(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 3, rows)


@pytest.mark.parametrize("noise", EXACT.values(), ids=EXACT)
@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.sampled_from([0.0, 0.1, 0.2, 0.4]), st.integers(0, 1000))
def test_the_asked_share_of_the_given_rows_is_wrong_and_no_other(noise, classes: int, rate: float, seed: int) -> None:
    target = np.random.default_rng(seed).integers(0, classes, 300)
    rows = np.arange(0, 300, 2)
    noisy = noise(target, classes, rate, seed, rows)
    changed = np.flatnonzero(noisy != target)
    assert set(changed) <= set(rows)
    assert len(changed) == np.floor(rate * len(rows) + 0.5)
    assert noisy.min() >= 0
    assert noisy.max() < classes
    assert noisy.dtype == target.dtype


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["symmetric", "pair flip", "matrix"]), st.floats(0, 0.99), st.floats(0, 0.99), st.integers(0, 99)
)
def test_what_a_lower_level_changes_a_higher_one_changes_in_the_same_way(kind, one, other, seed) -> None:
    """The rows of a lower level are among those of a higher one, and get the same class."""
    target, rows = three_classes(120, seed), np.arange(20, 120)
    noise = {
        **{name: partial(fn, target, 3) for name, fn in EXACT.items()},
        "matrix": partial(matrix_noise, target, MATRIX),
    }
    low, high = (noise[kind](level, seed, rows) for level in sorted((one, other)))
    changed = low != target
    assert np.array_equal(low[changed], high[changed])


def test_all_other_classes_are_equally_likely() -> None:
    target = np.zeros(30_000, dtype=np.int64)
    noisy = symmetric_noise(target, 4, 0.9, 0, np.arange(len(target)))
    shares = np.bincount(noisy, minlength=4) / len(noisy)
    assert shares == pytest.approx([0.1, 0.3, 0.3, 0.3], abs=0.012)  # 4.5 standard errors of 27,000 draws


def test_a_flipped_class_becomes_the_next_one_and_the_last_the_first() -> None:
    target = three_classes(300)
    noisy = pair_flip_noise(target, 3, 0.4, 0, np.arange(300))
    assert {(int(a), int(b)) for a, b in zip(target, noisy, strict=True) if a != b} == {(0, 1), (1, 2), (2, 0)}


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_the_confusion_of_clean_and_noisy_labels_is_the_matrix(strength: float) -> None:
    """A chi-square test for each class, at an alpha of 1e-4, against (1 - s) I + s T; cells of chance 0 are empty."""
    target = three_classes(60_000)
    noisy = matrix_noise(target, MATRIX, strength, 7, np.arange(len(target)))
    expected_CC = (1 - strength) * np.eye(3) + strength * MATRIX
    for k in range(3):
        count = np.bincount(noisy[target == k], minlength=3)
        possible = expected_CC[k] > 0
        assert not count[~possible].any()
        assert chisquare(count[possible], expected_CC[k, possible] * count.sum()).pvalue > ALPHA


def test_the_share_that_a_matrix_changes_is_binomial() -> None:
    target = np.zeros(5_000, dtype=np.int64)
    for seed in range(5):
        changed = int((matrix_noise(target, MATRIX, 1.0, seed, np.arange(2_000)) != target).sum())
        assert binomtest(changed, 2_000, 0.3).pvalue > ALPHA


def test_a_matrix_that_keeps_a_class_never_changes_it() -> None:
    target, everything = three_classes(3_000), np.arange(3_000)
    assert np.array_equal(matrix_noise(target, np.eye(3), 1.0, 0, everything), target)
    swap = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert np.array_equal(matrix_noise(target, swap, 1.0, 0, everything), np.array([1, 0, 2])[target])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=3, max_size=3))
def test_a_checked_matrix_is_the_one_that_was_given(rows) -> None:
    stochastic = [[round(number / sum(row), 9) for number in row] for row in rows]
    checked = checked_noise_matrix(stochastic, "abc", where="noise_matrix")
    assert np.sum(checked, axis=1) == pytest.approx([1, 1, 1], abs=1e-12)
    assert np.array(checked) == pytest.approx(np.array(stochastic), abs=1e-8)  # nine digits, three of them to a row


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1e-9])
def test_a_probability_is_a_number_from_0_to_1(number) -> None:
    with pytest.raises(UserError, match=r"noise_matrix: row 1 of the noise matrix has .*, which is no probability"):
        checked_noise_matrix([[1.0, number], [0.0, 1.0]], "ab", where="noise_matrix")


def test_a_seed_is_a_noise() -> None:
    target = np.zeros(100, dtype=np.int64)
    for noise in (*EXACT.values(), lambda t, _, r, s, rows: matrix_noise(t, MATRIX, r, s, rows)):
        runs = [noise(target, 3, 0.3, seed, np.arange(100)) for seed in (0, 0, 1)]
        assert np.array_equal(runs[0], runs[1])
        assert not np.array_equal(runs[0], runs[2])


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)), st.integers(0, 1000))
def test_names_of_classes_change_no_noise(names: list[int], seed: int) -> None:
    """Renaming the classes before the noise is renaming them after it; also where a class has no row."""
    target = np.random.default_rng(seed).choice([0, 1, 3], 60)
    renamed = np.array(names)
    noisy = symmetric_noise(target, 4, 0.4, seed, np.arange(60))
    other = symmetric_noise(renamed[target], 4, 0.4, seed, np.arange(60))
    assert np.array_equal(renamed[noisy], other)
