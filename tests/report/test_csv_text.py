"""No cell of a CSV is run by a spreadsheet, numbers stay numbers, and every text can be had back."""

from __future__ import annotations

import csv
import io

import pytest

from lossbench.report.csv_text import FORMULA, csv_text


@pytest.mark.parametrize(
    "text", ["=1+1", "+x", "-x", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "-", "+49 1", "＝1"]
)
def test_a_text_that_would_be_run_stands_behind_an_apostrophe(text: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(csv_text([[text]]), newline=""))
    assert cell == f"'{text}"


@pytest.mark.parametrize(
    "value", ["-1", "+1.5", "-.5", "1e-3", "-1E+9", "no", "a=b", "'quoted'", "", " x", -1, -0.5, 3]
)
def test_numbers_and_harmless_texts_stay(value: object) -> None:
    ((cell,),) = csv.reader(io.StringIO(csv_text([[value]]), newline=""))
    assert cell == str(value)


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'x", "-1", "'-1", "a,b", 'say "x"', "two\nlines", "@"])
def test_a_text_comes_back(text: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(csv_text([[text]]), newline=""))
    assert (cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell) == text
