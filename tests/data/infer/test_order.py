"""The order of classes is the user's or the data's word; what looks like one is only hinted at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossbench.data.infer.order import likely_order
from lossbench.data.load import load
from lossbench.data.read.build_table import read_table
from lossbench.data.source import DataSource
from lossbench.errors import UserError

GRADES = ["mid", "low", "high"] * 4


def frame(y) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(12) / 7, "y": y})


def table_of(y, **options):
    return read_table(DataSource(file="t", target="y", **options), frame(y))


def test_an_order_makes_the_task_ordinal_and_the_classes_stand_in_it():
    table = table_of(GRADES, order=["low", "mid", "high"])
    assert (table.task, table.classes) == ("ordinal", ("low", "mid", "high"))
    assert table.target[:3].tolist() == [1, 0, 2]
    assert "classes of 'y' in their order: low -> 0, mid -> 1, high -> 2" in table.notes


def test_numbers_are_in_the_order_of_their_size_where_the_task_is_ordinal():
    table = table_of([10, 2, 1] * 4, task="ordinal")
    assert (table.task, table.classes, table.target[:3].tolist()) == ("ordinal", ("1", "2", "10"), [2, 1, 0])
    assert table_of([10, 2, 1] * 4, order=["10", "1", "2"]).target[:3].tolist() == [0, 2, 1]


@pytest.mark.parametrize("y", [GRADES, [3, 1, 2] * 4])
def test_auto_never_decides_for_an_order_and_hints_at_it(y):
    table = table_of(y)
    assert table.task == "multiclass"
    hints = ["--order low,mid,high makes the task ordinal", "--task ordinal as classes in their order"]
    assert sum(hint in note for hint in hints for note in table.notes) == 1


def test_an_ordered_categorical_brings_its_order_and_a_plain_one_does_not():
    kinds = {ordered: pd.CategoricalDtype(["none", "low", "mid", "high"], ordered=ordered) for ordered in (True, False)}
    ordered, plain = (table_of(pd.Series(GRADES, dtype=kinds[which])) for which in (True, False))
    assert (ordered.task, ordered.classes) == ("ordinal", ("low", "mid", "high"))  # no row has "none"
    assert (plain.task, plain.classes) == ("multiclass", ("high", "low", "mid"))
    numbers = pd.Series([3, 1, 2] * 4, dtype=pd.CategoricalDtype([3, 1, 2], ordered=True))
    assert table_of(numbers).classes == ("3", "1", "2")
    dtype = kinds[True]
    assert table_of(pd.Series(GRADES, dtype=dtype), task="multiclass").classes == ("high", "low", "mid")
    assert table_of(pd.Series(GRADES, dtype=dtype), order=["high", "mid", "low"]).classes == ("high", "mid", "low")


@pytest.mark.parametrize("write", ["to_parquet", "to_feather"])
def test_an_ordered_dictionary_of_a_file_brings_its_order(write: str, tmp_path: Path):
    pytest.importorskip("pyarrow")
    dtype = pd.CategoricalDtype(["low", "mid", "high"], ordered=True)
    file = tmp_path / "t.parquet"
    getattr(frame(pd.Series(GRADES, dtype=dtype)), write)(file)
    table = load(DataSource(file=str(file), target="y"))
    assert (table.task, table.classes) == ("ordinal", ("low", "mid", "high"))


def test_two_classes_in_an_order_are_a_binary_task_whose_second_class_is_the_higher():
    table = table_of(["yes", "no"] * 6, order=["yes", "no"])
    assert (table.task, table.classes) == ("binary", ("yes", "no"))


def test_probabilities_of_classes_in_an_order_are_in_the_order_of_their_columns():
    p = np.random.default_rng(0).dirichlet([1, 1, 1], 12).round(3)
    p[:, 2] = 1 - p[:, 0] - p[:, 1]
    columns = pd.DataFrame({"x": np.arange(12) / 7, "c": p[:, 0], "a": p[:, 1], "b": p[:, 2]})
    as_they_stand = read_table(DataSource(file="t", target="c,a,b", task="ordinal"), columns)
    assert (as_they_stand.task, as_they_stand.classes) == ("ordinal", ("c", "a", "b"))
    ordered = read_table(DataSource(file="t", target="c,a,b", order=["a", "b", "c"]), columns)
    assert ordered.classes == ("a", "b", "c")
    assert ordered.soft is not None
    np.testing.assert_allclose(ordered.soft, p[:, [1, 2, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (GRADES, {"order": ["low", "high"]}, r"--order: class 'mid' not in it; name every class once, lowest first"),
        (GRADES, {"order": ["low"]}, r"--order: classes 'high', 'mid' not in it"),
        (GRADES, {"order": ["low", "mid", "mid", "high"]}, r"--order: class 'mid' comes 2 times; name every"),
        (GRADES, {"order": ["low", "mid", "hig"]}, r"--order: unknown class 'hig'; did you mean 'high'\?"),
        (GRADES, {"task": "ordinal"}, r"t: the classes of 'y' are texts, .* \('high', .*\); .*--order low,mid,high"),
        (["b", "c", "a"] * 4, {"task": "ordinal"}, r"name it: --order LOWEST,...,HIGHEST"),
        (GRADES, {"task": "multiclass", "order": ["low", "mid", "high"]}, r"--order: a multiclass task has no order"),
        (list(range(12)), {"task": "regression", "order": ["1"]}, r"--order: a regression has no classes"),
        ([0, 1] * 6, {"task": "ordinal"}, r"two classes; an ordinal task has three or more: --task binary"),
        (GRADES, {"task": "binary", "order": ["low", "mid", "high"]}, r"the target 'y' has 3 classes"),
    ],
)  # fmt: skip
def test_an_order_that_is_none_is_one_clear_line(y, options, message):
    with pytest.raises(UserError, match=message) as caught:
        table_of(y, **options)
    assert "\n" not in str(caught.value)


def test_a_set_that_is_ready_made_keeps_its_order():
    assert load(DataSource(name="ordered5")).task == "ordinal"
    with pytest.raises(UserError, match="--order has no effect: it says how a file is read"):
        load(DataSource(name="ordered5", order=["5", "4", "3", "2", "1"]))


@pytest.mark.parametrize(
    ("classes", "order"),
    [
        (("high", "low", "medium"), ("low", "medium", "high")),
        (("Very Good", "fair", "good", "poor"), ("poor", "fair", "good", "Very Good")),
        (("strongly-agree", "agree", "neutral"), ("neutral", "agree", "strongly-agree")),
        (("low", "high"), ()),
        (("red", "green", "blue"), ()),
        (("low", "Low", "high"), ()),
    ],
)
def test_words_of_one_scale_are_recognised(classes, order):
    assert likely_order(classes) == order
