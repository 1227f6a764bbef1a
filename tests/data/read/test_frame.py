"""A DataFrame's columns keep their meaning, whatever dtype pandas stores them in."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from lossbench.data.duplicates import row_hashes
from lossbench.data.load import load
from lossbench.data.preparation import Preparation
from lossbench.data.read.build_table import read_table
from lossbench.data.source import DataSource
from lossbench.errors import UserError

Y = ["a", "b"] * 3

COLUMNS = {
    "number": [
        [1, 2, 3, 4, 5, 7],
        pd.array([1, 2, None, 4, 5, 7], dtype="Int64"),
        np.array([1, 2.5, None, 4, 5, 7], dtype=object),
        pd.Categorical([1, 2, 1, 2, 3, 3]),
        np.array([1, 2, 3, 4, 5, 7], dtype=np.float32),
        [Decimal(text) for text in ("1", "2.5", "3", "4", "5", "7")],
        [Decimal(1), None, Decimal(3), 4, 5.5, 7],
        pd.Categorical([Decimal(1), Decimal(2), Decimal(1), Decimal(2), Decimal(3), Decimal(3)]),
        pd.to_timedelta([1, 2, None, 4, 5, 7], unit="s"),
        [timedelta(seconds=n) for n in (1, 2, 3, 4, 5, 7)],
    ],
    "boolean": [
        [True, False, True, True, False, True],
        pd.array([True, None, True, True, False, True], dtype="boolean"),
        np.array([True, None, False, True, False, True], dtype=object),
    ],
    "text": [
        ["x", "y", "x", None, "y", "z"],
        pd.Categorical(["x", "y", "x", None, "y", "z"]),
        pd.array(["x", "y", "x", None, "y", "z"], dtype="string"),
    ],
    "date": [
        pd.period_range("2020-01", periods=6, freq="M"),
        pd.date_range("2020-01-01", periods=6),
        pd.date_range("2020-01-01", periods=6, tz="UTC"),
    ],
}


@pytest.mark.parametrize(("kind", "values"), [(kind, values) for kind, some in COLUMNS.items() for values in some])
def test_a_column_is_of_the_kind_that_its_values_are(kind, values):
    frame = pd.DataFrame({"x": values, "y": Y}, index=[10, 20, 30, 40, 50, 60])
    table = read_table(DataSource(file="DataFrame", target="y", keep=("x",)), frame)
    assert table.kinds == {"x": kind}
    assert table.features["x"].isna().tolist() == pd.isna(pd.Series(values)).tolist()
    assert table.features.index.tolist() == list(range(6))
    assert (table.name, table.target.tolist()) == ("DataFrame", [0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"x": [[1], [2], [3]], "y": [0, 1, 1]}), "DataFrame: column 'x' holds lists; flatten it"),
        (pd.DataFrame({"x": [1j, 2, 3], "y": [0, 1, 1]}), "DataFrame: column 'x' holds complex numbers"),
        (pd.DataFrame([[1, 2, 0]], columns=["x", "x", "y"]), "DataFrame: column 'x' appears 2 times"),
        (pd.DataFrame({"x": [], "y": []}), "DataFrame: no data row in it"),
        (pd.DataFrame({"x": [1, 2, 3], "z": [0, 1, 1]}), "DataFrame: no column 'y'; columns are x, z"),
        (pd.DataFrame({"x": [1, 2, np.inf, 4], "y": [0, 1, 0, 1]}, index=list("abcd")), "(the first: row 'c': inf)"),
    ],
)
def test_what_cannot_be_a_table_is_refused_with_its_place(frame, message):
    with pytest.raises(UserError) as error:
        read_table(DataSource(file="DataFrame", target="y"), frame)
    assert message in str(error.value)


def test_an_index_that_was_set_is_left_out_and_told():
    frame = pd.DataFrame({"who": list("abcd"), "x": [1, 2, 4, 4], "y": [0, 1, 0, 1]})
    table = read_table(DataSource(file="DataFrame", target="y"), frame.set_index("who"))
    assert table.notes == ("the index ('who') is no feature: excluded (reset_index() makes it a column)",)
    assert (
        read_table(DataSource(file="DataFrame", target="y"), frame.drop(columns="who").iloc[[0, 3, 2, 1]]).notes == ()
    )


_NUMPY = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64"
_PANDAS = "Int8 Int64 UInt8 UInt64 Float32 Float64 uint8[pyarrow] int64[pyarrow] double[pyarrow]"
DTYPES = [*_NUMPY.split(), *_PANDAS.split(), "decimal", "timedelta", "category"]
VALUES = np.random.default_rng(0).permutation(60) * 2 % 100


def typed(values, dtype):
    if dtype == "decimal":
        return [Decimal(int(value)) for value in values]
    if dtype == "timedelta":
        return pd.to_timedelta(values, unit="s")
    return pd.Categorical(values) if dtype == "category" else pd.array(values, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_number_is_the_same_in_every_type(tmp_path, dtype):
    """int64 is the oracle: the same inputs, hashes, fingerprint and suspicions, from a DataFrame and from Parquet."""

    def read(values, kind, stored=False):
        labels = np.where(np.arange(60) % 7 < 3, "a", "b")
        frame = pd.DataFrame({"x": typed(values, kind), "z": VALUES[::-1] * 0.5, "y": labels})
        if not stored:
            return read_table(DataSource(file="frame", target="y"), frame)
        if kind == "category":  # Parquet keeps the type of the values
            frame["x"] = frame["x"].astype(object).astype("category")
        frame.to_parquet(tmp_path / "t.parquet")
        return load(DataSource(file=str(tmp_path / "t.parquet"), target="y"))

    for values in (VALUES, np.arange(60), np.arange(60)[::-1]):
        plain = read(values, "int64")
        for stored in (False, True) if dtype != "float16" else (False,):
            table = read(values, dtype, stored)
            assert table.kinds == plain.kinds
            assert [note for note in table.notes if "duration" not in note] == list(plain.notes)
            assert table.fingerprint() == plain.fingerprint()
            assert np.array_equal(row_hashes(table.features), row_hashes(plain.features))
            rows = np.arange(40)
            inputs = Preparation.fit(table, rows).transform(table.features)
            assert np.array_equal(inputs, Preparation.fit(plain, rows).transform(plain.features))


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != "category"])
def test_a_target_is_the_same_in_every_type(dtype):
    for values in (VALUES, VALUES % 3, VALUES // 2 % 2, np.append(VALUES[:-1] // 2 % 4, 90)):
        frame = pd.DataFrame({"x": VALUES[::-1] * 0.5, "y": typed(values, dtype)})
        table = read_table(DataSource(file="frame", target="y"), frame)
        plain = read_table(DataSource(file="frame", target="y"), frame.assign(y=values))
        assert (table.task, table.classes, table.target.tolist()) == (plain.task, plain.classes, plain.target.tolist())


@pytest.mark.parametrize("dtype", ["uint8", "uint64", "int8", "UInt8", "decimal", "float16"])
def test_a_copy_of_the_target_is_refused_in_every_type(dtype):
    frame = pd.DataFrame({"x": typed(100 - VALUES, dtype), "z": VALUES[::-1] * 0.5, "y": VALUES * 1.5})
    with pytest.raises(UserError, match="column 'x' determines the target"):
        read_table(DataSource(file="frame", target="y"), frame)
