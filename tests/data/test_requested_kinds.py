"""Kinds that the user names are kept in files, DataFrames, Parquet and named sets, and new rows are read alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossbench.data.describe import describe
from lossbench.data.load import load
from lossbench.data.preparation import Preparation
from lossbench.data.read.build_table import read_features, read_table
from lossbench.data.source import DataSource
from lossbench.errors import UserError

CASES = Path(__file__).parent / "cases"
STORES = str(CASES / "stores.csv")
SUFFIXES = ["csv", "parquet", "jsonl", "frame"]


def stored(frame, folder, suffix):
    """The table of a frame, by way of a file of that kind."""
    file = str(folder / f"t.{suffix}")
    if suffix == "csv":
        frame.to_csv(file, index=False)
    elif suffix == "parquet":
        frame.to_parquet(file)
    elif suffix == "jsonl":
        frame.to_json(file, orient="records", lines=True)

    def read(**options):
        source = DataSource(file=file, target="ok", **options)
        return read_table(source, frame) if suffix == "frame" else load(source)

    return read


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_numbers_become_categories(tmp_path, suffix):
    read = stored(pd.read_csv(STORES), tmp_path, suffix)
    assert read().kinds["store"] == "number"
    table = read(categories=["store"])
    assert table.kinds["store"] == "text"
    fitted = Preparation.fit(table, np.arange(len(table)))
    assert fitted.input_names[:5] == ["store=11", "store=18", "store=3", "store=45", "store=7"]
    # as scikit-learn's one-hot of the file's numbers
    truth = pd.get_dummies(pd.read_csv(STORES)["store"].astype(str)).sort_index(axis=1).to_numpy()
    assert np.array_equal(fitted.transform(table.features)[:, :5], truth)


@pytest.mark.parametrize("new", SUFFIXES[:3])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_new_rows_are_read_in_the_kind_that_was_named(tmp_path, suffix, new):
    frame = pd.read_csv(STORES)
    table = stored(frame, tmp_path, suffix)(categories=["store"])
    fitted = Preparation.fit(table, np.arange(len(table)))
    stored(frame, tmp_path, new)
    features, _ = read_features(DataSource(file=str(tmp_path / f"t.{new}")), fitted.kinds)
    assert np.array_equal(fitted.transform(features), fitted.transform(table.features))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_codes_and_truth_values_become_numbers(tmp_path, suffix):
    codes = [f"{i * 37 % 50:03d}" for i in range(40)]
    frame = pd.DataFrame({"code": codes, "flag": [i % 3 == 0 for i in range(40)], "ok": ["a", "b"] * 20})
    read = stored(frame, tmp_path, suffix)
    assert dict(read().kinds) == {"code": "text", "flag": "boolean"}
    table = read(numbers=["code", "flag"])
    assert dict(table.kinds) == {"code": "number", "flag": "number"}
    assert table.features["code"].tolist() == [float(code) for code in codes]
    assert table.features["flag"].tolist() == frame["flag"].astype(float).tolist()


def test_a_named_set_takes_kinds_too():
    plain, table = load(DataSource(name="titanic-full")), load(DataSource(name="titanic-full", categories=["Pclass"]))
    assert plain.kinds["Pclass"] == "number"
    assert table.kinds["Pclass"] == "text"
    assert table.features["Pclass"].astype(float).tolist() == plain.features["Pclass"].tolist()
    assert table.fingerprint() != plain.fingerprint()
    with pytest.raises(UserError, match="unknown column 'Pclas'; did you mean 'Pclass'"):
        load(DataSource(name="titanic-full", categories=["Pclas"]))
    with pytest.raises(UserError, match="titanic-full: column 'Sex' is in --numbers, but not on row 1: 'male'"):
        load(DataSource(name="titanic-full", numbers=["Sex"]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"categories": ["ok"]}, "column 'ok' is the target and is named in --categories; choose --task"),
        ({"categories": ["store"], "numbers": ["store"]}, "column 'store' is named in --categories and in --numbers"),
        ({"categories": ["sore"]}, "no column 'sore'; columns are store, b, ok (did you mean 'store'?)"),
    ],
)
def test_mistakes_are_one_line(options, message):
    with pytest.raises(UserError) as error:
        load(DataSource(file=STORES, target="ok", **options))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_category_is_kept_however_many_levels_it_has():
    frame = pd.DataFrame({"store": np.arange(300) % 60, "b": np.arange(300) * 7 % 11, "ok": list("aab") * 100})
    frame["ok"] = frame["ok"].sample(frac=1, random_state=0).to_numpy()
    table = read_table(DataSource(file="frame", target="ok", categories=["store"]), frame)
    assert "store" in Preparation.fit(table, np.arange(300)).dropped
    assert len(Preparation.fit(table, np.arange(300), categories=["store"]).input_names) == 61


def test_what_was_named_is_shown():
    columns = {
        column.name: column for column in describe(DataSource(file=STORES, target="ok", categories=["store"])).columns
    }
    assert (columns["store"].kind, columns["store"].requested) == ("text", True)
    assert not columns["b"].requested


def test_words_are_kept_in_columns_that_are_no_numbers():
    file = str(CASES / "na_words.csv")
    plain = load(DataSource(file=file, target="ok"))
    table = load(DataSource(file=file, target="ok", keep_na_words=True))
    assert dict(plain.kinds) == dict(table.kinds) == {"alley": "text", "front": "number"}
    assert (plain.features["alley"].isna().sum(), table.features["alley"].isna().sum()) == (20, 0)
    assert set(table.features["alley"]) == {"NA", "gravel", "paved"}
    pd.testing.assert_series_equal(plain.features["front"], table.features["front"])
    features, _ = read_features(DataSource(file=file, keep_na_words=True), table.kinds)
    pd.testing.assert_frame_equal(features, table.features)
