"""Copies, persons and dates on both sides of a split are counted; pandas is the one who counts otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.data import DataConfig
from lossbench.data.checks.split_caveats import split_caveats
from lossbench.data.datasets.catalogue import load_named
from lossbench.data.describe import describe
from lossbench.data.duplicates import row_hashes
from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.data.splits.scheme import folds_of, holdout_of
from lossbench.data.table import Table, level
from lossbench.errors import UserError
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.train.plan import plan_train


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_equal_rows_have_equal_numbers_and_no_others(seed: int) -> None:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "a": random.choice([0.0, -0.0, 1.5, np.nan], 60),
            "b": random.choice(["x", "y", None], 60),
            "c": random.integers(0, 3, 60),
            "d": random.choice(pd.to_datetime(["2024-01-01", "2024-01-02", None]), 60),
        }
    )
    hashes = row_hashes(frame)
    assert np.array_equal(pd.Series(hashes).duplicated(), frame.duplicated())


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Titanic four times, with a new row number each."""
    monkeypatch.chdir(tmp_path)
    table = load_named("titanic-full")
    frame = table.features.assign(y=table.target)
    frame = pd.concat([frame] * 4, ignore_index=True)
    frame.insert(0, "PassengerId", range(1, len(frame) + 1))
    frame.to_csv("copies.csv", index=False)
    return "copies.csv"


def test_copies_are_counted_and_grouped(copies: str) -> None:
    table = load(DataSource(file=copies, target="y"))
    split = holdout_of(table, 0.2, 0.2, 0)
    rows = pd.concat([table.features, pd.Series(table.target, name="y")], axis=1)
    elsewhere = rows.drop(index=split.test).drop_duplicates()
    shared = rows.iloc[split.test].merge(elsewhere, how="inner").shape[0] / len(split.test)
    (note,) = split_caveats(table, split.test)
    assert level(note) == "warning"
    assert note == (
        f"{rows.duplicated().sum()} of 3564 rows repeat an earlier row (features and target are equal); {shared:.0%} "
        "of the test rows are in another part too (--groups duplicates keeps equal rows in one part): test scores are "
        "too good"
    )
    grouped = load(DataSource(file=copies, target="y", groups="duplicates"))
    for fold in folds_of(grouped, 5, 1, 0):
        parts = [pd.MultiIndex.from_frame(grouped.features.iloc[part].astype(str)) for part in (fold.train, fold.test)]
        assert not parts[0].isin(parts[1]).any()
    (note,) = split_caveats(grouped, holdout_of(grouped, 0.2, 0.2, 0).test)
    assert level(note) == "note"


def test_copies_make_scores_too_good_and_groups_do_not(copies: str) -> None:
    """A tree finds a copy of nearly every test row, unless copies stay together: then it scores as on one Titanic."""
    once = load_named("titanic-full")
    assert once.target.mean() == pytest.approx(0.384, abs=1e-3)
    shuffled, grouped = (load(DataSource(file=copies, target="y", groups=groups)) for groups in (None, "duplicates"))
    score = {}
    for name, table in (("once", once), ("shuffled", shuffled), ("grouped", grouped)):
        columns = pd.get_dummies(table.features.drop(columns="PassengerId", errors="ignore"), dummy_na=True).fillna(-1)
        score[name] = np.mean(
            [
                DecisionTreeClassifier(random_state=0)
                .fit(columns.iloc[fold.train], table.target[fold.train])
                .score(columns.iloc[fold.test], table.target[fold.test])
                for fold in folds_of(table, 5, 1, 0)
            ]
        )
    assert score["shuffled"] > 0.9
    assert score["grouped"] < 0.82
    # the 891 passengers' five folds have a standard error of about .015
    assert score["grouped"] == pytest.approx(score["once"], abs=0.05)


def test_data_and_plans_say_it(copies: str) -> None:
    told = [note for note in describe(DataSource(file=copies, target="y")).notes if "repeat an earlier row" in note]
    assert len(told) == 1
    data = DataConfig(file=copies, target="y")
    assert told[0] in plan_train(TrainConfig(data=data)).table.notes
    (entry,) = plan(CompareConfig(data=[data])).tables
    assert any(note.endswith("test scores are too good") for note in entry.table.notes)
    grouped = describe(DataSource(file=copies, target="y", groups="duplicates"))
    assert any("none of them is in the test part and in another" in note for note in grouped.notes)


def test_a_column_called_duplicates_is_that_column(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    lines = [f"{i % 7},{i // 4},{i % 2}" for i in range(40)]
    file.write_text("a,duplicates,y\n" + "\n".join(lines) + "\n", encoding="utf-8")
    table = load(DataSource(file=str(file), target="y", groups="duplicates"))
    assert table.groups is not None
    assert np.array_equal(table.groups, np.arange(40) // 4)
    assert list(table.features.columns) == ["a"]


def test_named_sets_are_grouped_too_and_told_when_a_few_rows_are_alike() -> None:
    table = load(DataSource(name="titanic-full", groups="duplicates"))
    assert table.groups is not None
    assert len(set(table.groups)) == len(table.features.drop_duplicates()) < 891
    table = load(DataSource(name="titanic-full"))
    (note,) = split_caveats(table, holdout_of(table, 0.2, 0.2, 0).test)
    assert level(note) == "note"
    with pytest.raises(UserError, match="unknown column 'duplicate'"):
        load(DataSource(name="titanic-full", groups="duplicate"))


def test_coarse_tables_have_equal_rows_by_their_nature() -> None:
    random = np.random.default_rng(0)
    columns = pd.DataFrame(random.integers(0, 2, (200, 3)).astype(float), columns=list("abc"))
    table = Table("t", "binary", columns, dict.fromkeys("abc", "number"), random.integers(0, 2, 200), "y", ("n", "y"))
    (note,) = split_caveats(table, holdout_of(table, 0.2, 0.2, 0).test)
    assert level(note) == "note"


@pytest.mark.parametrize("name", ["patient_id", "patientId", "patient", "Store", "sensor_name", "customers"])
def test_persons_on_both_sides_are_said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    frame = pd.DataFrame({name: np.arange(300) // 6, "x": random.normal(size=300), "y": random.normal(size=300)})
    frame = frame.sample(frac=1, random_state=0)
    frame.to_csv("t.csv", index=False)
    table = load(DataSource(file="t.csv", target="y"))
    split = holdout_of(table, 0.2, 0.2, 0)
    person = frame[name].to_numpy()
    both = len(set(person[split.test]) & set(np.delete(person, split.test)))
    (note,) = split_caveats(table, split.test)
    assert note.startswith(
        f"column {name!r} is named like a panel's id, and {both} of its 50 values are in the test part and in another"
    )
    grouped = load(DataSource(file="t.csv", target="y", groups=name))
    assert split_caveats(grouped, holdout_of(grouped, 0.2, 0.2, 0).test) == []


def test_dates_that_are_shuffled_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    days = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    random = np.random.default_rng(0)
    pd.DataFrame({"day": days, "x": random.normal(size=60), "y": random.normal(size=60)}).to_csv("t.csv", index=False)
    notes = describe(DataSource(file="t.csv", target="y")).notes
    (note,) = (note for note in notes if "holds dates" in note)
    assert (level(note), note.endswith("--time day tests on the latest rows")) == ("note", True)
    assert not any("holds dates" in note for note in describe(DataSource(file="t.csv", target="y", time="day")).notes)
