"""What is shown before training is what training would do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lossbench.data.describe import describe
from lossbench.data.load import load
from lossbench.data.preparation import Preparation
from lossbench.data.source import DataSource
from lossbench.errors import UserError

CSV = "id,age,sex,city,joined,copy,y\n" + "".join(
    f"{i + 1},{20 + i * 7 % 40 if i % 9 else ''},{'mf'[i * i // 3 % 2]},town {i},"
    f"2024-01-{i % 28 + 1:02d},{'ab'[i % 2]},{i % 2}\n"
    for i in range(60)
)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_columns_fates_and_reasons() -> None:
    Path("t.csv").write_text(CSV, encoding="utf-8")
    told = describe(DataSource(file="t.csv", target="y"))
    found = {column.name: (column.kind, column.gaps, column.use) for column in told.columns}
    assert found == {
        "id": ("number", 0, "excluded"),
        "age": ("number", 7, "kept"),
        "sex": ("text", 0, "kept"),
        "city": ("text", 0, "excluded"),
        "joined": ("date", 0, "excluded"),
        "copy": ("text", 0, "refused"),
    }
    why = {column.name: column.why for column in told.columns}
    assert why["id"] == "its whole numbers only rise"
    assert why["city"].startswith("it is text with 60 distinct values")
    assert why["joined"].startswith("it holds dates")
    (stop,) = told.stops
    assert stop == (
        "column 'copy': it determines the target; leave it out with --drop copy, or keep it with --keep copy"
    )
    assert (told.rows, told.task, told.classes, told.inputs) == (60, "binary", (("0", 30), ("1", 30)), 2)
    with pytest.raises(UserError, match="column 'copy' determines the target"):
        load(DataSource(file="t.csv", target="y"))


def test_the_hash_is_the_one_of_training() -> None:
    Path("t.csv").write_text(CSV, encoding="utf-8")
    source = DataSource(file="t.csv", target="y", drop=["copy"], dates=True)
    told, table = describe(source), load(source)
    assert told.sha256 == table.fingerprint()
    assert told.inputs == len(Preparation.fit(table, np.arange(60), dates=True).input_names)
    assert {column.name for column in told.columns if column.use == "kept"} == {"age", "sex", "joined"}


def test_named_sets_are_described_too() -> None:
    told = describe(DataSource(name="titanic-full"))
    assert (told.rows, told.inputs, told.target) == (891, 10, "Survived")
    assert told.target_example == "2 classes, the largest 61.6%, the smallest 38.4% of the rows"
    ages = next(column for column in told.columns if column.name == "Age")
    assert (ages.gaps, ages.example) == (177, "0.42 to 80, median 28")
    assert describe(DataSource(name="diabetes")).target_example.startswith("25 to 346, mean 152.133")


def test_what_train_would_stop_for_is_told() -> None:
    Path("t.csv").write_text("a,y\n1,0\n2,1\n4,0\n4,1\n", encoding="utf-8")
    (stop,) = describe(DataSource(file="t.csv", target="y")).stops
    assert stop.startswith("class '0' has 2 rows; the split into 3 parts needs at least 3")
    Path("t.csv").write_text("a,y\n" + "1,0\n2,1\n4,0\n4,1\n" * 8, encoding="utf-8")
    source = DataSource(file="t.csv", target="y")
    assert describe(source).stops == ()


def test_rare_levels_and_large_numbers_are_shown_as_they_are() -> None:
    cells = [("odd" if i == 5 else "ab"[i % 2], 16777216 + i * i % 7, i // 2 % 2) for i in range(40)]
    Path("t.csv").write_text("a,n,y\n" + "".join(f"{a},{n},{y}\n" for a, n, y in cells), encoding="utf-8")
    a, n = describe(DataSource(file="t.csv", target="y")).columns
    assert (a.use, a.why) == ("kept", "1 rare value joined as (rare) ('odd')")
    assert n.example == "16777216 to 16777220, median 16777218"
