"""Classes and levels that differ only in how they are written are warned of; others are not."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbench.data.infer.spellings import alike, spelling_note, spelling_notes
from lossbench.data.load import load
from lossbench.data.source import DataSource

CASES = Path(__file__).parents[1] / "cases"
NFC, NFD = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        (["yes", "YES"], ["case"]),
        (["yes", "yes."], ["punctuation"]),
        (["New York", "New_York", "New-York", "New  York"], ["blanks"]),
        ([NFC, NFD], ["Unicode form"]),
        (["A1", "\uff211"], ["Unicode form"]),  # a letter of full width
        (["Yes", "yes."], ["case", "punctuation"]),
        (["Straße", "STRASSE"], ["case"]),
    ],
)
def test_what_differs_is_named(values, needed):
    groups, found = alike([*values, "no"])
    assert groups == [sorted(values)]
    assert found == needed


@pytest.mark.parametrize(
    "values",
    [("<=50K", ">50K"), ("1.5", "15"), ("-1", "1"), ("1-2", "12"), ("1 2", "12"), ("+", "-"), ("A+", "A-"), ("?", "!")],
)
def test_values_that_mean_different_things_are_not_alike(values):
    assert alike(values) == ([], [])


def test_the_classes_of_a_file_are_warned_of():
    table = load(DataSource(file=str(CASES / "alike_classes.csv"), target="ok"))
    (warning,) = (note for note in table.notes if "differ only" in note)
    assert type(warning) is str
    assert warning == (
        "classes of 'ok' differ only in case and punctuation: 'NO', 'no', 'no.'; 'YES', 'yes', 'yes.';"
        " write those that are one in one way"
    )


def test_levels_of_features_are_warned_of_and_forms_are_shown_apart():
    columns = {"place": pd.Series([NFC, NFD, "pub"] * 3, dtype="str"), "n": pd.Series([1.0] * 9)}
    (warning,) = spelling_notes(columns, {"place": "text", "n": "number"})
    assert warning.startswith("values of column 'place' differ only in Unicode form: 'cafe\\u0301', 'caf\\xe9'")


@given(st.lists(st.text(max_size=8), max_size=12, unique=True))
def test_groups_are_of_the_given_values_and_no_value_is_in_two(values):
    groups, needed = alike(values)
    flat = [value for group in groups for value in group]
    assert len(flat) == len({*flat}) <= len(values)
    assert {*flat} <= {*values}
    assert all(len(group) > 1 for group in groups)
    assert groups or not needed
    assert bool(spelling_note("values", values)) == bool(groups)
