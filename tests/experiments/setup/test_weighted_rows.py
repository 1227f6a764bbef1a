"""A row of weight k is k equal rows: in training, validation, dummies, temperature and the choice of trials."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, matthews_corrcoef, root_mean_squared_error

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.metrics import METRICS, reported
from lossbench.catalog.vocabulary import Task
from lossbench.config.data import DataConfig
from lossbench.data.table import Table
from lossbench.engine.problem import Member, Net, Problem, Training
from lossbench.engine.training.train import train
from lossbench.errors import UserError
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.run import run
from lossbench.experiments.scoring.scores import score_dummy, scores, validation_score
from lossbench.experiments.scoring.temperature import fit_temperature, log_loss_by_temperature, mean_log_loss
from lossbench.experiments.setup.metric_choice import check_metric
from lossbench.experiments.setup.pair import Pair, resolve_pair
from lossbench.experiments.setup.prepared_split import PreparedSplit, prepare_split
from lossbench.experiments.setup.shared_table import prepare_splits
from tests.experiments.compare.comparisons import config, of_role

DATA = DataConfig(name="iris")
ROWS = {"train": np.arange(0, 40), "validation": np.arange(40, 60), "test": np.arange(60, 80)}
# 30 steps in float64 from inputs that are float32: the scaled inputs differ by their rounding, 6e-8, at most.
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def table(task: str, seed: int = 0) -> Table:
    random = np.random.default_rng(seed)
    x = random.normal(size=(80, 2))
    value = x[:, 0] + 0.5 * random.normal(size=80)
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[task]
    target = value if not classes else np.digitize(value, [0] if classes == 2 else [-0.5, 0.5]).astype(np.int64)
    features, kinds = pd.DataFrame({"a": x[:, 0], "b": x[:, 1]}), {"a": "number", "b": "number"}
    weight = random.integers(1, 4, 80)
    names = tuple("rst"[:classes])
    return Table("t", task, features, kinds, target, "y", names, weights=weight / weight.mean(), weights_name="w")


def whole(weighted: Table) -> np.ndarray:
    """The weights as whole numbers again: the smallest is 1."""
    return np.rint(weighted.weights / weighted.weights.min()).astype(int)


def repeated(weighted: Table) -> tuple[Table, dict[str, np.ndarray]]:
    """The same table without weights, its rows repeated, and the parts' rows there."""
    rows = np.repeat(np.arange(len(weighted)), whole(weighted))
    part = {name: np.flatnonzero(np.isin(rows, own)) for name, own in ROWS.items()}
    return replace(weighted.take(rows), weights=None, weights_name=""), part


def trained(pair: Pair, split: PreparedSplit, metric: str):
    net = Net(split.inputs, (5,), pair.outputs, "tanh")
    chosen = METRICS.get(metric)
    problem = Problem(
        net,
        (split.fold(pair),),
        (Member(3, lr=0.05),),
        (pair.objective,),
        Training(30, None, keep="best", dtype=torch.float64),
        validation_score(chosen, [pair], [split]),
        chosen.better,
    )
    return train(problem, evaluation="t")


@pytest.mark.parametrize(
    ("loss", "task", "class_weight"),
    [
        ("cross_entropy", "binary", "none"),
        ("cross_entropy", "multiclass", "balanced"),
        ("focal", "multiclass", "none"),
        ("hinge", "binary", "none"),
        ("dice(smooth=1e-9)", "multiclass", "none"),  # of whole batches; smooth is added to sums over the rows
        ("logit_adjusted", "multiclass", "none"),  # class frequencies
        ("ldam", "binary", "none"),
        ("vector_scaling", "multiclass", "sqrt_balanced"),
        ("soft_f1", "binary", "none"),
        ("pairwise_auc", "binary", "none"),  # a pair counts the product
        ("mse", "regression", "none"),
        ("l1", "regression", "none"),
        ("gaussian_nll", "regression", "none"),
    ],
)
def test_whole_weights_are_repeated_rows_at_full_batch(loss: str, task: str, class_weight: str):
    own = table(task)
    again, parts = repeated(own)
    found = LOSSES.get("dice").bind(smooth=1e-9) if loss.startswith("dice") else LOSSES.get(loss)
    pair = resolve_pair(found, "auto", Task(task), len(own.classes), class_weight=class_weight, class_names=own.classes)
    metric = "rmse" if task == "regression" else "log_loss" if loss == "cross_entropy" else "accuracy"
    left, right = prepare_split(own, ROWS, data=DATA), prepare_split(again, parts, data=DATA)
    a, b = trained(pair, left, metric), trained(pair, right, metric)
    for key, value in a.state(0).items():
        torch.testing.assert_close(value, b.state(0)[key], **CLOSE)
    for curve in ("train_loss", "val_loss", "val_score"):
        np.testing.assert_allclose(getattr(a.members[0], curve), getattr(b.members[0], curve), rtol=1e-4, atol=1e-5)
    assert a.members[0].best_epoch == b.members[0].best_epoch
    metrics = reported(pair.task)
    lacking = {"log_loss", "brier", "ece"} if loss in {"hinge", "ldam", "pairwise_auc"} else set()
    for part in ROWS:
        ours = scores(pair, a.outputs([left.rows(part)])[0], left, part, metrics)
        expected = scores(pair, b.outputs([right.rows(part)])[0], right, part, metrics)
        assert {name for name, value in ours.items() if value is None} == lacking
        assert {k: v for k, v in ours.items() if v is not None} == pytest.approx(
            {k: v for k, v in expected.items() if v is not None}, rel=1e-4, abs=1e-5
        )


def test_without_weights_the_nets_would_be_others():
    own = table("binary")
    pair = resolve_pair(LOSSES.get("cross_entropy"), "auto", Task.BINARY, 2)
    a, b = (trained(pair, prepare_split(t, ROWS, data=DATA), "accuracy") for t in (own, replace(own, weights=None)))
    assert not torch.allclose(a.state(0)["0.weight"], b.state(0)["0.weight"], atol=1e-2)


def test_equal_weights_change_nothing():
    own = replace(table("multiclass"), weights=np.ones(80))
    pair = resolve_pair(LOSSES.get("cross_entropy"), "auto", Task.MULTICLASS, 3)
    a, b = (trained(pair, prepare_split(t, ROWS, data=DATA), "accuracy") for t in (own, replace(own, weights=None)))
    # The preparation's mean is summed in another order; the nets are equal to its rounding.
    torch.testing.assert_close(a.state(0)["0.weight"], b.state(0)["0.weight"], **CLOSE)


def test_class_weight_and_row_weights_multiply_to_a_mean_of_1():
    own = table("binary")
    pair = resolve_pair(
        LOSSES.get("cross_entropy"), "auto", Task.BINARY, 2, class_weight="balanced", class_names=own.classes
    )
    split = prepare_split(own, ROWS, data=DATA)
    weight, y = split.fold(pair).weight_N, split.truth_N["train"]
    assert weight.mean().item() == pytest.approx(1, rel=1e-6)
    assert weight[y == 0].sum().item() == pytest.approx(weight[y == 1].sum().item(), rel=1e-6)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_dummy_is_scikit_learns_with_sample_weight(task: str):
    own = table(task)
    split = prepare_split(own, ROWS, data=DATA)
    found = score_dummy(split, len(own.classes), "test", reported(Task(task)))
    train, test, w = ROWS["train"], ROWS["test"], own.weights
    x = own.features.to_numpy()
    if task == "regression":
        oracle = DummyRegressor().fit(x[train], own.target[train], sample_weight=w[train])
        assert found["rmse"] == pytest.approx(
            root_mean_squared_error(own.target[test], oracle.predict(x[test]), sample_weight=w[test]), rel=1e-9
        )
        return
    oracle = DummyClassifier().fit(x[train], own.target[train], sample_weight=w[train])
    expected = log_loss(own.target[test], oracle.predict_proba(x[test]), sample_weight=w[test])
    assert found["log_loss"] == pytest.approx(expected, rel=1e-9)
    assert found["accuracy"] == pytest.approx(oracle.score(x[test], own.target[test], sample_weight=w[test]), rel=1e-9)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_dummy_of_equal_rows_is_scikit_learns(task: str):
    """Classes scored as one row each are what scikit-learn makes of all rows, to the rounding of their sums."""
    own = replace(table(task), weights=None)
    found = score_dummy(prepare_split(own, ROWS, data=DATA), len(own.classes), "test", reported(Task(task)))
    x, y = own.features.to_numpy(), own.target
    oracle = DummyClassifier().fit(x[ROWS["train"]], y[ROWS["train"]])
    truth, label = y[ROWS["test"]], oracle.predict(x[ROWS["test"]])
    p = oracle.predict_proba(x[ROWS["test"]])
    expected = {
        "accuracy": (label == truth).mean(),
        "balanced_accuracy": balanced_accuracy_score(truth, label),
        "f1_macro": f1_score(truth, label, average="macro"),
        "mcc": matthews_corrcoef(truth, label),
        "auroc": 0.5,
        "log_loss": log_loss(truth, p),
        "brier": ((p - np.eye(len(own.classes))[truth]) ** 2).sum(-1).mean() / 2,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_a_temperature_is_fitted_to_weighted_rows():
    random = np.random.default_rng(2)
    score, y, w = random.normal(scale=3, size=(1, 12, 3)), random.integers(0, 3, 12), random.integers(1, 4, 12)
    rows = np.repeat(np.arange(12), w)
    loss = log_loss_by_temperature(torch.from_numpy(score), torch.from_numpy(y)[None])
    again = log_loss_by_temperature(torch.from_numpy(score[:, rows]), torch.from_numpy(y[rows])[None])
    ours, expected = mean_log_loss(loss, torch.from_numpy(w.astype(float))[None]), mean_log_loss(again)
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)
    assert fit_temperature(ours.numpy(), 12) == pytest.approx(fit_temperature(expected.numpy(), 12))


def test_a_metric_without_weights_is_refused_on_a_weighted_table():
    mute = replace(METRICS.get("accuracy"), takes_weights=False)
    with pytest.raises(UserError, match="accuracy takes no weights, and the rows of t are weighted by w"):
        check_metric(mute, table("binary"))
    check_metric(mute, replace(table("binary"), weights=None))


def test_large_tables_share_their_weights():
    own = table("binary")
    few, shared = (prepare_splits(own, [ROWS, ROWS], data=DATA, share_bytes=size) for size in (1 << 30, 0))
    assert shared[1].shared
    assert not few[1].shared
    for part in ROWS:
        torch.testing.assert_close(shared[1].weight_N[part], few[1].weight_N[part], rtol=0, atol=0)
    pair = resolve_pair(LOSSES.get("cross_entropy"), "auto", Task.BINARY, 2)
    torch.testing.assert_close(shared[0].fold(pair).weight_N, few[0].fold(pair).weight_N, rtol=0, atol=0)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_comparison_is_weighted_from_the_choice_to_the_references(task: str, tmp_path):
    own = table(task)
    frame = own.features.assign(y=own.target, w=whole(own))
    file = tmp_path / "t.csv"
    frame.to_csv(file, index=False)
    losses = ["cross_entropy", "hinge"] if task == "binary" else ["mse", "l1"]
    data = {"file": str(file), "target": "y", "weights": "w", "task": task}
    chosen = config(data, losses=losses, reference=["linear"], optim={"epochs": 4, "batch_size": 16})
    ready = plan(chosen)
    record = run(ready)
    assert record.data[0].weights == "w"
    assert any(sentence.startswith("Rows are weighted by w") for sentence in record.protocol.text)
    table_, (first, *_) = ready.tables[0].table, ready.tables[0].folds
    split = prepare_split(table_, {"train": first.train, "test": first.test}, data=DATA)
    x, y, w = split.x_ND, table_.target, table_.weights
    member = of_role(record.references[0], "reference")[0]
    w_train = w[first.train] / w[first.train].mean()
    if task == "regression":
        oracle = Ridge().fit(x["train"], y[first.train], sample_weight=w_train)
        expected = root_mean_squared_error(y[first.test], oracle.predict(x["test"]), sample_weight=w[first.test])
        assert member.test["rmse"] == pytest.approx(expected, rel=1e-5)
    else:
        oracle = LogisticRegression(max_iter=1000).fit(x["train"], y[first.train], sample_weight=w_train)
        expected = log_loss(y[first.test], oracle.predict_proba(x["test"]), sample_weight=w[first.test])
        assert member.test["log_loss"] == pytest.approx(expected, rel=1e-5)
        assert sum(record.results[0].reliability.count) == pytest.approx(w.sum())  # each row is tested once
    refit = of_role(record.results[0], "refit")[0]
    assert refit.n_train == len(first.train)
    plain = run(
        plan(
            config(
                {"file": str(file), "target": "y", "drop": ["w"], "task": task},
                losses=losses,
                optim={"epochs": 4, "batch_size": 16},
            )
        )
    )
    assert plain.data[0].sha256 != record.data[0].sha256
    assert of_role(plain.results[0], "refit")[0].test != refit.test
