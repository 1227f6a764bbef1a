"""Statistics on one table, checked against baycomp, statsmodels and scipy."""

import math

import baycomp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lossbench.report.compare.analysis.statistics import corrected_t, correlated_t, generator, holm, share_won


def differences(seed: int, splits: int = 25, mean: float = 0.01) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.02, splits)


@pytest.mark.parametrize("seed", range(5))
def test_without_shared_rows_it_is_the_paired_t_test(seed):
    value = differences(seed)
    oracle = stats.ttest_1samp(value, 0)
    got = corrected_t(value, test_over_train=0)
    interval = oracle.confidence_interval(0.95)
    assert (got.p, got.low, got.high) == pytest.approx((oracle.pvalue, interval.low, interval.high), rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rope", [0.0, 0.01])
def test_the_bayesian_correlated_t_is_baycomps(seed, rope):
    gain = differences(seed)  # 5 x 5: baycomp derives n_test/n_train = 1/4 from the number of runs
    oracle = baycomp.two_on_single(gain, np.zeros_like(gain), rope=rope, runs=5)
    got = correlated_t(gain, 1 / 4, rope)
    expected = oracle if rope else (oracle[0], 0.0, oracle[1])  # "left": the first is better
    assert (got.better, got.equal, got.worse) == pytest.approx(expected, abs=1e-9)


def test_the_correction_widens_the_interval_by_what_nadeau_and_bengio_say():
    value = differences(0)
    ratio = corrected_t(value, 0.25).half_width / corrected_t(value, 0).half_width
    assert ratio == pytest.approx(math.sqrt((1 / 25 + 1 / 4) / (1 / 25)))


def test_a_true_null_over_dependent_splits_is_rarely_rejected():
    """Splits share a common error of correlation n_test/n; plain t-tests reject far more often than corrected ones."""
    rng = np.random.default_rng(3)
    shared, own = rng.normal(size=(1000, 1)), rng.normal(size=(1000, 50))
    tables = math.sqrt(0.1) * shared + math.sqrt(0.9) * own
    plain = np.mean([corrected_t(row, 0).p < 0.05 for row in tables])
    corrected = np.mean([corrected_t(row, 1 / 9).p < 0.05 for row in tables])
    # 0.05 is exact in this model; 1,000 draws have a standard error of 0.007.
    assert plain > 0.3
    assert corrected == pytest.approx(0.05, abs=0.021)


@pytest.mark.parametrize(
    ("value", "p", "posterior"), [(0.0, 1.0, (0, 1, 0)), (0.3, 0.0, (0, 0, 1)), (-0.3, 0.0, (1, 0, 0))]
)
def test_differences_without_spread_are_certain(value, p, posterior):
    estimate = corrected_t([value] * 10, 0.25)
    assert (estimate.low, estimate.mean, estimate.high, estimate.p) == (*[pytest.approx(value)] * 3, p)
    got = correlated_t([value] * 10, 0.25, 0.01)
    assert (got.worse, got.equal, got.better) == posterior


def test_one_split_allows_no_interval_and_no_test():
    estimate, posterior = corrected_t([0.2], 0.25), correlated_t([0.2], 0.25, 0.01)
    assert estimate.mean == 0.2
    assert all(map(math.isnan, (estimate.low, estimate.high, estimate.p, posterior.better, posterior.equal)))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_statsmodels_holm(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)


def test_holm_does_not_count_what_was_not_tested():
    got = holm([0.01, math.nan, 0.02])
    assert math.isnan(got[1])
    assert [got[0], got[2]] == pytest.approx([0.02, 0.02])


def test_ties_are_half_a_win():
    assert share_won([0.1, 0.0, -0.1, 0.2]) == 0.625


def test_each_purpose_draws_from_its_own_stream():
    assert generator(0, "a").random() == generator(0, "a").random()
    assert generator(0, "a").random() != generator(0, "b").random()
