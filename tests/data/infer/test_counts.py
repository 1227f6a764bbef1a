"""Whole numbers as a target: counts are amounts, labels are classes, and a refusal names the other reading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossbench.data.infer.target import read_target
from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.data.splits.scheme import folds_of, holdout_of
from lossbench.errors import UserError

CASES = Path(__file__).parents[1] / "cases"


def target(values, task="auto"):
    return read_target(pd.Series(values, name="y"), "number", task, lambda row: f"row {row}")


@pytest.mark.parametrize(("file", "name", "once"), [("counts", "visits", "6, 8, 31"), ("rings", "rings", "17")])
def test_counts_of_a_file_are_read_as_amounts(file, name, once):
    table = load(DataSource(file=str(CASES / f"{file}.csv"), target=name))
    assert table.task == "regression"
    (note,) = (note for note in table.notes if "read as a number" in note)
    assert f"of which {once} occur" in note
    assert "--task multiclass --min-class-rows 2" in note
    classes = load(DataSource(file=str(CASES / f"{file}.csv"), target=name, task="multiclass", min_class_rows=2))
    assert classes.task == "multiclass"


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, np.float16, np.float64])
@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1, 2, 5] * 5 + [9], "regression"),  # gaps, and one occurs once
        ([*range(12)] * 3 + [12], "regression"),  # more than ten, and one occurs once
        ([0, 1, 2, 5] * 5, "multiclass"),  # gaps, but each comes again
        ([3, 4, 5, 6, 7, 8] * 4, "multiclass"),
        ([*range(10)] * 3, "multiclass"),
        ([*range(21)] * 3, "regression"),
        ([0, 7] * 9, "binary"),
    ],
)
def test_counts_and_labels_are_told_apart_in_every_type(values, task, dtype):
    assert target(np.array(values, dtype=dtype)).task == task


def test_a_label_that_occurs_once_is_refused_with_the_other_reading():
    with pytest.raises(UserError) as error:
        target([0, 1, 2] * 5 + [3])
    assert "class '3' of the target 'y' has 1 row" in str(error.value)
    assert "task auto reads at most 20 distinct whole numbers as classes; --task regression reads them" in str(
        error.value
    )
    with pytest.raises(UserError) as error:
        target([0, 1, 2] * 5 + [3], task="multiclass")
    assert "--task regression" not in str(error.value)


def test_a_split_that_needs_more_rows_of_a_number_names_the_other_reading(tmp_path):
    rows = "".join(f"{i * 7 % 11},{label}\n" for i, label in enumerate([0, 1, 2] * 8 + [3, 3]))
    (tmp_path / "t.csv").write_text(f"a,y\n{rows}")
    table = load(DataSource(file=str(tmp_path / "t.csv"), target="y"))
    for split in (lambda: holdout_of(table, 0.2, 0.2, 0), lambda: folds_of(table, 5, 1, 0)):
        with pytest.raises(UserError, match=r"class '3' has 2 rows.*--task regression reads them as amounts; else add"):
            split()
    (tmp_path / "t.csv").write_text("a,y\n" + rows.replace(",3", ",c").replace(",0", ",a").replace(",1", ",b"))
    texts = load(DataSource(file=str(tmp_path / "t.csv"), target="y"))
    with pytest.raises(UserError) as error:
        holdout_of(texts, 0.2, 0.2, 0)
    assert "regression" not in str(error.value)
