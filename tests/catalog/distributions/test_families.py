"""Distributions are scipy's, row by row, in a unit of their own or scaled to another."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy import special, stats
from scipy.integrate import quad

from lossbench.catalog.distributions import (
    Distribution,
    Histogram,
    Laplace,
    NegativeBinomial,
    Normal,
    Quantiles,
    StudentT,
    ZeroInflatedLogNormal,
)
from lossbench.catalog.distributions.special import betainc

LEVELS = (0.001, 0.05, 0.3, 0.5, 0.8, 0.99)
CLOSE = {"rtol": 1e-9, "atol": 1e-11}  # the incomplete beta function is a continued fraction: some 1e-12


def t(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


EDGES = [-2.0, -0.5, 0.0, 1.0, 3.0]
SHARES = [[0.1, 0.4, 0.3, 0.2], [0.0, 0.0, 1.0, 0.0], [0.25, 0.25, 0.25, 0.25]]
# Three rows each: ours and scipy's. The zero-inflated one has no frozen distribution in scipy and is tested below.
FAMILIES = {
    "normal": (Normal(t(0, -3, 5), t(1, 0.2, 7)), [stats.norm(*p) for p in ((0, 1), (-3, 0.2), (5, 7))]),
    "laplace": (Laplace(t(0, -3, 5), t(1, 0.2, 7)), [stats.laplace(*p) for p in ((0, 1), (-3, 0.2), (5, 7))]),
    "student t": (
        StudentT(t(0, -3, 5), t(1, 0.2, 7), t(1.5, 4, 80)),
        [stats.t(*p) for p in ((1.5, 0, 1), (4, -3, 0.2), (80, 5, 7))],
    ),
    "negative binomial": (
        NegativeBinomial(t(3.7, 0.1, 900).log(), t(0.6, 5, 0.01)),
        [stats.nbinom(1 / a, 1 / (1 + a * m)) for m, a in ((3.7, 0.6), (0.1, 5), (900, 0.01))],
    ),
    "histogram": (
        Histogram(t(*EDGES), torch.tensor(SHARES, dtype=torch.float64)),
        [stats.rv_histogram((np.array(p), np.array(EDGES)), density=False) for p in SHARES],
    ),
}
IS_CONTINUOUS = {name: name != "negative binomial" for name in FAMILIES}
each_family = pytest.mark.parametrize("name", FAMILIES)


def ys(name: str) -> list[float]:
    return [-2.5, -0.3, 0.2, 0.9, 4.0] if IS_CONTINUOUS[name] else [0.0, 1.0, 2.0, 7.0, 950.0]


@each_family
def test_distribution_functions_densities_and_moments_are_scipys(name: str):
    ours, theirs = FAMILIES[name]
    np.testing.assert_allclose(ours.mean, [one.mean() for one in theirs], **CLOSE)
    np.testing.assert_allclose(ours.sd, [one.std() for one in theirs], **CLOSE)
    for level in LEVELS:
        expected = [one.ppf(level) for one in theirs]
        np.testing.assert_allclose(ours.quantile(level), expected, rtol=1e-8, atol=1e-9)
    for y in ys(name):
        at = torch.full((3,), y, dtype=torch.float64)
        np.testing.assert_allclose(ours.cdf(at), [one.cdf(y) for one in theirs], **CLOSE)
        log = [one.logpdf(y) if IS_CONTINUOUS[name] else one.logpmf(y) for one in theirs]
        np.testing.assert_allclose(ours.log_density(at), log, rtol=1e-8, atol=1e-9)


@each_family
def test_crps_is_the_integral_that_defines_it(name: str):
    """Of (F - 1[y <= t])^2 with scipy's F, by quadrature between its extreme quantiles, or summed over counts."""
    ours, theirs = FAMILIES[name]
    ends = (1e-7, 1 - 1e-7)
    for y in ys(name)[:4]:
        found = ours.crps(torch.full((3,), y, dtype=torch.float64))
        for row, one in enumerate(theirs):
            if IS_CONTINUOUS[name]:
                low, high = min(one.ppf(ends[0]), y), max(one.ppf(ends[1]), y)
                kinks = [point for point in (y, *EDGES) if low < point < high]
                parts = np.sort([low, *kinks, *one.ppf([0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]), high])
                square = lambda u, one=one, y=y: (one.cdf(u) - (y <= u)) ** 2  # noqa: E731
                expected = sum(quad(square, a, b)[0] for a, b in itertools.pairwise(parts))
                tolerance = 1e-4 if name == "student t" and row == 0 else 1e-6  # the tails beyond the ends
            else:
                k = np.arange(20_000)
                expected, tolerance = float(((one.cdf(k) - (y <= k)) ** 2).sum()), 1e-9
            assert float(found[row]) == pytest.approx(expected, rel=tolerance, abs=1e-7)


@pytest.mark.parametrize("name", ["normal", "laplace", "histogram"])  # whose quantiles are in closed form
def test_crps_of_quantiles_is_within_its_bound(name: str):
    """The bound of `Distribution.crps`, with E|Y - y| by scipy's quantiles at 20,000 levels."""
    ours, theirs = FAMILIES[name]
    midpoints, fine = (np.arange(200) + 0.5) / 200, (np.arange(20_000) + 0.5) / 20_000
    for y in ys(name):
        at = torch.full((3,), y, dtype=torch.float64)
        error = (Distribution.crps(ours, at) - ours.crps(at)).abs()
        far = np.array([np.abs(one.ppf(fine) - y).mean() + np.abs(one.ppf(midpoints) - y).mean() for one in theirs])
        assert (error.numpy() <= 1.01 * far / 400).all()  # the fine mean misses a little of the tails


@each_family
def test_a_scaled_distribution_is_that_of_the_scaled_number(name: str):
    """2.5 Y - 4, against scipy's Y: exact, since levels are kept and values are moved."""
    ours, theirs = FAMILIES[name]
    scaled = ours.scaled(t(2.5), t(-4.0))
    for level in LEVELS:
        expected = [2.5 * one.ppf(level) - 4 for one in theirs]
        np.testing.assert_allclose(scaled.quantile(level), expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(scaled.mean, [2.5 * one.mean() - 4 for one in theirs], **CLOSE)
    np.testing.assert_allclose(scaled.sd, [2.5 * one.std() for one in theirs], **CLOSE)
    y = torch.full((3,), ys(name)[2], dtype=torch.float64)
    np.testing.assert_allclose(scaled.cdf(2.5 * y - 4), [one.cdf(float(y[0])) for one in theirs], **CLOSE)
    np.testing.assert_allclose(scaled.crps(2.5 * y - 4), 2.5 * ours.crps(y), **CLOSE)
    if IS_CONTINUOUS[name]:
        log = [one.logpdf(float(y[0])) - np.log(2.5) for one in theirs]
        np.testing.assert_allclose(scaled.log_density(2.5 * y - 4), log, rtol=1e-8, atol=1e-9)


def test_a_lognormal_with_zeros_is_a_mixture():
    p, m, s = np.array([0.3, 0.9]), np.array([1.0, -2.0]), np.array([0.5, 1.2])
    ours = ZeroInflatedLogNormal(*(torch.as_tensor(one) for one in (special.logit(p), m, s)))
    rest = stats.lognorm(s, scale=np.exp(m))
    np.testing.assert_allclose(ours.mean, p * rest.mean(), **CLOSE)
    np.testing.assert_allclose(ours.sd, np.sqrt(p * rest.moment(2) - (p * rest.mean()) ** 2), **CLOSE)
    for y in (0.0, 0.1, 2.0, 30.0):
        at = torch.full((2,), y, dtype=torch.float64)
        np.testing.assert_allclose(ours.cdf(at), 1 - p + p * rest.cdf(y), **CLOSE)
        np.testing.assert_allclose(ours.cdf_below(at), 0 * p if y == 0 else 1 - p + p * rest.cdf(y), **CLOSE)
        log = np.log(1 - p) if y == 0 else np.log(p) + rest.logpdf(y)
        np.testing.assert_allclose(ours.log_density(at), log, **CLOSE)
        expected = []
        for i in range(2):
            one, share = stats.lognorm(s[i], scale=np.exp(m[i])), p[i]
            square = lambda u, one=one, share=share, y=y: (1 - share + share * one.cdf(u) - (y <= u)) ** 2  # noqa: E731
            parts = np.unique([0, y, *one.ppf([0.01, 0.1, 0.5, 0.9, 0.99, 0.9999, 1 - 1e-8])])
            expected.append(sum(quad(square, a, b)[0] for a, b in itertools.pairwise(parts)))
        np.testing.assert_allclose(ours.crps(at), expected, rtol=1e-6)
    np.testing.assert_allclose(ours.quantile(0.5), [0.0, rest.ppf((0.5 - 0.1) / 0.9)[1]], **CLOSE)


def test_the_incomplete_beta_function_is_scipys():
    rng = np.random.default_rng(0)
    a, b, x = 10 ** rng.uniform(-1, 4, 300), 10 ** rng.uniform(-1, 4, 300), rng.uniform(0, 1, 300)
    found = betainc(*(torch.as_tensor(one) for one in (a, b, x)))
    np.testing.assert_allclose(found, special.betainc(a, b, x), atol=1e-11)  # log-gammas of 1e4 cancel


def test_a_family_of_ones_own_needs_a_distribution_function_and_two_moments():
    """A logistic distribution, whose quantiles are found by bisection; it has no density unless it gives one."""

    class Logistic(Distribution):
        mean, sd = t(0.0), t(float(stats.logistic.std()))

        def cdf(self, y: torch.Tensor) -> torch.Tensor:
            return y.sigmoid()

    one = Logistic()
    assert not one.has_density
    for level in LEVELS:
        assert float(one.quantile(level)) == pytest.approx(stats.logistic.ppf(level), abs=1e-9)


def test_quantiles_know_their_own_levels_alone():
    some = Quantiles((0.1, 0.5, 0.9), t(1, 2, 4).expand(1, 2, 3))
    assert some.has((0.9, 0.1))
    assert not some.has((0.05,))
    assert some.at((0.9, 0.1)).tolist() == [[[4, 1], [4, 1]]]
    with pytest.raises(ValueError, match="are known at"):
        some.at((0.05,))
    assert some.scaled(t(2.0), t(1.0)).value[0, 0].tolist() == [3, 5, 9]
    assert Quantiles((0.1, 0.9), t(2, 1).expand(1, 1, 2)).is_valid.tolist() == [[False]]
