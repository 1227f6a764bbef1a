"""Distinct cells and places give every row's cell back, in the order of their first rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lossbench.data.cells import coded

COLUMNS = {
    "str": (pd.Series(["b", None, "a", "b", "", None], dtype="str"), ["b", None, "a", "b", "", None]),
    "object": (pd.Series(["1", 1, None, np.nan, "1", True], dtype=object), ["1", None, None, None, "1", None]),
    "numbers": (pd.Series([1.0, 0.0, np.nan, 1.0]), ["True", "False", None, "True"]),
    "booleans": (pd.Series([False, True, False]), ["False", "True", "False"]),
    "nullable": (pd.Series([True, None, False], dtype="boolean"), ["True", None, "False"]),
    "categories": (pd.Series(["y", "x", None, "y"], dtype="category"), ["y", "x", None, "y"]),
    "empty": (pd.Series([], dtype="str"), []),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_distinct_cells_and_places_are_the_rows(name):
    column, expected = COLUMNS[name]
    found, code_N = coded(column)
    assert [found[code] for code in code_N] == expected
    known = [value for value in found if value is not None]
    assert known == list(dict.fromkeys(value for value in expected if value is not None))
