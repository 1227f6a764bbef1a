"""Several target columns: probabilities of the classes, or several numbers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from lossbench.data.preparation import Preparation
from lossbench.data.read.build_table import read_table
from lossbench.data.source import DataSource
from lossbench.data.splits.scheme import folds_of, holdout_of, scheme
from lossbench.errors import UserError


def frame(rows: int = 40, classes: int = 3) -> pd.DataFrame:
    random = np.random.default_rng(0)
    p = random.dirichlet(np.ones(classes), rows)
    data = pd.DataFrame({"a": random.normal(size=rows), "b": random.normal(size=rows)})
    return data.assign(**{f"p{k}": p[:, k] for k in range(classes)})


def source(target: str = "p0,p1,p2", **options) -> DataSource:
    return DataSource(file="t", target=target, **options)


def test_columns_that_sum_to_1_are_probabilities_and_a_note_says_so():
    data = frame()
    table = read_table(source("p0, p1, p2"), data)
    assert (table.task, table.classes, list(table.features)) == ("multiclass", ("p0", "p1", "p2"), ["a", "b"])
    assert table.target_name == "p0, p1, p2"
    assert np.array_equal(table.soft, data[["p0", "p1", "p2"]].to_numpy())
    assert np.array_equal(table.target, table.soft.argmax(1))
    assert any("read as probabilities of 3 classes: each row sums to 1" in note for note in table.notes)
    assert table.class_totals == pytest.approx(table.soft.sum(0))


def test_two_columns_are_two_classes():
    assert read_table(source("p0,p1"), frame(classes=2)).task == "binary"


def test_one_column_whose_name_has_a_comma_is_one_column():
    data = frame().rename(columns={"p0": "p0,p1"})
    table = read_table(source("p0,p1", drop=["p1", "p2"]), data)
    assert (table.task, table.targets, table.target.ndim) == ("regression", (), 1)


@pytest.mark.parametrize("task", ["multiclass", "auto"])
@pytest.mark.parametrize(
    ("row", "value", "why"),
    [
        (3, -0.2, r"column 'p1' is negative in row 3: -0.2"),
        (5, 0.9999, r"p0, p1, p2 sum to 1\.\d+ in row 5"),
    ],
)
def test_a_row_that_holds_none_is_named(task, row, value, why):
    data = frame()
    data.loc[row, "p1"] = value
    if task == "multiclass":
        with pytest.raises(UserError, match=rf"^t: {why}, where a multiclass target of several columns holds prob"):
            read_table(source(task=task), data)
        return
    table = read_table(source(), data)
    assert (table.task, table.targets) == ("regression", ("p0", "p1", "p2"))
    assert any("read as 3 numbers" in note for note in table.notes)
    if value > 0:  # near enough to probabilities to be a mistake
        assert "row 5" in table.target_note


def test_four_decimals_of_twenty_classes_are_near_enough_and_two_are_not():
    data = frame(60, 20)
    names = [f"p{k}" for k in range(20)]
    assert read_table(source(",".join(names)), data.round(dict.fromkeys(names, 4))).soft is not None
    assert read_table(source(",".join(names)), data.round(dict.fromkeys(names, 2))).soft is None


def test_nothing_is_divided_by_its_sum():
    data = frame()
    data["p0"] += 5e-4
    table = read_table(source(), data)
    assert table.soft.sum(1) == pytest.approx(np.full(40, 1.0005), abs=1e-12)


def test_the_task_overrules():
    table = read_table(source(task="regression"), frame())
    assert (table.task, table.soft, table.target.shape) == ("regression", None, (40, 3))
    with pytest.raises(UserError, match="a binary target has two columns of probabilities, not 3"):
        read_table(source(task="binary"), frame())


@pytest.mark.parametrize(
    ("target", "change", "why"),
    [
        ("p0,p0", {}, "column 'p0' comes twice in the target"),
        ("p0,q", {}, "no column 'q'; columns are a, b, p0, p1, p2"),
        ("p0,p1", {"p1": "x"}, "column 'p1' of the target holds text values"),
        ("p0,p1", {"p1": 0.5}, "the target 'p1' has one value"),
        ("p0,p1,p2", {"p0": 0.2, "p1": 0.3, "p2": 0.5}, "has the same probabilities in every row"),
        ("p0,p1", {"p1": [None, *range(39)]}, "1 row has no target"),
    ],
)
def test_what_is_no_target_is_one_line(target, change, why):
    with pytest.raises(UserError, match=why):
        read_table(source(target), frame().assign(**change))


def test_a_target_has_one_role():
    for options in ({"drop": ["p1"]}, {"groups": "p1"}, {"weights": "p1"}):
        with pytest.raises(UserError, match="column 'p1' is the target and"):
            read_table(source(**options), frame())


def test_splits_are_stratified_by_the_most_probable_class_and_rare_ones_do_not_stop_them():
    data = frame(100)
    table = read_table(source(), data)
    assert scheme(table, "folds") == "stratified k-fold"
    for fold in folds_of(table, 5, 1, 0):
        share = np.bincount(table.target[fold.test], minlength=3) / len(fold.test)
        assert share == pytest.approx(np.bincount(table.target) / 100, abs=1 / len(fold.test))  # within a row
    most = table.target
    data.loc[most == 2, ["p1", "p2"]] = data.loc[most == 2, ["p2", "p1"]].to_numpy()
    data.loc[0, ["p0", "p1", "p2"]] = [0.1, 0.1, 0.8]  # the one row of the third class
    rare = read_table(source(), data)
    assert np.bincount(rare.target)[2] == 1
    assert len(holdout_of(rare, 0.2, 0.2, 0).test) == 20


def test_soft_targets_are_part_of_the_fingerprint():
    data = frame()
    hardly = data.assign(p0=data["p0"] + 1e-4, p1=data["p1"] - 1e-4)
    assert np.array_equal(read_table(source(), data).target, read_table(source(), hardly).target)
    assert read_table(source(), data).fingerprint() != read_table(source(), hardly).fingerprint()


def test_several_numbers_have_a_unit_each_and_it_comes_back_from_json():
    data = frame().assign(y1=np.arange(40) ** 1.5, y2=np.random.default_rng(1).normal(5, 100, 40))
    table = read_table(source("y1,y2"), data)
    assert (table.task, table.targets, table.target_name) == ("regression", ("y1", "y2"), "y1, y2")
    rows = np.arange(0, 40, 2)
    preparation = Preparation.fit(table, rows, target_scale="standard")
    oracle = StandardScaler().fit(table.target[rows])
    assert preparation.target_center == pytest.approx(oracle.mean_)
    assert preparation.target_scale == pytest.approx(oracle.scale_)
    again = Preparation.from_json(preparation.to_json())
    assert (again.target_center, again.target_scale) == (preparation.target_center, preparation.target_scale)


def test_a_column_that_leaks_one_of_several_targets_is_refused():
    random = np.random.default_rng(2)
    data = frame().assign(y1=random.normal(size=40), y2=random.normal(size=40))
    with pytest.raises(UserError, match="column 'a' determines the target 'y1, y2'"):
        read_table(source("y1,y2"), data.assign(a=3 * data["y2"] + 1))
