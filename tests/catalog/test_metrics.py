"""Metrics are scikit-learn's, for all members at once, and never guess."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from sklearn import metrics as sk

from lossbench.catalog.links import Link, Prediction
from lossbench.catalog.metrics import METRICS, default_metric, pinball, score_all, suiting
from lossbench.catalog.vocabulary import Task

EXACT = 1e-10  # both sides sum some ten float64 numbers


def classification(seed: int, members: int, rows: int, classes: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.normal(scale=2, size=(members, rows, classes))
    if ties:  # whole rows alike, so that no rounding of a softmax tells them apart
        scores = scores[:, rng.integers(0, rows, rows)]
    return scores, rng.integers(0, classes, rows)


def predicted(scores: np.ndarray) -> Prediction:
    return Prediction(torch.as_tensor(scores), torch.as_tensor(special.softmax(scores, -1)))


def oracle_ece(p: np.ndarray, y: np.ndarray) -> float:
    confidence, hit = p.max(-1), p.argmax(-1) == y
    total = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(hit[inside].mean() - confidence[inside].mean())
    return total


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, rows=st.integers(1, 30), classes=st.integers(2, 4), ties=st.booleans())
def test_classification_metrics_are_scikit_learn_s(seed: int, rows: int, classes: int, ties: bool):
    scores, y = classification(seed, 3, rows, classes, ties)
    ours = score_all(predicted(scores), torch.as_tensor(y), Task.BINARY if classes == 2 else Task.MULTICLASS)
    for i, score in enumerate(scores):
        label, p = score.argmax(-1), special.softmax(score, -1)
        with warnings.catch_warnings():  # scikit-learn warns of classes that do not occur; its values stand
            warnings.simplefilter("ignore")
            expected = {
                "accuracy": sk.accuracy_score(y, label),
                "balanced_accuracy": sk.balanced_accuracy_score(y, label),
                "macro_f1": sk.f1_score(y, label, average="macro"),
                "mcc": sk.matthews_corrcoef(y, label),
                "log_loss": sk.log_loss(y, p, labels=range(classes)),
                "brier": sk.brier_score_loss(y, p, labels=range(classes), scale_by_half=True),
                "ece": oracle_ece(p, y),
            }
            if len(set(y)) == classes:
                expected["auroc"] = (
                    sk.roc_auc_score(y, p[:, 1]) if classes == 2 else sk.roc_auc_score(y, p, multi_class="ovr")
                )
        for name, value in expected.items():
            assert ours[name][i].item() == pytest.approx(value, abs=EXACT), name


@settings(max_examples=20, deadline=None)
@given(seed=seeds, rows=st.integers(2, 30), quantile=st.floats(0.05, 0.95), constant=st.booleans())
def test_regression_metrics_are_scikit_learn_s(seed: int, rows: int, quantile: float, constant: bool):
    rng = np.random.default_rng(seed)
    y = np.full(rows, 3.0) if constant else rng.normal(size=rows)
    points = rng.normal(size=(2, rows))
    points[1] = y
    ours = score_all(
        Prediction(point_PN=torch.as_tensor(points)), torch.as_tensor(y), Task.REGRESSION, quantile=quantile
    )
    for i, f in enumerate(points):
        expected = {
            "rmse": sk.root_mean_squared_error(y, f),
            "mae": sk.mean_absolute_error(y, f),
            "r2": sk.r2_score(y, f),
            "pinball": sk.mean_pinball_loss(y, f, alpha=quantile),
        }
        for name, value in expected.items():
            assert ours[name][i].item() == pytest.approx(value, abs=EXACT, rel=EXACT), name


def test_ranks_survive_where_probabilities_saturate():
    """Scores of 900 and 1,000 are both probability 1.0; their order still counts, with two classes and with more."""
    score = torch.tensor([[[0.0, 900.0], [0.0, 1000.0], [0.0, 800.0]]])
    assert METRICS.get("auroc")(Prediction(score), torch.tensor([0, 1, 0])).item() == 1
    more = torch.tensor([[[0.0, 900.0, 0.0], [0.0, 1000.0, 0.0], [5.0, 0.0, 0.0]]])
    assert METRICS.get("auroc")(Prediction(more), torch.tensor([2, 1, 0])).item() > 0.6


def test_classes_that_do_not_occur_are_left_out_of_auroc():
    scores, _ = classification(0, 1, 20, 3, ties=False)
    y = np.arange(20) % 2
    log_odds = scores[0] - np.stack([special.logsumexp(np.delete(scores[0], k, 1), axis=1) for k in range(3)], 1)
    expected = np.mean([sk.roc_auc_score(y == k, log_odds[:, k]) for k in (0, 1)])
    assert METRICS.get("auroc")(predicted(scores), torch.as_tensor(y)).item() == pytest.approx(expected, abs=EXACT)


def test_one_class_has_no_ranking():
    scores, _ = classification(0, 2, 5, 2, ties=False)
    assert METRICS.get("auroc")(predicted(scores), torch.zeros(5, dtype=torch.int64)).isnan().all()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("task", list(Task))
def test_outputs_that_are_no_numbers_score_the_worst_and_touch_no_neighbour(task: Task, bad: float):
    classes = 2 if task is Task.BINARY else 3
    scores, y = classification(0, 2, 10, classes, ties=False)
    truth = torch.as_tensor(y)
    if task is Task.REGRESSION:
        whole = Prediction(point_PN=torch.as_tensor(scores[..., 0]))
        ill = whole.point_PN.clone()
        ill[1, 3] = bad
        broken = Prediction(point_PN=ill)
    else:
        whole = predicted(scores)
        score, p = whole.score_PNC.clone(), whole.probability_PNC.clone()
        score[1, 3, 0] = p[1, 3, 0] = bad
        broken = Prediction(score, p)
    good, found = score_all(whole, truth, task), score_all(broken, truth, task)
    for metric in suiting(task):
        assert found[metric.name][0] == good[metric.name][0]
        assert found[metric.name][1] == metric.worst


def test_rows_that_are_no_probabilities_score_the_worst():
    """What NLL on ReLU leaves behind: exp of the outputs is finite and no probability."""
    prediction = Link.LOG_PROBABILITY(torch.tensor([[[2.0, 0.0], [0.0, 3.0]]]))
    found = score_all(prediction, torch.tensor([0, 1]), Task.BINARY)
    assert found["accuracy"].item() == 1
    assert found["log_loss"].item() == math.inf
    assert found["brier"].item() == found["ece"].item() == 1


def test_what_a_loss_does_not_predict_is_not_applicable():
    found = score_all(Link.MARGIN(torch.randn(2, 6, 1)), torch.arange(6) % 2, Task.BINARY)
    assert [name for name, value in found.items() if value is None] == ["log_loss", "brier", "ece"]
    with pytest.raises(ValueError, match="log_loss needs a probability"):
        METRICS.get("log_loss")(Link.MARGIN(torch.randn(2, 6, 1)), torch.arange(6) % 2)


def test_one_output_is_cut_at_its_middle_and_never_argmaxed():
    out = torch.tensor([[[0.2], [0.9], [0.6], [0.4]]])
    assert Link.PROBABILITY(out).label_PN.tolist() == [[0, 1, 1, 0]]
    assert Link.LEAST_SQUARES(out).label_PN.tolist() == [[0, 1, 1, 0]]
    assert Link.MARGIN(out - 0.5).label_PN.tolist() == [[0, 1, 1, 0]]
    assert Link.SIGMOID(out - 0.5).label_PN.tolist() == [[0, 1, 1, 0]]


@pytest.mark.parametrize("metric", list(METRICS), ids=lambda metric: metric.name)
def test_a_metric_says_what_it_is(metric):
    assert metric.formula
    assert metric.tasks
    assert metric.better in {"higher", "lower"}
    assert (metric.worst <= 0) == (metric.better == "higher")


def test_defaults_and_short_forms():
    assert [default_metric(task).name for task in Task] == ["accuracy", "accuracy", "rmse"]
    assert METRICS.get("auc").name == "auroc"
    assert METRICS.get("acc").name == "accuracy"
    assert pinball(0.9).formula.startswith("Mean of max")
