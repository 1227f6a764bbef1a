"""Values that probably mean a gap are named with the option that reads them so; values that do not are left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbench.data.infer.gap_words import likely_gaps
from lossbench.data.load import load
from lossbench.data.source import DataSource

CASES = Path(__file__).parents[1] / "cases"


def of_numbers(values, dtype=np.float64):
    return likely_gaps({"a": pd.Series(np.array(values, dtype=dtype))}, {"a": "number"}, words=True)


def of_texts(values, *, words=True):
    return likely_gaps({"a": pd.Series(values, dtype="str")}, {"a": "text"}, words=words)


def test_a_question_mark_is_named_with_its_option_and_the_option_reads_it():
    file = str(CASES / "question_marks.csv")
    (warning,) = (note for note in load(DataSource(file=file, target="level")).notes if "'?'" in note)
    assert type(warning) is str
    assert warning.startswith("column 'region' (2 cells): '?' is a usual word for a gap")
    assert "--na '?'" in warning
    table = load(DataSource(file=file, target="level", na=["?"]))
    assert table.features["region"].isna().sum() == 2
    assert not any("usual word" in note for note in table.notes)


@pytest.mark.parametrize("word", ["?", "-", "--", ".", "unknown", "Missing", "N.A.", "#DIV/0!", "not available"])
def test_a_usual_word_for_a_gap_is_named(word):
    (warning,) = of_texts(["x", "y", "z", word] * 10)
    assert f"(10 cells): {word!r} is a usual word" in warning
    assert of_texts(["x", "y", "z", word] * 10, words=False) == []  # with --keep-na-words
    assert of_texts(["x", "y", "z", "w"] * 10) == []
    assert of_texts(["x", word] * 10) == []  # one of two levels: a word for no


def test_the_only_word_among_numbers_is_named_whatever_it_is():
    few = [str(i) for i in range(8)] + ["nil of it"] * 12
    (warning,) = of_texts(few)
    assert "(12 cells): 'nil of it'" in warning
    assert of_texts([*few, "other"]) == []


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([*range(20), -999, -999], "-999"),
        ([*range(20), 9999, 9999], "9999"),
        ([*range(0, 4000, 100), -200, -200], "-200"),  # not far, but the only negative value
        (np.append(np.linspace(0.1, 11.9, 50), [-200, -200]), "-200"),
        ([*range(20), *[-777] * 5], "-777"),
        ([*range(20), -999], None),  # once: an outlier
        ([*range(20), *[-77] * 4], None),  # unusual, and seldom
        ([*range(-20, 2000, 10), -999, -999], None),  # not far from the rest
        ([1000 + i for i in range(20)] + [0] * 20, None),  # nothing is a value, too
        ([-1] * 20 + [1] * 20, None),
        ([1, 2, 3] * 10 + [999] * 5, None),  # too few others: may be a code
        ([*range(20), 99.5, 99.5], None),
    ],
)
def test_a_repeated_number_far_from_all_others_is_named(values, named):
    found = of_numbers(values)
    assert [f"--na '{named}'" in warning for warning in found] == ([True] if named else [])


@pytest.mark.parametrize("dtype", [np.int16, np.int64, np.float16, np.float32, np.float64])
def test_far_numbers_are_found_in_every_type(dtype):
    assert len(of_numbers([*range(20), -999, -999], dtype)) == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_small_types_do_not_wrap(dtype):
    assert len(of_numbers([*range(20), 99, 99], dtype)) == 1
    assert of_numbers([*range(100), 127, 127], dtype) == []


def test_columns_with_the_same_value_share_a_sentence():
    columns = {name: pd.Series([*range(20), -999, -999], dtype=float) for name in "abcde"}
    (warning,) = likely_gaps(columns, dict.fromkeys("abcde", "number"), words=True)
    assert warning.startswith("columns 'a' (2 cells), 'b' (2 cells), 'c' (2 cells) and 2 more: '-999' is unlike")


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=40))
def test_numbers_that_are_all_distinct_are_never_gaps(values):
    assert of_numbers(sorted({float(value) for value in values})) == []


def test_empty_columns_are_no_fault():
    assert of_numbers([]) == of_numbers([np.nan, np.nan]) == of_texts([None, None]) == []
