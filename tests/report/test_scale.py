"""What a ROPE of 1% is for each kind of metric, where scores end, and what the dummy is worth."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.dummy import DummyClassifier
from sklearn.metrics import brier_score_loss

from lossbench.catalog.metrics import METRICS
from lossbench.experiments.scoring.scores import metric_record
from lossbench.record import MetricRecord
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.scale import floor_of, unit_of, way_to_perfect, within_range
from tests.report.compare.planted import Planted, planted_record


def dummy_of_breast_cancer() -> dict[str, float]:
    x, y = load_breast_cancer(return_X_y=True)
    probability = DummyClassifier(strategy="prior").fit(x, y).predict_proba(x)[:, 1]
    return {"accuracy": float(y.mean()), "brier": float(brier_score_loss(y, probability)), "ece": 0.0}


def test_an_error_is_measured_by_the_majority_class_and_a_share_of_rows_by_itself():
    dummy = dummy_of_breast_cancer()
    assert unit_of(metric_record(METRICS.get("accuracy")), dummy) == 1
    # p (1 - p) for a share p of 357 / 569: 0.2338.
    assert unit_of(metric_record(METRICS.get("brier")), dummy) == pytest.approx(0.2338, abs=1e-4)
    # The dummy is calibrated, so its calibration error is no scale; its share of errors is.
    assert unit_of(metric_record(METRICS.get("ece")), dummy) == pytest.approx(212 / 569)
    assert floor_of(metric_record(METRICS.get("ece")), dummy) is None


def test_the_rope_of_a_brier_score_is_said_with_its_size():
    record = planted_record((Planted("cross_entropy"), Planted("mse")))
    record.protocol.metric, record.protocol.better = "log_loss", "lower"
    comparison = compare(record)
    assert comparison.tables[0].rope == pytest.approx(0.01 * 0.675)
    assert comparison.rope_text == "±0.0068 (1% of the majority class's error)"


@pytest.mark.parametrize("metric", list(METRICS), ids=lambda metric: metric.name)
def test_every_metric_declares_its_range_and_its_worst_value_ends_it(metric):
    low, high = metric.bounds
    assert low < high
    assert metric.worst == (low if metric.better == "higher" else high)
    assert metric_record(metric).low == (low if np.isfinite(low) else None)


def test_an_interval_is_cut_at_both_ends_of_the_range():
    accuracy = MetricRecord(name="accuracy", better="higher", low=0.0, high=1.0)
    assert within_range(accuracy, -2.034, 1.2) == (0.0, 1.0)
    assert within_range(MetricRecord(name="r2", better="higher", high=1.0), -2.0, 1.2) == (-2.0, 1.0)


def test_two_splits_have_no_accuracy_below_0():
    rows = compare(planted_record(folds=2, repeats=1)).tables[0].rows
    assert all(row.low >= 0 and row.high <= 1 for row in rows if row.low is not None)


def test_a_perfect_dummy_and_an_unknown_one_leave_scores_as_they_are():
    accuracy = MetricRecord(name="accuracy", better="higher", low=0.0, high=1.0)
    assert way_to_perfect(accuracy, {"accuracy": 1.0}) == (0.0, 1.0)
    assert way_to_perfect(accuracy, {}) == (0.0, 1.0)
    assert way_to_perfect(accuracy, {"accuracy": 0.6}) == pytest.approx((0.6, 0.4))
    assert way_to_perfect(MetricRecord(name="rmse", better="lower", low=0.0, rope="dummy_error"), {"rmse": 8.0}) == (
        8.0,
        8.0,
    )
