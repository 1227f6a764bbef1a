"""Label noise that depends on the features: how much there is, where it is, and that levels are nested."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import binomtest, chisquare, spearmanr, truncnorm

from lossbench.data.corruption.dependent_noise import boundary_distance, boundary_noise, class_scores, instance_noise

ALPHA = 1e-4  # of each test of a random share; seeds are fixed, so that it passes or fails for good


def rows_of_three_classes(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, 4)).astype(np.float32), random.integers(0, 3, rows)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([0.0, 0.1, 0.25, 0.5]), st.integers(0, 200))
def test_boundary_noise_changes_the_asked_share_of_the_given_rows(rate, seed) -> None:
    x_ND, target = rows_of_three_classes(200, seed)
    rows = np.arange(0, 200, 2)
    noisy = boundary_noise(target, 3, boundary_distance(x_ND, seed), rate, seed, rows)
    changed = np.flatnonzero(noisy != target)
    assert set(changed) <= set(rows)
    assert len(changed) == np.floor(rate * 100 + 0.5)


def test_the_nearer_to_the_boundary_the_likelier_is_noise() -> None:
    """The share of changed rows falls from one tenth of the distances to the next, up to their binomial spread."""
    x_ND, target = rows_of_three_classes(40_000)
    distance_N = boundary_distance(x_ND, 3)
    changed = boundary_noise(target, 3, distance_N, 0.2, 3, np.arange(len(target))) != target
    tenths = np.array_split(np.argsort(distance_N), 10)
    shares = [changed[tenth].mean() for tenth in tenths]
    spread = 4 * (0.25 / 4_000) ** 0.5  # at most, of a share of 4,000 rows
    assert all(a > b - spread for a, b in itertools.pairwise(shares))
    assert spearmanr(range(10), shares).statistic < -0.95
    assert shares[0] > 5 * shares[-1]


def test_the_boundary_is_the_median_of_a_linear_projection() -> None:
    x_ND, _ = rows_of_three_classes(500)
    distance_N = boundary_distance(x_ND, 0)
    assert (distance_N >= 0).all()
    shifted = boundary_distance(2 * x_ND + 1, 0)
    assert shifted == pytest.approx(distance_N, abs=1e-5)  # float32 inputs
    near = np.argsort(distance_N)[:2]  # of an even number of rows the median lies between two
    assert distance_N[near[0]] == pytest.approx(distance_N[near[1]], rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.booleans(), st.floats(0, 0.99), st.floats(0, 0.99), st.integers(0, 99))
def test_what_a_lower_level_changes_a_higher_one_changes_in_the_same_way(by_instance, one, other, seed) -> None:
    x_ND, target = rows_of_three_classes(120, seed)
    rows = np.arange(20, 120)

    def noisy(rate: float) -> np.ndarray:
        if by_instance:
            return instance_noise(target, class_scores(x_ND, target, 3, seed), rate, seed, rows)
        return boundary_noise(target, 3, boundary_distance(x_ND, seed), rate, seed, rows)

    low, high = map(noisy, sorted((one, other)))
    changed = low != target
    assert np.array_equal(low[changed], high[changed])
    assert np.array_equal(high[:20], target[:20])


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_the_mean_rate_of_instance_noise_is_that_of_the_truncated_normal(rate: float) -> None:
    """scipy's truncated normal is the oracle; the count is binomial with its mean, whatever the rows' own rates."""
    x_ND, target = rows_of_three_classes(20_000)
    noisy = instance_noise(target, class_scores(x_ND, target, 3, 1), rate, 1, np.arange(len(target)))
    mean = float(truncnorm(-rate / 0.1, (1 - rate) / 0.1, loc=rate, scale=0.1).mean())
    assert binomtest(int((noisy != target).sum()), len(target), mean).pvalue > ALPHA


def test_the_class_that_a_label_becomes_follows_from_the_features() -> None:
    """For one row repeated, the shares of the other classes are the softmax of its scores, by a chi-square test."""
    x_ND, target = rows_of_three_classes(1)
    x_ND, target = np.repeat(x_ND, 20_000, axis=0), np.repeat(target, 20_000)
    score_NC = class_scores(x_ND, target, 3, 5) / 3  # flatter, so that both classes occur
    noisy = instance_noise(target, score_NC, 0.5, 5, np.arange(len(target)))
    others = [k for k in range(3) if k != target[0]]
    count = np.bincount(noisy, minlength=3)[others]
    expected = softmax(score_NC[0])[others]
    assert chisquare(count, expected * count.sum()).pvalue > ALPHA


def test_class_scores_are_linear_in_the_features_for_each_clean_class() -> None:
    x_ND, target = rows_of_three_classes(300)
    score_NC = class_scores(x_ND, target, 3, 0)
    assert np.isneginf(score_NC[np.arange(300), target]).all()
    for k in range(3):
        own, others = target == k, [j for j in range(3) if j != k]
        _, residuals, rank, _ = np.linalg.lstsq(x_ND[own].astype(float), score_NC[own][:, others], rcond=None)
        assert rank == 4
        assert residuals == pytest.approx([0, 0], abs=1e-18)  # sums of squares at float64's rounding
