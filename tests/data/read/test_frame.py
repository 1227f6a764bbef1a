"""A DataFrame's columns keep their meaning, whatever dtype pandas stores them in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

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
    "date": [pd.date_range("2020-01-01", periods=6), pd.date_range("2020-01-01", periods=6, tz="UTC")],
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
