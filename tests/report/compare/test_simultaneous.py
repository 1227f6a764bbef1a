"""Critical values against Dunnett's and Tukey's tables, Sidak's formula and the corrected t of one comparison."""

import math

import numpy as np
import pytest
from scipy import stats

from lossbench.report.compare.analysis.statistics.paired import corrected_t
from lossbench.report.compare.analysis.statistics.simultaneous import all_pairs, max_t, may_be_best


def orthogonal(splits: int, columns: int, seed: int = 0) -> np.ndarray:
    """Columns whose sample correlations are exactly 0 and whose variances are equal."""
    random = np.random.default_rng(seed).normal(size=(splits, columns + 1))
    random[:, 0] = 1  # orthogonal to a constant: centred
    return np.linalg.qr(random)[0][:, 1:]


def test_one_comparison_is_the_corrected_t():
    value = np.random.default_rng(0).normal(0.4, 1, 25)
    got, one = max_t(value[:, None], 0.25), corrected_t(value, 0.25)
    assert got.p_K[0] == pytest.approx(one.p, rel=1e-12)
    assert got.half_K[0] == pytest.approx(one.half_width, rel=1e-12)


def test_copies_of_one_comparison_cost_nothing():
    value = np.random.default_rng(0).normal(0.4, 1, (25, 1)) * np.array([1.0, 2.0, 5.0])
    got, one = max_t(value, 0.25), corrected_t(value[:, 0], 0.25)
    # 10,000 draws: the 5% quantile of a t with 24 degrees of freedom is known to within 0.03 (one standard error).
    assert got.critical == pytest.approx(stats.t.ppf(0.975, 24), abs=0.1)
    assert got.p_K == pytest.approx([one.p] * 3, abs=0.02)


@pytest.mark.parametrize("count", [2, 10])
def test_independent_comparisons_have_sidaks_critical_value(count):
    got = max_t(orthogonal(25, count), 0.25)
    assert got.critical == pytest.approx(stats.t.ppf((1 + 0.95 ** (1 / count)) / 2, 24), abs=0.08)


@pytest.mark.parametrize(("losses", "published"), [(2, 2.21), (3, 2.35), (5, 2.51)])
def test_equally_correlated_comparisons_have_dunnetts_critical_value(losses, published):
    """Dunnett 1964, table of two-sided 5% points for infinitely many degrees of freedom; 300 are nearly as many."""
    score = orthogonal(301, losses + 1)
    got = max_t(score[:, 1:] - score[:, [0]], 0.25, draws=6000)
    assert got.critical == pytest.approx(published, abs=0.06)  # three standard errors of 6,000 draws


def test_all_pairs_have_tukeys_critical_value():
    score = orthogonal(301, 5)
    pairs = all_pairs(score)
    assert pairs.shape == (301, 10)
    got = max_t(score[:, 1:] - score[:, [0]], 0.25, comparisons=pairs, draws=6000)
    assert got.critical == pytest.approx(stats.studentized_range.ppf(0.95, 5, 300) / math.sqrt(2), abs=0.06)


@pytest.mark.parametrize("seed", range(5))
def test_an_interval_excludes_0_exactly_where_p_is_below_alpha(seed):
    rng = np.random.default_rng(seed)
    value = rng.normal(np.linspace(-1.5, 1.5, 12), 1, (25, 12))
    got = max_t(value, 0.04)
    excludes = np.abs(got.mean_K) > got.half_K
    assert 0 < excludes.sum() < 12
    assert (excludes == (got.p_K < 0.05)).all()


def test_it_lies_between_one_comparison_and_bonferroni_and_repeats():
    value = np.random.default_rng(3).normal(0.3, 1, (10, 6))
    got, single = max_t(value, 0.25), [corrected_t(column, 0.25).p for column in value.T]
    assert (got.p_K >= np.array(single)).all()
    assert (got.p_K <= np.minimum(1, 6 * np.array(single)) + 1e-12).all()
    assert np.array_equal(got.p_K, max_t(value, 0.25).p_K)


def test_values_without_spread_are_certain_or_nothing_and_have_their_grain():
    value = np.zeros((10, 2))
    value[:, 1] = 0.1
    assert max_t(value, 0.25).p_K.tolist() == [1.0, 0.0]
    assert (max_t(value, 0.25, grain=0.01).half_K > 0).all()


def test_the_best_and_what_ties_with_it_are_kept_and_the_rest_is_excluded():
    rng = np.random.default_rng(0)
    gain = rng.normal([0.80, 0.801, 0.7, 0.6], 0.01, (25, 4))
    assert may_be_best(gain, 0.25).tolist() == [True, True, False, False]


def test_two_losses_are_excluded_by_a_one_sided_t():
    lead = np.random.default_rng(1).normal(0.5, 1, 25)
    scale = lead.std(ddof=1) * math.sqrt(1 / 25 + 0.25)
    for level in (0.9, 1.1):  # just below and just above the one-sided 5% point
        shifted = lead - lead.mean() + level * stats.t.ppf(0.95, 24) * scale
        kept = may_be_best(np.stack([np.zeros(25), shifted], axis=1), 0.25)
        assert kept.tolist() == [level < 1, True]
