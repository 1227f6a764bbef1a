"""The estimators are scikit-learn estimators in earnest, and the numbers are the engine's."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.estimator_checks import check_estimator

import lossbench
from lossbench import MLPClassifier, MLPRegressor
from lossbench.catalog.plugins.load_file import load_file
from lossbench.errors import LossbenchWarning, UserError


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def two_classes():
    X, y = make_classification(300, 6, n_informative=4, class_sep=1.5, random_state=0)
    return X, np.array(["no", "yes"])[y]


@pytest.mark.parametrize("estimator", [MLPClassifier(), MLPRegressor()], ids=lambda e: type(e).__name__)
@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings of scikit-learn's own
def test_scikit_learns_own_checks_pass(estimator):
    declared = {  # test_whole_weights_are_repeated_rows below has it in single precision
        "check_sample_weight_equivalence_on_dense_data": "it wants 1e-7, and nets are trained in float32 by minibatches"
    }
    results = check_estimator(estimator, on_fail="raise", on_skip=None, expected_failed_checks=declared)
    failed = {r["check_name"] for r in results if r["status"] != "passed"}
    assert failed <= {"check_array_api_input", *declared}  # wants array_api
    assert len(results) > 45


def test_it_works_in_a_pipeline_cross_validation_and_a_grid_search(iris):
    X, y = iris
    assert cross_val_score(MLPClassifier(epochs=60, lr=1e-2, random_state=0), X, y, cv=3).mean() > 0.93
    pipeline = make_pipeline(PolynomialFeatures(), MLPClassifier(epochs=20, random_state=0))
    grid = {"mlpclassifier__loss": ["focal", "hinge"], "mlpclassifier__lr": np.logspace(-3, -2, 2)}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert search.best_params_["mlpclassifier__lr"] == pytest.approx(1e-2)
    assert search.best_score_ > 0.9


def test_without_a_hidden_layer_cross_entropy_is_logistic_regression(two_classes):
    X, y = two_classes
    net = MLPClassifier(hidden=(), epochs=300, lr=0.05, batch_size=None, schedule="cosine", random_state=0).fit(X, y)
    oracle = LogisticRegression(C=np.inf).fit((X - X.mean(0)) / X.std(0), y)
    expected = oracle.predict_proba((X - X.mean(0)) / X.std(0))
    assert net.predict_proba(X) == pytest.approx(expected, abs=0.01)  # 300 steps come this near the optimum


def test_without_a_hidden_layer_squared_error_is_least_squares_in_the_targets_units():
    X, y = load_diabetes(return_X_y=True)
    net = MLPRegressor(hidden=(), epochs=400, lr=0.1, batch_size=None, schedule="cosine", random_state=0).fit(X, y)
    assert net.predict(X) == pytest.approx(Ridge(alpha=1e-9).fit(X, y).predict(X), abs=0.02 * y.std())


def test_labels_keep_their_names_and_scores_their_shapes(iris, two_classes):
    X, y = two_classes
    binary = MLPClassifier(epochs=20, random_state=0).fit(X, y)
    assert binary.classes_.tolist() == ["no", "yes"]
    assert binary.decision_function(X).shape == (300,)
    assert ((binary.decision_function(X) > 0) == (binary.predict(X) == "yes")).all()
    assert binary.predict_proba(X).sum(1) == pytest.approx(np.ones(300))
    assert binary.score(X, y) == (binary.predict(X) == y).mean()
    many = MLPClassifier("multi_margin", epochs=5, random_state=0).fit(*iris)
    assert many.decision_function(iris[0]).shape == (150, 3)


def test_probabilities_are_there_only_where_the_loss_estimates_them(two_classes):
    assert hasattr(MLPClassifier("cross_entropy"), "predict_proba")
    assert not hasattr(MLPClassifier("hinge"), "predict_proba")
    assert not hasattr(MLPClassifier("no such loss"), "predict_proba")
    with pytest.raises(AttributeError, match="predict_proba"):
        MLPClassifier("hinge", epochs=1).fit(*two_classes).predict_proba(two_classes[0])


@pytest.mark.parametrize(
    "loss", ["bce", "hinge", "kl_div", "nll", "brier", "cosine_embedding", "dice", "logit_adjusted"]
)
def test_losses_of_every_kind_learn(two_classes, loss):
    X, y = two_classes
    assert MLPClassifier(loss, epochs=40, lr=1e-2, random_state=0).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("loss", ["l1", "huber", "gaussian_nll", "poisson_nll", "mape"])
def test_regression_losses_of_every_kind_learn(loss):
    X, y = load_diabetes(return_X_y=True)
    assert MLPRegressor(loss, epochs=100, lr=1e-2, random_state=0).fit(X, y).score(X, y) > 0.3


def test_a_loss_of_ones_own_works_by_file_and_as_a_function(tmp_path, two_classes):
    file = tmp_path / "mine.py"
    file.write_text(
        "from lossbench import loss, Task, Encoding, Space, Decoder\n"
        "@loss(targets={Task.BINARY: Encoding.SIGN}, sound=(Space.REAL,), decode=Decoder.MARGIN,"
        " reference='mine')\n"
        "def mine(score, sign, *, margin: float = 1.0):\n"
        "    return (margin - sign * score).clamp(min=0).pow(3).squeeze(-1)\n"
    )
    X, y = two_classes
    options = {"loss_params": {"margin": 2.0}, "epochs": 20, "lr": 1e-2, "random_state": 0}
    by_file = MLPClassifier(f"{file}:mine", **options).fit(X, y)
    by_function = clone(MLPClassifier(load_file(str(file)).mine, **options)).fit(X, y)
    assert by_file.score(X, y) > 0.9
    assert np.array_equal(by_file.decision_function(X), by_function.decision_function(X))


def test_a_fitted_one_survives_pickling_and_later_changes_of_its_parameters(two_classes):
    X, y = two_classes
    net = MLPClassifier("focal", epochs=5, random_state=0).fit(X, y)
    before = net.predict_proba(X)
    again = pickle.loads(pickle.dumps(net)).set_params(loss="hinge", last_act="relu")
    assert np.array_equal(again.predict_proba(X), before)


def test_the_same_random_state_gives_the_same_net_and_another_another(two_classes):
    X, y = two_classes
    first, second, third = (MLPClassifier(epochs=3, random_state=s).fit(X, y).decision_function(X) for s in (0, 0, 1))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_early_stopping_keeps_the_best_epoch(two_classes):
    X, y = two_classes
    net = MLPClassifier(epochs=200, lr=1e-2, patience=5, keep="best", random_state=0).fit(X, y)
    assert net.n_iter_ == len(net.loss_curve_) == len(net.validation_scores_) == net.best_epoch_ + 5
    assert max(net.validation_scores_) == net.validation_scores_[net.best_epoch_ - 1]
    assert MLPClassifier(epochs=2).fit(X, y).validation_scores_ is None


def test_names_of_classes_do_not_choose_the_rows_that_are_held_out(iris):
    """The mean of the training rows tells which they are."""
    x, y = iris
    one, other = (
        MLPClassifier(hidden=(4,), epochs=1, keep="best", random_state=0).fit(x, np.array(names)[y])
        for names in (["a", "b", "c"], ["z", "y", "a"])
    )
    assert np.array_equal(one.center_, other.center_)


def test_class_weights_shift_the_decision(two_classes):
    X, y = two_classes
    plain, shifted = (
        MLPClassifier(epochs=10, class_weight=w, random_state=0).fit(X, y) for w in (None, {"no": 50, "yes": 1})
    )
    assert (shifted.predict(X) == "no").sum() > (plain.predict(X) == "no").sum()


def test_a_strong_l1_penalty_gives_exact_zeros(two_classes):
    net = MLPClassifier(l1=0.05, epochs=30, lr=1e-2, random_state=0).fit(*two_classes)
    assert (net.state_["0.weight"] == 0).mean() > 0.5


MISTAKES = {
    "lr: must be > 0, got -1": {"lr": -1},
    "hidden: must be >= 1, got 0": {"hidden": (0,)},
    "unknown loss 'hings'; did you mean 'hinge'?": {"loss": "hings"},
    "pinball supports regression": {"loss": "pinball"},
    "loss_params: unknown parameter 'gama'; did you mean 'gamma'?": {"loss": "focal", "loss_params": {"gama": 1}},
    "softmax needs 2 outputs": {"loss": "bce_with_logits", "last_act": "softmax"},
    "training diverged": {"optim": "sgd", "lr": 1e9, "loss": "mse", "last_act": "identity"},
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_parameter_that_cannot_be_is_a_users_mistake(two_classes, message):
    with pytest.raises(UserError) as error:
        MLPClassifier(**{"epochs": 5, "random_state": 0, **MISTAKES[message]}).fit(*two_classes)
    assert message in str(error.value)


def test_the_public_names_are_found_and_listed():
    assert lossbench.MLPClassifier is MLPClassifier
    assert {"MLPClassifier", "MLPRegressor", "train", "compare", "loss", "Task"} <= set(dir(lossbench))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lossbench.nothing


def test_a_pair_that_is_broken_is_warned_of_when_it_is_fitted():
    x, y = load_iris(return_X_y=True)
    with pytest.warns(LossbenchWarning, match="nll . relu is broken: .*; use logsoftmax as last activation"):
        MLPClassifier(loss="nll", last_act="relu", epochs=1, hidden=(4,)).fit(x, y)


# 40 steps in float32, whose rounding is 6e-8, of sums in another order.
SINGLE = {"rel": 1e-3, "abs": 1e-4}
FULL = {"batch_size": None, "epochs": 40, "lr": 1e-2, "hidden": (8,), "random_state": 0}


@pytest.mark.parametrize(
    ("loss", "class_weight"),
    [
        ("cross_entropy", None),
        ("cross_entropy", "balanced"),
        ("focal", None),
        ("logit_adjusted", None),
        ("hinge", None),
    ],
)
def test_whole_weights_are_repeated_rows_and_0_is_no_row(two_classes, loss, class_weight):
    X, y = two_classes
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = MLPClassifier(loss, class_weight=class_weight, **FULL).fit(X, y, sample_weight=weight)
    repeated = MLPClassifier(loss, class_weight=class_weight, **FULL).fit(X.repeat(weight, 0), y.repeat(weight))
    assert weighted.decision_function(X) == pytest.approx(repeated.decision_function(X), **SINGLE)
    assert weighted.loss_curve_ == pytest.approx(repeated.loss_curve_, **SINGLE)
    plain = MLPClassifier(loss, class_weight=class_weight, **FULL).fit(X, y)
    assert weighted.decision_function(X) != pytest.approx(plain.decision_function(X), abs=0.01)
    assert weighted.score(X, y, sample_weight=weight) == weighted.score(X.repeat(weight, 0), y.repeat(weight))


@pytest.mark.parametrize("loss", ["mse", "l1", "gaussian_nll"])
def test_values_are_weighted_too(loss):
    X, y = load_diabetes(return_X_y=True)
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = MLPRegressor(loss, **FULL).fit(X, y, sample_weight=weight)
    repeated = MLPRegressor(loss, **FULL).fit(X.repeat(weight, 0), y.repeat(weight))
    assert weighted.predict(X) == pytest.approx(repeated.predict(X), rel=1e-3)
    assert weighted.score(X, y, weight) == pytest.approx(
        repeated.score(X.repeat(weight, 0), y.repeat(weight)), rel=1e-3
    )


def test_weighted_least_squares_is_scikit_learns():
    X, y = load_diabetes(return_X_y=True)
    weight = np.random.default_rng(0).uniform(0.1, 5, len(y))
    options = {"hidden": (), "epochs": 400, "lr": 0.1, "batch_size": None, "schedule": "cosine", "random_state": 0}
    net = MLPRegressor(**options).fit(X, y, sample_weight=weight)
    oracle = Ridge(alpha=1e-9).fit(X, y, sample_weight=weight)
    assert net.predict(X) == pytest.approx(oracle.predict(X), abs=0.02 * y.std())


def test_rows_that_are_held_out_count_by_their_weights(two_classes):
    X, y = two_classes
    options = {"epochs": 5, "keep": "best", "random_state": 0}
    weight = np.where(np.arange(len(y)) % 2, 1.0, 1e-6)
    weighted, plain = MLPClassifier(**options).fit(X, y, weight), MLPClassifier(**options).fit(X, y)
    assert weighted.validation_scores_ != plain.validation_scores_
    same = MLPClassifier(**options).fit(X, y, np.full(len(y), 7.0))
    assert same.validation_scores_ == pytest.approx(plain.validation_scores_, abs=0.02)  # one of 60 rows


@pytest.mark.parametrize("weight", [-np.ones(300), np.full(300, np.nan), np.zeros(300), np.ones(299)])
def test_what_are_no_weights_is_refused_as_scikit_learn_does(two_classes, weight):
    with pytest.raises(ValueError, match=r"[Ww]eight"):
        MLPClassifier(epochs=1).fit(*two_classes, sample_weight=weight)


@pytest.fixture(scope="module")
def three_targets():
    X, y = load_diabetes(return_X_y=True)
    return X, np.column_stack([y, 1e-3 * y**2, 5 - X[:, 2] * 1e3])


@pytest.mark.parametrize("loss", ["mse", "huber", "l1", "log_cosh"])
def test_several_targets_are_learnt_each_in_its_unit(three_targets, loss):
    X, Y = three_targets
    net = MLPRegressor(loss, epochs=100, lr=1e-2, random_state=0).fit(X, Y)
    assert net.predict(X).shape == Y.shape
    assert np.all(r2_score(Y, net.predict(X), multioutput="raw_values") > 0.4)
    assert net.score(X, Y) == pytest.approx(r2_score(Y, net.predict(X)))  # uniform average


def test_several_targets_of_a_linear_net_are_least_squares_of_each(three_targets):
    X, Y = three_targets
    options = {"hidden": (), "epochs": 400, "lr": 0.1, "batch_size": None, "schedule": "cosine", "random_state": 0}
    net, oracle = MLPRegressor(**options).fit(X, Y), Ridge(alpha=1e-9).fit(X, Y)
    # 400 steps come this near the optimum in each target's unit.
    assert np.all(np.abs(net.predict(X) - oracle.predict(X)).max(0) < 0.03 * Y.std(0))


def test_the_loss_of_several_targets_is_their_mean_as_torch_has_it(three_targets):
    """The first epoch's mean loss at full batch is that of the first weights: one step has not been seen yet."""
    X, Y = three_targets
    net = MLPRegressor(hidden=(), epochs=1, lr=1e-12, batch_size=None, random_state=0).fit(X, Y)
    scaled = (Y - net.target_center_) / net.target_scale_
    out = (net.predict(X) - net.target_center_) / net.target_scale_
    expected = torch.nn.functional.mse_loss(torch.as_tensor(out), torch.as_tensor(scaled)).item()
    assert net.loss_curve_[0] == pytest.approx(expected, rel=1e-5)  # float32


def test_losses_of_several_outputs_a_value_refuse_several_targets(three_targets):
    with pytest.raises(
        UserError, match=r"gaussian_nll has 2 outputs for each, and there are 3 targets; choose a loss of"
    ):
        MLPRegressor("gaussian_nll").fit(*three_targets)


def test_several_targets_are_held_out_weighted_and_pickled(three_targets):
    X, Y = three_targets
    net = MLPRegressor(epochs=30, patience=5, keep="best", random_state=0).fit(X, Y, np.linspace(0, 1, len(X)))
    assert len(net.validation_scores_) == net.n_iter_
    assert np.array_equal(pickle.loads(pickle.dumps(net)).predict(X), net.predict(X))
    counts = MLPRegressor("poisson_nll", epochs=30, lr=1e-2, random_state=0).fit(X, np.abs(Y[:, :2]))
    assert (counts.predict(X) > 0).all()
