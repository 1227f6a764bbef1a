"""Reference models score what scikit-learn scores on the same rows, and take part in no test."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, root_mean_squared_error
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from lossbench.data.table import Table
from lossbench.experiments.compare.plan import ComparePlan, plan
from lossbench.experiments.compare.run import run
from lossbench.record import CompareRecord
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.compare.members_csv import members_csv
from tests.experiments.compare.comparisons import config


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with threadpool_limits(1):
        yield


BOTH = ["linear", "boosting"]


def compared(data: str, **other: object) -> tuple[ComparePlan, CompareRecord]:
    planned = plan(config(data, reference="linear,boosting", optim={"epochs": 1}, **other))
    return planned, run(planned)


@pytest.fixture(scope="module")
def iris() -> tuple[ComparePlan, CompareRecord]:
    return compared("iris", losses="ce,brier", folds=5)


def rows(table: Table, fold) -> tuple[np.ndarray, np.ndarray]:
    x = table.features.to_numpy(dtype=np.float64)
    scaler = StandardScaler().fit(x[fold.train])
    return scaler.transform(x[fold.train]), scaler.transform(x[fold.test])


def test_references_of_classes_score_what_scikit_learn_scores(iris) -> None:
    planned, record = iris
    (entry,) = planned.tables
    linear, boosting = record.references
    assert [linear.estimator, boosting.estimator] == ["LogisticRegression", "HistGradientBoostingClassifier"]
    for i, fold in enumerate(entry.folds):
        y, (train, test) = entry.table.target, rows(entry.table, fold)
        by_hand = LogisticRegression(max_iter=1000).fit(train, y[fold.train])
        found = linear.members[i]
        assert found.split == {"repeat": fold.repeat, "fold": fold.fold}
        assert found.test["accuracy"] == pytest.approx(accuracy_score(y[fold.test], by_hand.predict(test)))
        # prepared inputs are float32 (6e-8), and lbfgs stops at a gradient of 1e-4
        expected = log_loss(y[fold.test], by_hand.predict_proba(test))
        assert found.test["log_loss"] == pytest.approx(expected, rel=1e-3)
        trees = HistGradientBoostingClassifier(random_state=0).fit(train.astype(np.float32), y[fold.train])
        assert boosting.members[i].test["accuracy"] == pytest.approx(
            accuracy_score(y[fold.test], trees.predict(test.astype(np.float32)))
        )


def test_references_of_values_score_what_scikit_learn_scores() -> None:
    planned, record = compared("diabetes", losses="mse,l1")
    (entry,) = planned.tables
    linear, boosting = record.references
    for i, fold in enumerate(entry.folds):
        y, (train, test) = entry.table.target, rows(entry.table, fold)
        ridge = Ridge().fit(train, y[fold.train]).predict(test)
        # float32 inputs and metrics: 6e-8 a value, less in their mean
        assert linear.members[i].test["rmse"] == pytest.approx(root_mean_squared_error(y[fold.test], ridge), rel=1e-4)
        assert linear.members[i].test["mae"] == pytest.approx(mean_absolute_error(y[fold.test], ridge), rel=1e-4)
        trees = HistGradientBoostingRegressor(random_state=0).fit(train.astype(np.float32), y[fold.train])
        expected = root_mean_squared_error(y[fold.test], trees.predict(test.astype(np.float32)))
        assert boosting.members[i].test["rmse"] == pytest.approx(expected, rel=1e-3)


def test_references_are_shown_and_not_tested(iris) -> None:
    _, record = iris
    (table,) = compare(record).tables
    assert [row.name for row in table.references] == BOTH
    for row in table.references:
        assert (row.word, row.rank, row.p, row.p_adjusted, row.low, row.difference_low) == (
            "reference, not a loss",
            *[None] * 5,
        )
        assert row.mean == pytest.approx(
            np.mean([m.test["accuracy"] for one in record.references if one.name == row.name for m in one.members])
        )
    alone = record.model_copy(update={"references": []})
    assert [row.model_dump() for row in compare(alone).tables[0].rows] == [row.model_dump() for row in table.rows]
    # nets of one epoch with 8 units know less than a linear model
    assert any("linear (LogisticRegression; a reference, not a loss) scores" in note for note in table.notes)


def test_references_are_in_every_table_of_a_report(iris) -> None:
    _, record = iris
    comparison = compare(record)
    assert "| linear (reference) | reference, not a loss | – |" in comparison_markdown(record, comparison)
    lines = [line for line in csv.DictReader(io.StringIO(members_csv(record))) if line["role"] == "reference"]
    scores = [member.test["accuracy"] for one in record.references for member in one.members]
    assert [float(line["test_accuracy"]) for line in lines] == scores
    assert {line["verdict"] for line in lines} == {"reference, not a loss"}
    again = CompareRecord.model_validate_json(record.to_json())
    assert again.references == record.references
    with_analysis = record.model_copy(update={"analysis": comparison})
    assert list(with_analysis.table()["result"])[-2:] == ["reference, not a loss"] * 2
