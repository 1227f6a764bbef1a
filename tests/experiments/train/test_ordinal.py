"""Classes in an order from the table to the predictions of a saved run, and to an estimator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import get_scorer, log_loss, mean_absolute_error

import lossbench as lb
from lossbench import MLPClassifier
from lossbench.errors import UserError
from lossbench.experiments.train.predictions import predict_file
from lossbench.record import read_record

ORDER = ["low", "mid", "high"]
KNOWING = ["ordinal_bce", "coral", "cumulative_link", "corn", "emd", "co2"]
QUICK = {"hidden": (8,), "lr": 0.02, "random_state": 0}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def graded(rows: int = 240) -> pd.DataFrame:
    """Grades of a noisy score of two numbers."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(rows, 2))
    score = x @ [1.5, -1.0] + rng.logistic(scale=0.5, size=rows)
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.array(ORDER)[np.digitize(score, [-1, 1])]})


def test_a_saved_run_predicts_the_median_that_its_metric_was_scored_by(tmp_path: Path):
    frame = graded()
    frame.to_csv(tmp_path / "t.csv", index=False)
    lb.train(
        str(tmp_path / "t.csv"), target="y", order=ORDER, loss="coral", epochs=5, threads=1, device="cpu",
        output=tmp_path / "out",
    )  # fmt: skip
    (record_file,) = (tmp_path / "out").rglob("result.json")
    record = read_record(record_file.parent)
    assert (record.data.task, record.data.classes) == ("ordinal", ORDER)
    columns = predict_file(record_file.parent, tmp_path / "t.csv").columns
    assert list(columns) == ["y", "median(y)", "P(low)", "P(mid)", "P(high)"]
    p = np.array([columns[f"P({label})"] for label in ORDER]).T
    # probabilities are written with seven digits
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    assert columns["y"] == [ORDER[k] for k in p.argmax(1)]
    assert columns["median(y)"] == [ORDER[k] for k in (np.cumsum(p[:, :-1], 1) < 0.5).sum(1)]
    rank = {label: k for k, label in enumerate(ORDER)}
    truth, median = (np.array([rank[label] for label in labels]) for labels in (frame["y"], columns["median(y)"]))
    (member,) = record.results[0].members
    parts = [len(frame) * share for share in (0.6, 0.2, 0.2)]
    scored = [member.train["mae_ranks"], member.val["mae_ranks"], member.test["mae_ranks"]]
    whole = np.average(scored, weights=parts)
    assert mean_absolute_error(truth, median) == pytest.approx(whole, abs=1e-9)  # 144, 48 and 48 rows


@pytest.mark.parametrize("loss", KNOWING)
def test_an_estimator_learns_an_order(loss: str):
    frame = graded()
    x, y = frame[["a", "b"]].to_numpy(), frame["y"].to_numpy()
    net = MLPClassifier(loss, order=ORDER, epochs=40, **QUICK).fit(x, y)
    assert net.classes_.tolist() == ORDER
    assert net.score(x, y) > 0.7  # always the most frequent class: 0.45
    p = net.predict_proba(x)
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    assert net.predict(x).tolist() == [ORDER[k] for k in p.argmax(1)]


def test_an_estimator_of_thresholds_goes_on_and_keeps_them_without_weights():
    frame = graded()
    x, y = frame[["a", "b"]].to_numpy(), frame["y"].to_numpy()
    net = MLPClassifier("coral", order=ORDER, epochs=2, warm_start=True, **QUICK).fit(x, y).fit(x, y)
    passes = MLPClassifier("coral", order=ORDER, **QUICK)
    for start in range(3):
        passes.partial_fit(x[start::3], y[start::3], classes=sorted(ORDER))
    for one in (net, passes):
        assert one.classes_.tolist() == ORDER
        assert not one.coefs_[-1][:, 1:].any()
        assert one.intercepts_[-1][1:].all()


def test_held_out_rows_of_an_estimator_are_scored_by_ranks():
    frame = graded()
    x, y = frame[["a", "b"]].to_numpy(), frame["y"].to_numpy()
    net = MLPClassifier("corn", order=ORDER, epochs=15, keep="best", **QUICK).fit(x, y)
    assert net.best_validation_score_ == min(net.validation_scores_)  # a distance: the least is the best


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (["low", "mid"], r"order: class 'high' not in it; name every class once, lowest first"),
        (["low", "mid", "high", "top"], r"order: unknown class 'top'"),
        (["low", "low", "mid", "high"], r"order: class 'low' comes 2 times"),
        (None, r"coral supports ordinal, .* multiclass task; .* say the order of the classes \(order\)"),
    ],
)
def test_an_estimators_order_that_is_none_is_refused(order, message):
    frame = graded(30)
    with pytest.raises(UserError, match=message):
        MLPClassifier("coral", order=order).fit(frame[["a", "b"]], frame["y"])


def test_an_ordered_categorical_is_ordinal_in_a_table_and_in_an_estimator_where_its_order_is_named(tmp_path: Path):
    frame = graded()
    x, y = frame[["a", "b"]], pd.Series(pd.Categorical(frame["y"], ORDER, ordered=True), name="y")
    few = {"epochs": 5, **QUICK}
    record = lb.train(x.assign(y=y), "y", epochs=1, threads=1, device="cpu", output=tmp_path, progress=False)
    assert (record.data.task, record.data.classes) == ("ordinal", ORDER)
    net = MLPClassifier("coral", order=y.cat.categories, **few).fit(x, y)
    assert net.classes_.tolist() == ORDER
    listed = MLPClassifier("coral", order=ORDER, **few).fit(x, frame["y"])
    np.testing.assert_array_equal(net.predict_proba(x), listed.predict_proba(x))
    with pytest.raises(UserError, match=r"coral supports ordinal, .* multiclass task"):
        MLPClassifier("coral", **few).fit(x, y)


def test_without_a_named_order_classes_are_sorted_as_scikit_learns_scorers_expect():
    frame = graded()
    x, y = frame[["a", "b"]], pd.Series(pd.Categorical(frame["y"], ORDER, ordered=True), name="y")
    plain = MLPClassifier(epochs=5, **QUICK).fit(x, y)
    assert plain.classes_.tolist() == sorted(ORDER)

    def scorer_and_own(net: MLPClassifier) -> tuple[float, float]:
        place = {label: k for k, label in enumerate(net.classes_)}
        return -get_scorer("neg_log_loss")(net, x, y), log_loss([place[v] for v in frame["y"]], net.predict_proba(x))

    assert scorer_and_own(plain)[0] == pytest.approx(scorer_and_own(plain)[1], rel=1e-12)
    scorer, own = scorer_and_own(MLPClassifier(order=ORDER, epochs=20, **QUICK).fit(x, y))
    assert scorer > 1.5 * own
