"""Splits in time: scikit-learn's windows, nothing later in training than in the test, one line where it cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.data import DataConfig
from lossbench.config.load import load as load_config
from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.data.splits.rows import OuterFold
from lossbench.data.splits.scheme import folds_of, holdout_of, scheme
from lossbench.data.splits.time import expanding_windows, inner_windows, time_holdout
from lossbench.errors import UserError
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.train.plan import plan_train
from tests.experiments.compare.comparisons import config as tiny
from tests.experiments.compare.comparisons import finished, of_role


@settings(max_examples=40, deadline=None)
@given(st.integers(12, 200), st.integers(2, 8), st.integers(0, 1000))
def test_the_windows_are_scikit_learns(rows: int, folds: int, seed: int) -> None:
    """Of rows in any order: the oracle is given them sorted by time."""
    time = np.random.default_rng(seed).permutation(rows)
    order = np.argsort(time)
    oracle = TimeSeriesSplit(folds).split(order)
    for mine, (train, test) in zip(expanding_windows(time, folds), oracle, strict=True):
        assert np.array_equal(mine.train, np.sort(order[train]))
        assert np.array_equal(mine.test, np.sort(order[test]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 4))
def test_equal_times_stay_together_and_nothing_later_is_trained_on(seed: int, folds: int) -> None:
    time = np.random.default_rng(seed).integers(0, 20, 300)
    split = time_holdout(time, 0.2, 0.2)
    parts = [split.train, split.validation, split.test]
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(300))
    assert time[split.train].max() < time[split.validation].min()
    assert time[split.validation].max() < time[split.test].min()
    tested = []
    for fold in expanding_windows(time, folds):
        assert time[fold.train].max() < time[fold.test].min()
        tested += fold.test.tolist()
    assert len(set(tested)) == len(tested)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 4), st.integers(1, 5))
def test_inner_windows_are_scikit_learns_windows_of_each_training_part(seed: int, folds: int, count: int) -> None:
    """All times differ, and a value as target: no window is left out."""
    time = np.random.default_rng(seed).permutation(120)
    table = replace(load(DataSource(name="diabetes")), time=None)
    table = replace(table, features=table.features.iloc[:120], target=table.target[:120], time=time)
    outer = expanding_windows(time, folds)
    inner = inner_windows(table, outer, count)
    for place, fold in enumerate(outer):
        mine = [one for one in inner if one.first == place]
        order = fold.train[np.argsort(time[fold.train])]
        oracle = list(TimeSeriesSplit(max(count, 2), test_size=int(0.4 * len(order) / count)).split(order))[-count:]
        assert len(mine) == len(oracle)
        for one, (train, validation) in zip(mine, oracle, strict=True):
            assert one.second == place
            assert np.array_equal(one.train, np.sort(order[train]))
            assert np.array_equal(one.validation[one.choosing_part(place)], np.sort(order[validation]))
            assert len(np.concatenate(one.validation)) == len(validation)  # no row is scored twice


def test_inner_windows_without_a_class_are_left_out_and_their_lack_is_one_line() -> None:
    table = load(DataSource(name="iris"))
    table = replace(table, time=np.arange(150))  # sorted by class: no early window has all three
    with pytest.raises(UserError, match="has no earlier rows of every class to choose trials on"):
        inner_windows(table, [OuterFold(0, 0, np.arange(110), np.arange(110, 150))], 2)
    kept = inner_windows(table, [OuterFold(0, 0, np.arange(140), np.arange(140, 150))], 4)
    assert [len(one.train) for one in kept] == [112, 126]


def sales(days: int = 480) -> pd.DataFrame:
    random = np.random.default_rng(0)
    when = pd.date_range("2023-03-01", periods=days).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"when": when, "price": random.normal(size=days), "y": random.normal(size=days)})
    return frame.sample(frac=1, random_state=0)  # the file need not be in order


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    sales().to_csv("sales.csv", index=False)
    return "sales.csv"


def test_a_column_of_a_file_orders_the_rows_and_is_no_feature(file: str) -> None:
    table = load(DataSource(file=file, target="y", time="when"))
    assert list(table.features.columns) == ["price"]
    when = pd.to_datetime(sales()["when"]).to_numpy()
    split = holdout_of(table, 0.2, 0.2, 0)
    assert (len(split.train), len(split.validation), len(split.test)) == (288, 96, 96)
    assert set(when[split.test]) == set(np.sort(when)[-96:])
    assert [len(fold.test) for fold in folds_of(table, 5, 3, 0)] == [80] * 5
    assert (scheme(table, "holdout"), scheme(table, "folds")) == ("holdout in time", "expanding windows in time")
    kept = load(DataSource(file=file, target="y", time="when", keep=["when"]))
    assert list(kept.features.columns) == ["when", "price"]


def test_a_plan_has_the_windows_once(file: str) -> None:
    data = {"file": file, "target": "y", "time": "when"}
    config = load_config(None, (), (), "compare-losses")
    assert isinstance(config, CompareConfig)
    found = plan(config.model_copy(update={"data": [DataConfig(**data)]}))
    assert (found.config.repeats, len(found.tables[0].folds)) == (1, 5)
    assert found.protocol.scheme == "expanding windows in time"
    with pytest.raises(UserError, match=r"repeats: windows in time cannot be repeated 3 times; choose repeats 1"):
        plan(CompareConfig(data=[DataConfig(**data)], repeats=3))
    trained = plan_train(TrainConfig(data=DataConfig(**data), seeds=3))
    assert (len(trained.splits), trained.config.split.per_seed) == (1, False)
    assert "rows in time have one split: the 3 seeds change the nets only" in trained.table.notes


def test_a_comparison_in_time_trains_on_a_share_of_what_came_before(file: str) -> None:
    data = {"file": file, "target": "y", "time": "when"}
    record = finished(tiny(data, losses="mse,l1", train_share=[0.5, 1.0], optim={"epochs": 3, "batch_size": 16}))
    assert record.status == "ok"
    sizes = {run.condition["train_share"]: [m.n_train for m in of_role(run, "refit")] for run in record.results}
    window = len(sales()) // 4  # 3 windows, and the rows before them
    whole = [window, 2 * window, 3 * window]
    assert sizes == {0.5: [rows // 2 for rows in whole], 1.0: whole}
    assert "4 later windows" in " ".join(record.protocol.text)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"time": "wehn"}, r"no column 'wehn'; columns are when, price, y \(did you mean 'when'\?\)"),
        ({"time": "y"}, "column 'y' is the target and cannot split the rows"),
        ({"time": "word"}, "data.time: column 'word' holds text values, not times"),
        ({"time": "gap"}, r"data.time: 2 rows have no time in column 'gap' \(the first is line 4\)"),
    ],
    ids=str,
)
def test_a_column_that_gives_no_times_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = sales()
    if options["time"] in ("word", "gap"):
        frame[options["time"]] = "ab" if options["time"] == "word" else frame["when"]
    if options["time"] == "gap":
        frame.iloc[[2, 9], -1] = ""
    frame.to_csv("t.csv", index=False)
    with pytest.raises(UserError, match=why):
        load(DataSource(file="t.csv", target="y", **options))


def test_too_few_times_and_late_classes_are_one_line() -> None:
    with pytest.raises(UserError, match=r"data.time: too many rows have the same time"):
        time_holdout(np.array([1, 1, 1, 1, 2, 2, 2, 2, 2, 2]), 0.2, 0.2)
    with pytest.raises(UserError, match="folds: 4 rows cannot be cut into 5 windows of time"):
        expanding_windows(np.arange(4), 5)


def test_a_class_that_comes_late_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{year},{year % 7},{'late' if year > 2080 else 'early'}" for year in range(2000, 2100)]
    Path("t.csv").write_text("year,a,y\n" + "\n".join(lines) + "\n", encoding="utf-8")
    table = load(DataSource(file="t.csv", target="y", time="year"))
    with pytest.raises(UserError, match=r"data.time: class 'late' would not be trained on: all of its rows are later"):
        holdout_of(table, 0.2, 0.2, 0)


def test_groups_and_time_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="must have groups or time, not both"):
        DataConfig(name="titanic", groups="Sex", time="Age")
