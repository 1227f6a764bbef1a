"""Preparation: scikit-learn's numbers, fitted on the training rows alone, and exactly itself again from JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler

from lossbench.data.datasets.catalogue import load_named
from lossbench.data.encoders import HashEncoder
from lossbench.data.load import load
from lossbench.data.preparation import Preparation
from lossbench.data.source import DataSource
from lossbench.data.splits.stratified import holdout
from lossbench.data.table import ColumnKind, Table
from lossbench.errors import UserError
from tests.mutations import is_taken, mutations

EPS32 = 2 * float(np.finfo(np.float32).eps)  # both sides are rounded to float32 once


def make(features: dict[str, Any] | pd.DataFrame, target: Any = None, **kinds: ColumnKind) -> Table:
    frame = pd.DataFrame(features)
    found: dict[str, ColumnKind] = {c: "number" if pd.api.types.is_numeric_dtype(frame[c]) else "text" for c in frame}
    y = np.arange(len(frame)) % 2 if target is None else np.asarray(target)
    task = "regression" if y.dtype.kind == "f" else "binary"
    return Table("t", task, frame, {**found, **kinds}, y, "y", () if task == "regression" else ("0", "1"))


def everything(table: Table) -> np.ndarray:
    return np.arange(len(table))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(3, 60),
    st.sampled_from([0.0, 0.2]),
    st.floats(-3, 3),
    st.floats(-1e6, 1e6),
)
def test_numbers_are_imputed_and_standardised_as_scikit_learn_does(
    seed: int, rows: int, gaps: float, magnitude: float, shift: float
) -> None:
    random = np.random.default_rng(seed)
    x_ND = random.standard_normal((rows, 3)) * 10.0**magnitude + shift
    x_ND[random.random(x_ND.shape) < gaps] = np.nan
    x_ND[:2] = [[shift] * 3, [shift + 10.0**magnitude] * 3]  # never constant, never empty
    train = np.arange(rows) if rows < 6 else np.append([0, 1], np.arange(2, rows, 2))
    frame = pd.DataFrame(x_ND, columns=list("abc"))
    mine = Preparation.fit(make(frame), train).transform(frame)
    oracle = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(x_ND[train])
    theirs = oracle.transform(x_ND)
    assert mine.dtype == np.float32
    # a mean of numbers near `shift` is known to shift * 2^-52, which the scale then divides
    tolerance = EPS32 + 8 * abs(shift) * 2.0**-52 / 10.0**magnitude * np.sqrt(rows)
    assert np.abs(mine - theirs).max() <= tolerance * max(1, np.abs(theirs).max())


@pytest.mark.parametrize("rows", [7, 999, 1500])
def test_quantiles_are_scikit_learns(rows: int) -> None:
    random = np.random.default_rng(rows)
    values = np.exp(random.standard_normal(rows))
    new = np.concatenate([values, [-1e9, 1e9], random.uniform(0, 6, 20)])
    table = make({"a": values})
    mine = Preparation.fit(table, everything(table), scale="quantile").transform(pd.DataFrame({"a": new}))
    oracle = QuantileTransformer(n_quantiles=min(1000, rows), output_distribution="normal", subsample=None)
    theirs = oracle.fit(values[:, None]).transform(new[:, None])
    assert mine == pytest.approx(theirs, abs=1e-5)  # far tails: ndtri is steep where p is clipped to 1e-7


def test_equal_values_take_their_middle_quantile() -> None:
    """Also at the ends, where scikit-learn sends a column of many zeros to its lowest value, -5.2."""
    values = np.repeat([0.0, 1.0, 2.0, 5.0], [40, 30, 20, 11])
    table = make({"a": values})
    mine = Preparation.fit(table, everything(table), scale="quantile").transform(table.features)[:, 0]
    assert mine == pytest.approx(norm.ppf((rankdata(values) - 1) / 100), abs=1e-6)  # float32


def test_levels_are_scikit_learns_one_hot() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "many": random.choice(list("abcdef"), 300),
            "two": random.choice(["no", "yes"], 300),
            "skewed": random.choice(["x", "y", "z", "rare", "rarer"], 300, p=[0.5, 0.3, 0.19, 0.005, 0.005]),
        }
    )
    frame.loc[:3, "skewed"] = ["rarer", "rare", "x", "rare"]
    frame.loc[4:, "skewed"] = frame["skewed"][4:].replace({"rare": "x", "rarer": "y"})
    mine = Preparation.fit(make(frame), np.arange(300))
    oracle = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["many"]),
        (OneHotEncoder(sparse_output=False, drop="if_binary"), ["two"]),
        # fewer than 1 in 200 rows, or one: of 300 rows, fewer than 2
        (OneHotEncoder(sparse_output=False, min_frequency=2), ["skewed"]),
    )
    assert np.array_equal(mine.transform(frame), oracle.fit_transform(frame))
    assert mine.input_names == [
        *(f"many={level}" for level in "abcdef"),
        "two=yes",
        *(f"skewed={level}" for level in ["rare", "x", "y", "z", "(rare)"]),
    ]


def test_a_gap_is_a_level_where_training_had_one() -> None:
    frame = pd.DataFrame({"colour": pd.Series(["red", None, "blue", "red", "blue", None], dtype="str")})
    mine = Preparation.fit(make(frame), np.arange(6))
    oracle = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder(sparse_output=False)
    ).fit_transform(frame.astype(object).where(frame.notna(), np.nan))
    assert mine.input_names == ["colour=blue", "colour=red", "colour=(missing)"]
    assert np.array_equal(mine.transform(frame), oracle[:, [0, 2, 1]])  # blue, missing, red there


def test_a_whole_table_is_scikit_learns() -> None:
    table = load_named("titanic-full")
    train = holdout(table.target, table.task, 0.2, 0.2, 0).train
    mine = Preparation.fit(table, train)
    numeric = ["Pclass", "Age", "SibSp", "Parch", "Fare"]
    oracle = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
        (OneHotEncoder(drop="if_binary", sparse_output=False), ["Sex"]),
        (OneHotEncoder(sparse_output=False), ["Embarked"]),
    )
    frame = table.features.astype({"Sex": object, "Embarked": object})
    theirs = oracle.fit(frame.iloc[train]).transform(frame)
    order = [mine.input_names.index(name) for name in [*numeric, "Sex=male"]]
    order += [i for i, name in enumerate(mine.input_names) if name.startswith("Embarked")]
    assert np.abs(mine.transform(table.features)[:, order] - theirs).max() <= 1e-6  # values to 12, float32


def test_what_is_planted_in_other_rows_changes_no_training_input() -> None:
    """The leak: test rows of enormous numbers, new levels and gaps; fitted on all rows, training inputs would move."""
    table = load_named("titanic-full")
    split = holdout(table.target, table.task, 0.2, 0.2, 0)
    planted = table.features.copy()
    others = np.setdiff1d(np.arange(len(table)), split.train)
    planted["Fare"] = planted["Fare"].astype(float)
    planted.loc[others, "Fare"] = 1e9
    planted.loc[others, "Age"] = np.nan
    planted.loc[others, "Embarked"] = "planted"
    leaky = make(planted, table.target)
    inputs = []
    for source in (table, leaky):
        preparation = Preparation.fit(source, split.train)
        inputs.append(preparation.transform(source.features.iloc[split.train]))
    assert np.array_equal(*inputs)
    seen = Preparation.fit(leaky, np.arange(len(table))).transform(planted.iloc[split.train])
    assert seen.shape != inputs[0].shape or not np.array_equal(seen, inputs[0])  # the plant would be noticed


def test_targets_are_standardised_on_the_training_rows() -> None:
    random = np.random.default_rng(0)
    target = random.normal(50, 7, 100)
    target[80:] = 1e6
    preparation = Preparation.fit(make({"a": random.random(100)}, target), np.arange(80))
    oracle = StandardScaler().fit(target[:80, None])
    assert preparation.target_center == pytest.approx(oracle.mean_[0], rel=1e-12)
    assert preparation.target_scale == pytest.approx(oracle.scale_[0], rel=1e-12)


def test_classes_keep_their_target() -> None:
    preparation = Preparation.fit(make({"a": [1.0, 2, 3, 4]}), np.arange(4))
    assert (preparation.target_center, preparation.target_scale) == (0, 1)


@pytest.mark.parametrize("scale", ["standard", "quantile", "none"])
def test_json_and_back_is_exactly_the_same(scale: Any) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "pi": random.standard_normal(50) * np.pi,
            "level": pd.Series(random.choice(["ä", '"', "z", None], 50), dtype="str"),
            "flag": random.choice([0.0, 1.0, np.nan], 50),
            "words": [f"some text {i} {i % 7}" for i in range(50)],
            "when": pd.date_range("2020-01-30", periods=50, unit="us"),
            "nothing": np.nan,
        }
    )
    table = make(frame, random.standard_normal(50) / 3, flag="boolean", when="date")
    fitted = Preparation.fit(table, np.arange(40), scale=scale, dates=True, text="hash")
    again = Preparation.from_json(fitted.to_json())
    assert again == fitted
    assert np.array_equal(again.transform(frame), fitted.transform(frame))
    assert again.to_json() == fitted.to_json()
    assert fitted.notes == ["column 'nothing' is excluded: it has no value"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"encoders": [{"encoder": "os.system"}]}', '{"encoders": 3}'])
def test_other_json_is_one_line(text: str) -> None:
    with pytest.raises(UserError, match="this is no saved preparation"):
        Preparation.from_json(text)


@pytest.mark.parametrize("scale", ["standard", "quantile"])
def test_a_damaged_preparation_is_used_or_refused_in_one_line(scale: Any) -> None:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "number": draw.standard_normal(50),
            "level": pd.Series(draw.choice(["a", "b", "c", None], 50), dtype="str"),
            "flag": draw.choice([0.0, 1.0], 50),
            "words": [f"some text {i} {i % 7}" for i in range(50)],
            "when": pd.date_range("2020-01-30", periods=50, unit="us"),
        }
    )
    table = make(frame, draw.standard_normal(50), flag="boolean", when="date")
    whole = json.loads(Preparation.fit(table, np.arange(40), scale=scale, dates=True, text="hash").to_json())

    def use(damaged: Any) -> None:
        preparation = Preparation.from_json(json.dumps(damaged))
        assert preparation.transform(frame).shape == (50, len(preparation.input_names))
        preparation.unseen(frame)
        preparation.filled(frame)

    taken = [is_taken(what, lambda damaged=damaged: use(damaged)) for what, damaged in mutations(whole, 200, seed=0)]
    assert 0 < sum(taken) < 100  # damage that nobody notices, or nobody survives, tests nothing


def test_a_saved_preparation_is_plain_data() -> None:
    preparation = Preparation.fit(make({"a": [1.0, 2, 4, np.nan]}), np.arange(4))
    assert json.loads(preparation.to_json())["encoders"] == [
        {
            "encoder": "number",
            "name": "a",
            "median": 2.0,
            "center": 2.25,
            "scale": pytest.approx(np.std([1, 2, 4, 2]), rel=1e-15),
            "quantiles": [],
        }
    ]


def test_unseen_levels_are_neutral_and_counted() -> None:
    frame = pd.DataFrame({"two": ["a", "b"] * 4, "three": list("abcabcab")})
    preparation = Preparation.fit(make(frame), np.arange(8))
    new = pd.DataFrame({"two": ["a", "b", "c", None], "three": ["c", "d", None, "d"]})
    assert preparation.transform(new).tolist() == [[0, 0, 0, 1], [1, 0, 0, 0], [0.5, 0, 0, 0], [0.5, 0, 0, 0]]
    assert preparation.unseen(new) == {"two": {"c": 1, "(missing)": 1}, "three": {"d": 2, "(missing)": 1}}
    assert preparation.unseen(frame) == {}


def test_an_unseen_level_counts_as_rare_where_there_are_rare_ones() -> None:
    frame = pd.DataFrame({"a": list("xxyyzzuv") * 2 + ["once"]})
    preparation = Preparation.fit(make(frame), np.arange(17))
    assert preparation.input_names[-1] == "a=(rare)"
    assert preparation.transform(pd.DataFrame({"a": ["once", "new"]}))[:, -1].tolist() == [1, 1]
    assert preparation.unseen(pd.DataFrame({"a": ["once", "new"]})) == {"a": {"new": 1}}


def test_dates_become_their_parts() -> None:
    when = pd.Series(pd.to_datetime(["2020-02-29", "2021-12-31", None, "2019-07-01"]))
    table = make({"when": when}, when="date")
    preparation = Preparation.fit(table, np.arange(4), dates=True, scale="none")
    assert preparation.input_names == ["when.year", "when.month", "when.day", "when.weekday"]
    assert preparation.transform(table.features).tolist() == [
        [2020, 2, 29, 5],
        [2021, 12, 31, 4],
        [2020, 7, 29, 4],  # the medians
        [2019, 7, 1, 0],
    ]


def test_a_time_of_day_is_an_angle() -> None:
    when = pd.Series(pd.to_datetime(["2020-02-29 00:00", "2020-02-29 06:00", None, "2020-02-29 18:00"]))
    table = make({"when": when}, when="date")
    preparation = Preparation.fit(table, np.arange(4), dates=True, scale="none")
    assert preparation.input_names == ["when.time_sin", "when.time_cos"]  # the day is always the same
    # midnight, a quarter and three quarters of the circle; the gap has the medians. Tolerance: float32 near 1.
    assert preparation.transform(table.features) == pytest.approx(np.array([[0, 1], [1, 0], [0, 0], [-1, 0]]), abs=1e-6)
    late = pd.DataFrame({"when": pd.to_datetime(["2021-05-05 23:59:59"])})
    assert preparation.transform(late) == pytest.approx(np.array([[0, 1]]), abs=1e-4)  # a second before midnight
    noon = make({"when": pd.Series(pd.date_range("2020-01-01 12:00", periods=4))}, when="date")
    assert "when.time_sin" not in Preparation.fit(noon, np.arange(4), dates=True).input_names


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_where_the_hour_decides_it_is_seen(tmp_path: Path, suffix: str) -> None:
    """For scikit-learn's linear model: by day and weekday it cannot tell the shifts, by the time it can."""
    frame = pd.read_csv(Path(__file__).parent / "cases" / "shifts.csv")
    file = str(tmp_path / f"t.{suffix}")
    if suffix == "csv":
        frame.to_csv(file, index=False)
    elif suffix == "jsonl":
        frame.to_json(file, orient="records", lines=True)
    else:
        frame.assign(when=pd.to_datetime(frame["when"])).to_parquet(file)
    table = load(DataSource(file=file, target="shift"))
    preparation = Preparation.fit(table, np.arange(40), dates=True)
    assert preparation.input_names == ["when.day", "when.weekday", "when.time_sin", "when.time_cos", "b"]
    x_ND = preparation.transform(table.features)
    for columns, accuracy in (([2, 3], 0.95), ([0, 1, 4], None)):
        model = LogisticRegression(C=100).fit(x_ND[:40, columns], table.target[:40])
        score = model.score(x_ND[40:, columns], table.target[40:])
        assert score >= accuracy if accuracy else score < 0.8


def test_hashed_texts_depend_on_their_words_alone() -> None:
    encoder = HashEncoder("a")
    block = np.empty((4, 32), dtype=np.float32)
    encoder.write(pd.Series(["big red dog", "Dog: red, BIG", "small cat", None]), block)
    assert np.array_equal(block[0], block[1])
    assert not np.array_equal(block[0], block[2])
    assert np.linalg.norm(block, axis=1) == pytest.approx([1, 1, 1, 0], abs=1e-6)


def test_columns_may_come_in_any_order_with_others_between() -> None:
    table = load_named("titanic-full")
    preparation = Preparation.fit(table, np.arange(700))
    shuffled = table.features[table.features.columns[::-1]].assign(extra=1)
    assert np.array_equal(preparation.transform(shuffled), preparation.transform(table.features))


def test_mistakes_are_one_line() -> None:
    table = make({"a": [1.0, 2, 3, 4], "b": [2.0, 1, 4, 3]})
    preparation = Preparation.fit(table, np.arange(4))
    with pytest.raises(UserError, match="no column 'b'; training used a, b"):
        preparation.transform(pd.DataFrame({"a": [1.0]}))
    with pytest.raises(UserError, match="column 'a' held numbers in training, here it holds text"):
        preparation.transform(pd.DataFrame({"a": ["x"], "b": [1.0]}))
    with pytest.raises(UserError, match=r"no feature is left to train on \(column 'a': it is always 1\)"):
        Preparation.fit(make({"a": [1.0, 1, 1]}), np.arange(3))


def test_inputs_are_one_float32_block() -> None:
    table = load_named("wine")
    x_ND = Preparation.fit(table, np.arange(100)).transform(table.features)
    assert x_ND.dtype == np.float32
    assert x_ND.flags.c_contiguous
    assert x_ND.shape == (178, 13)
