"""What users of scikit-learn do with an estimator, once each."""

from __future__ import annotations

import doctest
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - it makes the next import possible
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier as TheirMLPClassifier
from sklearn.neural_network import MLPRegressor as TheirMLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import lossbench
from lossbench import MLPClassifier, MLPRegressor
from lossbench.estimators import classifier, regressor

QUICK = {"epochs": 30, "lr": 1e-2, "random_state": 0}


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def test_a_grid_search_compares_losses_and_their_parameters(iris):
    grid = [{"loss": ["cross_entropy", "hinge"]}, {"loss": ["focal"], "loss_params": [{"gamma": 1.0}, {"gamma": 3.0}]}]
    search = GridSearchCV(MLPClassifier(**QUICK), grid, cv=3).fit(*iris)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_score_ > 0.93
    assert (search.cv_results_["mean_test_score"] > 0.9).all()


def test_a_halving_search_gives_more_epochs_to_better_losses(iris):
    grid = {"loss": ["cross_entropy", "focal(gamma=3)", "hinge", "mse"]}
    search = HalvingGridSearchCV(
        MLPClassifier(lr=1e-2, random_state=0), grid, resource="epochs", min_resources=5, max_resources=20, cv=2
    ).fit(*iris)
    assert search.n_resources_ == [5, 15]
    assert search.best_estimator_.n_iter_ == 15


def test_calibration_of_a_loss_without_probabilities(iris):
    X, y = iris
    calibrated = CalibratedClassifierCV(MLPClassifier("multi_margin", **QUICK), cv=3).fit(X, y)
    assert calibrated.predict_proba(X).sum(1) == pytest.approx(np.ones(150))
    assert log_loss(y, calibrated.predict_proba(X)) < 0.4  # that of no knowledge is log 3 = 1.1


def test_cross_validated_predictions_probabilities_and_scores(iris):
    X, y = iris
    assert (cross_val_predict(MLPClassifier(**QUICK), X, y, cv=3) == y).mean() > 0.93
    assert cross_val_predict(MLPClassifier(**QUICK), X, y, cv=3, method="predict_proba").shape == (150, 3)
    scores = cross_validate(MLPClassifier(**QUICK), X, y, cv=3, scoring=["accuracy", "neg_log_loss"])
    assert scores["test_neg_log_loss"].mean() > -0.3


def test_ensembles_of_losses(iris):
    nets = [(loss, MLPClassifier(loss, **QUICK)) for loss in ("cross_entropy", "brier", "focal")]
    assert VotingClassifier(nets, voting="soft").fit(*iris).score(*iris) > 0.93
    stacked = StackingClassifier(nets[:2], LogisticRegression(), cv=2).fit(*iris)
    assert stacked.score(*iris) > 0.93
    assert BaggingClassifier(MLPClassifier(**QUICK), 3, random_state=0).fit(*iris).score(*iris) > 0.93
    assert OneVsRestClassifier(MLPClassifier("hinge", **QUICK)).fit(*iris).score(*iris) > 0.9


def test_a_pipeline_with_a_column_transformer_and_pandas_output():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"size": rng.normal(size=300), "kind": rng.choice(["a", "b", "c"], 300)})
    y = (X["size"] + (X["kind"] == "a") > 0.3).to_numpy()
    columns = ColumnTransformer(
        [("scaled", StandardScaler(), ["size"]), ("levels", OneHotEncoder(sparse_output=False), ["kind"])]
    )
    pipeline = make_pipeline(columns, MLPClassifier(**QUICK)).set_output(transform="pandas")
    assert pipeline.fit(X, y).score(X, y) > 0.95
    assert pipeline[-1].feature_names_in_.tolist() == [
        "scaled__size",
        "levels__kind_a",
        "levels__kind_b",
        "levels__kind_c",
    ]


def test_importances_and_dependences_find_the_column_that_matters():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"noise": rng.normal(size=300), "signal": rng.normal(size=300), "kind": rng.choice(["a", "b"], 300)}
    )
    net = MLPRegressor(**QUICK).fit(X, X["signal"] ** 2 + (X["kind"] == "a"))
    found = permutation_importance(net, X, X["signal"] ** 2 + (X["kind"] == "a"), n_repeats=3, random_state=0)
    assert found.importances_mean.argmax() == 1
    assert found.importances_mean[0] < 0.2
    curve = partial_dependence(net, X, ["signal"], grid_resolution=5)["average"][0]
    assert curve[0] > curve[2] < curve[4]


def test_learning_and_validation_curves(iris):
    sizes, _, scores = learning_curve(
        MLPClassifier(**QUICK), *iris, train_sizes=[0.2, 1.0], cv=3, shuffle=True, random_state=0
    )
    assert len(sizes) == 2
    assert scores[1].mean() > 0.9
    _, by_size = learning_curve(
        MLPClassifier(**QUICK),
        *iris,
        train_sizes=[0.5, 1.0],
        cv=3,
        shuffle=True,
        random_state=0,
        exploit_incremental_learning=True,
    )[1:3]
    assert by_size.shape == (2, 3)
    _, scores = validation_curve(MLPClassifier(**QUICK), *iris, param_name="l2", param_range=[0.0, 100.0], cv=3)
    assert scores[0].mean() > scores[1].mean()


def test_selection_several_outputs_and_transformed_targets():
    X, y = load_diabetes(return_X_y=True)
    quick = MLPRegressor(epochs=10, lr=1e-2, random_state=0)
    assert SequentialFeatureSelector(quick, n_features_to_select=1, cv=2).fit(X, y).get_support().sum() == 1
    assert MultiOutputRegressor(quick).fit(X, np.column_stack([y, -y])).predict(X).shape == (442, 2)
    logged = TransformedTargetRegressor(quick, func=np.log, inverse_func=np.exp).fit(X, y)
    assert logged.predict(X).min() > 0


def test_a_clone_has_the_parameters_and_nothing_else(iris):
    net = MLPClassifier("focal", loss_params={"gamma": 3.0}, hidden=(8, 8), warm_start=True, verbose=0, preprocess=True)
    again = clone(net.set_params(epochs=2).fit(*iris))
    assert again.get_params() == net.get_params()
    assert not [name for name in vars(again) if name.endswith("_")]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(MLPClassifier, TheirMLPClassifier), (MLPRegressor, TheirMLPRegressor)],
)
@pytest.mark.parametrize("stops", [False, True])
def test_attributes_mean_what_scikit_learns_mean(iris, ours, theirs, stops):
    X, y = iris
    own = ours(epochs=3, hidden=(5,), random_state=0, **({"keep": "best", "validation": 0.1} if stops else {})).fit(
        X, y
    )
    other = theirs(hidden_layer_sizes=(5,), max_iter=3, early_stopping=stops, random_state=0).fit(X, y)
    names = ["loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_", "loss_", "n_iter_", "t_"]
    for name in (*names, "n_features_in_", "n_layers_", "n_outputs_"):
        mine, reference = getattr(own, name), getattr(other, name)
        assert type(mine) is type(reference) or float in {type(mine), type(reference)}, name
        if isinstance(reference, int | list):
            assert np.shape(mine) == np.shape(reference), name
        if isinstance(reference, int):
            assert mine == reference, name
    assert [values.shape for values in own.coefs_] == [values.shape for values in other.coefs_]
    assert [values.shape for values in own.intercepts_] == [values.shape for values in other.intercepts_]
    assert own.loss_ == own.loss_curve_[-1]
    if not stops:
        assert own.best_loss_ == min(own.loss_curve_)


def test_the_weights_predict_as_scikit_learns_forward_pass(iris):
    """`coefs_` and `intercepts_` are in the order and the shapes that scikit-learn multiplies them in."""
    X, y = iris
    net = MLPClassifier(epochs=5, random_state=0).fit(X, y)
    hidden = np.maximum((X - net.center_) / net.scale_ @ net.coefs_[0] + net.intercepts_[0], 0)
    assert hidden @ net.coefs_[1] + net.intercepts_[1] == pytest.approx(net.decision_function(X), abs=1e-9)


@pytest.mark.parametrize("name", ["coefs_", "loss_", "best_loss_", "best_validation_score_", "n_layers_", "n_outputs_"])
def test_an_estimator_that_was_not_fitted_has_none_of_them(name):
    assert not hasattr(MLPClassifier(), name)


def test_the_diagram_of_a_notebook_says_what_it_is_and_whether_it_is_fitted(iris):
    net = MLPClassifier("focal(gamma=3)", **QUICK)
    assert "Not fitted" in net._repr_html_()
    html = net.fit(*iris)._repr_html_()
    assert "Fitted" in html
    assert "focal(gamma=3)" in html


@pytest.mark.parametrize("module", [classifier, regressor], ids=lambda module: module.__name__)
def test_the_examples_of_the_docstrings_run(module):
    found = doctest.testmod(module)
    assert found.attempted > 5
    assert found.failed == 0


def test_the_public_names_are_found_from_the_top_and_cost_nothing_before():
    code = "import sys, lossbench; print(sorted({m.split('.')[0] for m in sys.modules} & set(sys.argv[1:])))"
    heavy = ["torch", "sklearn", "numpy", "pandas", "scipy", "pydantic", "rich", "IPython", "matplotlib"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert {"MLPClassifier", "MLPRegressor"} <= set(dir(lossbench))
