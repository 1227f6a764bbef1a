"""Statistics over data sets, checked against scipy, scikit-posthocs, autorank and baycomp."""

import math

import baycomp
import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from autorank import autorank
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lossbench.report.compare.analysis.statistics import ranks as rs
from tests.calibration.signed_rank import signed_rank_posterior

# Demsar 2006, table 6: AUC of C4.5 and three variants on 14 data sets.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975], [0.957, 0.978, 0.946, 0.970],
    ]
)  # fmt: skip


def test_average_ranks_are_those_printed_by_demsar():
    assert rs.ranks(DEMSAR).mean(axis=0) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)


def test_friedman_is_scipys_and_iman_davenport_follows_from_it():
    got = rs.friedman(DEMSAR)
    oracle = stats.friedmanchisquare(*DEMSAR.T)
    assert (got.chi2, got.chi2_p) == pytest.approx((oracle.statistic, oracle.pvalue))
    # Demsar prints 9.28, which is the formula without the correction for ties; the correction raises it.
    plain = 12 * 14 / (4 * 5) * ((rs.ranks(DEMSAR).mean(axis=0) ** 2).sum() - 4 * 5**2 / 4)
    assert plain == pytest.approx(9.28, abs=0.01)
    assert got.chi2 > plain
    assert got.f == pytest.approx(13 * oracle.statistic / (14 * 3 - oracle.statistic))
    assert got.p == pytest.approx(stats.f.sf(got.f, 3, 39))


def test_data_sets_that_all_rank_alike_are_as_sure_as_can_be():
    got = rs.friedman(np.array([[3.0, 2, 1]] * 5))
    assert got.f == math.inf
    assert got.p == 0


@pytest.mark.parametrize("gain", [np.ones((5, 2)), np.ones((1, 4)), np.ones((6, 3))])
def test_there_is_no_omnibus_test_of_two_losses_one_data_set_or_all_ties(gain):
    assert rs.friedman(gain) is None


def test_the_critical_difference_is_autoranks_and_demsars():
    assert rs.nemenyi_distance(4, 14) == pytest.approx(1.25, abs=0.005)  # printed by Demsar
    frame = pd.DataFrame(DEMSAR + np.random.default_rng(0).normal(0, 1e-4, DEMSAR.shape))
    oracle = autorank(frame, alpha=0.05, verbose=False, order="descending", force_mode="nonparametric")
    assert rs.nemenyi_distance(4, 14) == pytest.approx(oracle.cd, rel=1e-4)  # its table has 5 digits
    assert np.sort(rs.ranks(frame.to_numpy()).mean(axis=0)) == pytest.approx(np.sort(oracle.rankdf["meanrank"]))


def test_rank_gaps_beyond_the_critical_difference_are_those_of_scikit_posthocs():
    gain = np.random.default_rng(1).normal(size=(12, 5)) + np.array([0, 0.5, 1.0, 2.0, 3.0])
    p = scikit_posthocs.posthoc_nemenyi_friedman(gain).to_numpy()
    mean_rank = rs.ranks(gain).mean(axis=0)
    gap = np.abs(mean_rank[:, None] - mean_rank[None, :])
    assert ((gap > rs.nemenyi_distance(5, 12)) == (p < 0.05)).all()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=4, max_size=9))
def test_wilcoxon_is_scipys_with_zeros_split(gain):
    value = np.array(gain) / 100
    oracle = stats.wilcoxon(np.round(value, 12), zero_method="zsplit").pvalue if any(gain) else 1.0
    assert rs.wilcoxon(value) == pytest.approx(oracle)


@pytest.mark.parametrize("count", [2, 5, 9, 12])
@pytest.mark.parametrize("seed", range(3))
def test_wilcoxon_of_tied_gains_is_scipys_permutation_test(count, seed):
    value = np.random.default_rng([seed, count]).integers(-3, 5, count) / 8.0  # many ties, some zeros
    oracle = stats.wilcoxon(value, zero_method="zsplit").pvalue if value.any() else 1.0
    assert rs.wilcoxon(value) == pytest.approx(oracle, rel=1e-9)  # both count: only the last digits of a sum differ


def test_float_noise_breaks_no_tie():
    assert rs.wilcoxon([1e-16, -1e-16, 0, 1e-15, 0, 0]) == 1.0


@pytest.mark.parametrize("count", [5, 6, 8])
def test_the_smallest_attainable_p_is_attained_when_all_agree(count):
    assert rs.wilcoxon(np.arange(1, count + 1) / 10) == pytest.approx(rs.smallest_wilcoxon_p(count))


def test_five_data_sets_never_reach_five_percent_and_six_do():
    assert rs.smallest_wilcoxon_p(5) == 0.0625
    assert rs.data_sets_needed(1) == 6
    assert rs.data_sets_needed(16) == 10
    assert 16 * rs.smallest_wilcoxon_p(10) <= 0.05 < 16 * rs.smallest_wilcoxon_p(9)


def test_the_planned_number_of_data_sets_has_the_promised_power():
    rng = np.random.default_rng(5)
    pilot = np.array([0.0, 0.02] * 50)  # mean 0.01, s 0.01005
    count = rs.data_sets_for_power(pilot)
    hits = np.mean([rs.wilcoxon(rng.normal(pilot.mean(), pilot.std(ddof=1), count)) < 0.05 for _ in range(400)])
    # 400 draws: standard error 0.02; the formula is asymptotic and small samples fall a little off it.
    assert hits == pytest.approx(0.8, abs=0.1)
    assert rs.data_sets_for_power([0.1, -0.1]) is None
    assert rs.data_sets_for_power([0.1]) is None


@pytest.mark.parametrize("seed", range(3))
def test_the_bayesian_signed_rank_is_baycomps(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0.80, 0.03, 10), rng.normal(0.79, 0.03, 10)
    oracle = baycomp.two_on_multiple(x, y, rope=0.01, nsamples=4000, random_state=seed)
    got = signed_rank_posterior(x - y, 0.01, seed=seed)
    # 4,000 draws of a probability have a standard error of at most 0.008.
    assert (got.better, got.equal, got.worse) == pytest.approx(oracle, abs=0.03)


def test_bayesian_draws_repeat():
    gain = [0.02, -0.01, 0.03]
    assert signed_rank_posterior(gain, 0.01, seed=1) == signed_rank_posterior(gain, 0.01, seed=1)


def test_the_interquartile_mean_cuts_a_quarter_off_each_end():
    assert rs.iqm([0, 1, 2, 3, 4, 5, 6, 100]) == 3.5


def test_the_bootstrap_interval_of_the_iqm_is_about_scipys():
    rows = np.random.default_rng(2).normal([[0.7], [0.8], [0.9]], 0.02, (3, 25))
    low, high = rs.iqm_interval(rows, seed=0)
    oracle = stats.bootstrap(
        tuple(rows), lambda *row, axis=-1: stats.trim_mean(np.concatenate(row, axis=axis), 0.25, axis=axis),
        n_resamples=2000, method="percentile", rng=0,
    ).confidence_interval  # fmt: skip
    # Two bootstraps of 2,000 draws: their ends differ by a few percent of the width.
    assert (low, high) == pytest.approx((oracle.low, oracle.high), abs=0.1 * (high - low))
    assert low < rs.iqm(rows) < high
