"""Sample weights of a table: read, checked, and counted like so many rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from lossbench.data.load import load
from lossbench.data.preparation import Preparation
from lossbench.data.read.build_table import read_table
from lossbench.data.source import DataSource
from lossbench.data.table import Table
from lossbench.data.weights import weighted_mean, weighted_median, weighted_quantiles, weighted_std
from lossbench.errors import UserError

SOURCE = DataSource(file="t", target="y", weights="w")
# Sums of up to 40 numbers below 1e3, in another order.
EXACT = {"rel": 1e-9, "abs": 1e-9}


def frame(rows: int = 20) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": random.normal(size=rows),
            "b": random.normal(size=rows).round(1),
            "y": np.where(np.arange(rows) % 2, "yes", "no"),
            "w": 1.0 + np.arange(rows) % 3,
        }
    )


def test_the_column_is_no_feature_and_its_mean_is_1():
    table = read_table(SOURCE, frame())
    assert list(table.features) == ["a", "b"]
    assert table.weights_name == "w"
    np.testing.assert_allclose(table.weights, frame()["w"] / frame()["w"].mean(), rtol=1e-15)
    assert "rows are weighted by 'w': 1 to 3, mean 1.95" in table.notes


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({3: -1.0}, r"t: data.weights: 1 row has a negative weight in column 'w' \(the first is row 3: -1\)"),
        ({3: np.nan, 5: np.nan}, r"t: data.weights: 2 rows have no weight in column 'w' \(the first is row 3\)"),
        (
            {4: np.inf},
            r"1 row has an infinite weight in column 'w' \(the first is row 4: inf\); correct it, or write 0",
        ),
        ({4: 1e300}, r"1 row has an infinite weight in column 'w' \(the first is row 4: 1e\+300\)"),
        (dict.fromkeys(range(20), 0.0), r"t: data.weights: every weight in column 'w' is 0"),
    ],
)
def test_what_is_no_weight_is_one_line_with_its_place(values, why):
    data = frame()
    for row, value in values.items():
        data.loc[row, "w"] = value
    with pytest.raises(UserError, match=why):
        read_table(SOURCE, data)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"weights": "ww"}, "no column 'ww'; columns are a, b, y, w"),
        ({"weights": "y"}, "'y' is the target and cannot weight the rows"),
        ({"groups": "w"}, "'w' cannot weight and split the rows"),
        ({"time": "w"}, "'w' cannot weight and split the rows"),
    ],
)
def test_a_column_has_one_role(options, why):
    with pytest.raises(UserError, match=why):
        read_table(DataSource(**{"file": "t", "target": "y", "weights": "w", **options}), frame())


def test_texts_are_no_weights():
    with pytest.raises(UserError, match="column 'w' holds text values, not weights"):
        read_table(SOURCE, frame().assign(w=["much", "little"] * 10))


def test_a_row_of_weight_0_is_no_row_whatever_stands_in_it():
    data = frame().astype({"y": object})
    out = [2, 7, 11]
    data.loc[out, "w"] = 0.0
    without = read_table(SOURCE, data.drop(index=out).reset_index(drop=True))
    data.loc[2, "y"], data.loc[7, "a"] = None, np.inf  # neither is a fault of a row that is not there
    table = read_table(SOURCE, data)
    assert table.fingerprint() == without.fingerprint()
    assert "3 rows of weight 0 left out" in table.notes
    assert table.place(2) == "row 3"  # where it stands in the file
    pd.testing.assert_frame_equal(table.features, without.features)


def test_weights_are_part_of_the_fingerprint_and_their_unit_is_not():
    plain = read_table(DataSource(file="t", target="y", drop=["w"]), frame())
    weighted, twice = (read_table(SOURCE, frame().assign(w=frame()["w"] * k)) for k in (1.0, 2.0))
    assert plain.fingerprint() != weighted.fingerprint() == twice.fingerprint()


def test_a_named_set_can_be_weighted_by_a_column():
    table = load(DataSource(name="iris", weights="petal width (cm)"))
    assert table.features.shape[1] == 3
    assert table.weights.mean() == pytest.approx(1)
    with pytest.raises(UserError, match="column 'Sex' holds text values, not weights"):
        load(DataSource(name="titanic", weights="Sex"))


numbers = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20)


@given(values=numbers, data=st.data())
def test_statistics_count_a_whole_weight_as_so_many_numbers(values, data):
    some = st.lists(st.integers(1, 4), min_size=len(values), max_size=len(values))
    weight = np.array(data.draw(some), dtype=float)
    values = np.array(values)
    repeated = np.repeat(values, weight.astype(int))
    assert weighted_mean(values, weight) == pytest.approx(repeated.mean(), **EXACT)
    # The square root makes of a rounding error of 1e-13 in a variance of 0 a deviation of some 1e-6.
    assert weighted_std(values, weight) == pytest.approx(repeated.std(), rel=1e-9, abs=1e-5)
    assert weighted_median(values, weight / 3) == pytest.approx(np.median(repeated), **EXACT)
    levels = [0.05, 0.3, 0.95]
    expected = np.quantile(repeated, levels, method="inverted_cdf")
    assert weighted_quantiles(values, levels, weight).tolist() == expected.tolist()


@given(values=numbers)
def test_the_median_without_weights_is_numpys_to_the_last_bit(values):
    assert weighted_median(np.array(values), None) == np.median(values)


@pytest.mark.parametrize("how", ["standard", "robust"])
def test_a_preparation_is_that_of_repeated_rows(how):
    random = np.random.default_rng(1)
    features = pd.DataFrame({"a": random.normal(size=30), "b": np.where(random.random(30) < 0.2, np.nan, 1.0)})
    features["b"] *= random.normal(size=30)
    target, weight = random.normal(size=30), random.integers(1, 4, 30)
    kinds = {"a": "number", "b": "number"}
    table = Table("t", "regression", features, kinds, target, "y", weights=weight / weight.mean())
    rows = np.repeat(np.arange(30), weight)
    repeated = Table("t", "regression", features.iloc[rows].reset_index(drop=True), kinds, target[rows], "y")
    found = Preparation.fit(table, np.arange(30), target_scale=how)
    expected = Preparation.fit(repeated, np.arange(len(rows)), target_scale=how)
    assert found.target_center == pytest.approx(expected.target_center, **EXACT)
    assert found.target_scale == pytest.approx(expected.target_scale, **EXACT)
    # float32 of numbers that agree to 1e-9
    np.testing.assert_allclose(found.transform(features), expected.transform(features), rtol=1e-5, atol=1e-6)
    oracle = StandardScaler().fit(features[["a"]].to_numpy(), sample_weight=weight)
    np.testing.assert_allclose(
        found.transform(features)[:, 0], oracle.transform(features[["a"]].to_numpy())[:, 0], rtol=1e-5
    )
