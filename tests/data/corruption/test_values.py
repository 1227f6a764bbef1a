"""Outliers, heavy-tailed noise and missing values: how many, how far, and that levels are nested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, median_abs_deviation, t

from lossbench.data.corruption.values import (
    feature_outliers,
    missing_values,
    number_cells,
    target_noise,
    target_outliers,
)

ROWS = np.arange(10, 100)
KINDS = {"a": "number", "b": "number", "word": "text", "on": "boolean", "day": "date", "same": "number"}
SHARES = st.floats(0, 0.99)


def frame(seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    features = pd.DataFrame(
        {
            "a": random.normal(size=100),
            "b": random.integers(0, 50, 100),
            "word": random.choice(["x", "y"], 100),
            "on": random.integers(0, 2, 100).astype(float),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 99, 100), unit="D"),
            "same": 3.0,
        }
    )
    features.loc[random.integers(0, 100, 20), "a"] = np.nan
    return features


@pytest.mark.parametrize("columns", [(), (3,)])
@settings(max_examples=25, deadline=None)
@given(share=SHARES, seed=st.integers(0, 99))
def test_target_outliers_are_ten_robust_standard_deviations_off(columns, share, seed) -> None:
    """scipy's median absolute deviation is the oracle of the unit."""
    target = np.random.default_rng(seed).normal(size=(100, *columns)) * 7 + 3
    corrupted = target_outliers(target, share, seed, ROWS)
    moved = corrupted - target
    changed = np.flatnonzero(moved.reshape(100, -1).any(axis=1))
    assert set(changed) <= set(ROWS)
    assert len(changed) == np.floor(share * len(ROWS) + 0.5)
    unit = 10 * median_abs_deviation(target, axis=0, scale="normal")
    assert np.abs(moved[changed]) == pytest.approx(np.broadcast_to(unit, moved[changed].shape))


def test_outliers_lie_on_both_sides() -> None:
    target = np.random.default_rng(0).normal(size=1000)
    moved = target_outliers(target, 0.9, 0, np.arange(1000)) - target
    assert 400 < (moved > 0).sum() < 500  # 450 of 900, 3.3 binomial standard deviations


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["target", "features", "gaps"]), SHARES, SHARES, st.integers(0, 99))
def test_what_a_lower_level_changes_a_higher_one_changes_in_the_same_way(kind, one, other, seed) -> None:
    features = frame(seed)
    clean = features["b"].to_numpy(float) if kind == "target" else features

    def corrupted(share: float) -> np.ndarray | pd.DataFrame:
        if kind == "target":
            return target_outliers(clean, share, seed, ROWS)
        if kind == "features":
            return feature_outliers(features, number_cells(features, KINDS), share, seed, ROWS)
        return missing_values(features, share, seed, ROWS)

    low, high = (pd.DataFrame(corrupted(share)) for share in sorted((one, other)))
    before = pd.DataFrame(clean)
    changed = (low != before) & ~(low.isna() & before.isna())
    same = (low == high) | (low.isna() & high.isna())
    assert same.to_numpy()[changed.to_numpy()].all()


def test_heavy_tailed_noise_is_student_s_t_and_grows_with_its_level() -> None:
    """A Kolmogorov-Smirnov test against scipy's t with 2 degrees of freedom, at an alpha of 1e-4."""
    target = np.random.default_rng(0).normal(size=5_000) * 4
    rows = np.arange(1_000, 5_000)
    unit = median_abs_deviation(target, scale="normal")
    one, two = ((target_noise(target, size, 0, rows) - target) / unit for size in (0.5, 1.0))
    assert not one[:1_000].any()
    assert two == pytest.approx(2 * one, rel=1e-9, abs=1e-12)  # the same draws; differences of rounded sums
    assert kstest(two[rows], t(2).cdf).pvalue > 1e-4


@settings(max_examples=25, deadline=None)
@given(share=SHARES, seed=st.integers(0, 99))
def test_feature_outliers_are_a_share_of_the_numbers_that_vary(share, seed) -> None:
    features = frame(seed)
    cells_NF = number_cells(features, KINDS)
    corrupted = feature_outliers(features, cells_NF, share, seed, ROWS)
    assert [KINDS[name] == "number" and name != "same" for name in features] == cells_NF.any(axis=0).tolist()
    changed = ((corrupted != features) & features.notna()).to_numpy()
    assert not changed[:10].any()
    assert not changed[~cells_NF].any()
    assert changed.sum() == np.floor(share * cells_NF[ROWS].sum() + 0.5)
    assert corrupted.isna().equals(features.isna())
    for name in ("a", "b"):
        moved = np.abs(corrupted[name] - features[name])[changed[:, features.columns.get_loc(name)]]
        unit = median_abs_deviation(features[name].dropna(), scale="normal")
        assert moved.to_numpy() == pytest.approx(np.full(len(moved), 10 * unit))


@settings(max_examples=25, deadline=None)
@given(share=SHARES, seed=st.integers(0, 99))
def test_missing_values_are_a_share_of_the_values_that_are_there(share, seed) -> None:
    features = frame(seed)
    left = missing_values(features, share, seed, ROWS)
    gone = (features.notna() & left.isna()).to_numpy()
    assert not gone[:10].any()
    assert gone.sum() == np.floor(share * features.notna().to_numpy()[ROWS].sum() + 0.5)
    still = left.notna()
    assert (left == features).to_numpy()[still.to_numpy()].all()


def test_every_column_loses_values_alike() -> None:
    features = frame()
    gone = sum(missing_values(features, 0.5, seed, ROWS).isna().to_numpy()[ROWS] for seed in range(60))
    there = features.notna().to_numpy()[ROWS]
    shares = [gone[there[:, f], f].mean() / 60 for f in range(features.shape[1])]
    assert shares == pytest.approx([0.5] * 6, abs=4 * (0.25 / (60 * 70)) ** 0.5)  # binomial, at least 70 rows each
