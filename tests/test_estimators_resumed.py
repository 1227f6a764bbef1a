"""Estimators go on: `warm_start`, `partial_fit`, and what they tell while they train."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_iris, make_classification
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier as TheirMLPClassifier
from torch import nn

from lossbench import MLPClassifier, MLPRegressor
from lossbench.errors import UserError
from lossbench.random_streams import torch_generator

FULL = {"batch_size": None, "hidden": (8,), "random_state": 0}
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def same(one, other):
    return all(np.array_equal(one.state_[name], other.state_[name]) for name in one.state_)


@given(pieces=st.lists(st.integers(1, 9), min_size=1, max_size=5), kind=st.sampled_from([MLPClassifier, MLPRegressor]))
@settings(deadline=None, max_examples=20)
def test_pieces_of_plain_sgd_are_one_fit_bit_for_bit(pieces, kind):
    X, y = load_iris(return_X_y=True)
    whole = kind(optim="sgd", lr=0.1, epochs=sum(pieces), **FULL).fit(X, y)
    pieced = kind(optim="sgd", lr=0.1, warm_start=True, **FULL)
    for epochs in pieces:
        pieced.set_params(epochs=epochs).fit(X, y)
    assert same(whole, pieced)
    assert pieced.loss_curve_ == whole.loss_curve_
    assert (pieced.n_iter_, pieced.t_) == (whole.n_iter_, whole.t_) == (sum(pieces), 150 * sum(pieces))


def test_without_warm_start_a_fit_begins_anew(iris):
    once = MLPClassifier(epochs=3, **FULL).fit(*iris)
    assert same(MLPClassifier(epochs=3, **FULL).fit(*iris).fit(*iris), once)
    assert not same(MLPClassifier(epochs=3, warm_start=True, **FULL).fit(*iris).fit(*iris), once)


def test_warm_start_begins_the_optimiser_anew_as_scikit_learns_does(iris):
    """Adam forgets between two fits and remembers between two passes."""
    X, y = iris
    fits = MLPClassifier(epochs=1, warm_start=True, **FULL).fit(X, y).fit(X, y)
    passes = MLPClassifier(**FULL).partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    whole = MLPClassifier(epochs=2, **FULL).fit(X, y)
    assert same(passes, whole)
    assert not same(fits, whole)
    theirs = TheirMLPClassifier(batch_size=150, max_iter=1, warm_start=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that one epoch is not enough
        first = theirs.fit(X, y)._optimizer
        second = theirs.fit(X, y)._optimizer
    assert first is not second
    assert theirs.partial_fit(X, y)._optimizer is second


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("sgd", lambda parameters: torch.optim.SGD(parameters, lr=0.05)),
        ("sgd+momentum", lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9)),
        ("adam", lambda parameters: torch.optim.Adam(parameters, lr=0.05)),
        ("adamw", lambda parameters: torch.optim.AdamW(parameters, lr=0.05, weight_decay=0.1)),
    ],
)
def test_partial_fit_is_torch_by_hand(iris, name, make):
    """Passes over pieces of the rows, each a full batch; the first weights are those after a step of rate 1e-30."""
    X, y = iris
    order = np.random.default_rng(0).permutation(150)
    own = {"optim": name.split("+")[0], "momentum": 0.9 if "+" in name else 0.0}
    own["weight_decay"] = 0.1 if name == "adamw" else 0.0
    net = MLPClassifier(lr=0.05, standardise=False, **own, **FULL)
    twin = MLPClassifier(lr=1e-30, standardise=False, epochs=1, **FULL).fit(X, y)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    model.load_state_dict({key: torch.from_numpy(value).float() for key, value in twin.state_.items()})
    optimizer = make(model.parameters())
    for rows in np.array_split(np.tile(order, 2), 7):
        net.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(torch.from_numpy(X[rows]).float()), torch.from_numpy(y[rows])).backward()
        optimizer.step()
    for key, expected in model.state_dict().items():  # 7 steps in float32, whose rounding is 6e-8, in another order
        assert net.state_[key] == pytest.approx(expected.numpy(), abs=1e-5)
    assert (net.n_iter_, net.t_, len(net.loss_curve_)) == (7, 300, 7)


def test_partial_fit_with_minibatches_and_weights_is_torch_by_hand():
    """One pass over 100 rows is two batches in the documented order."""
    X, y = load_diabetes(return_X_y=True)
    X, y, weight = X[:100], y[:100], np.random.default_rng(0).uniform(0.5, 2, 100)
    options = {"hidden": (), "standardise": False, "random_state": 0, "optim": "sgd"}
    net = MLPRegressor(lr=0.1, batch_size=64, **options).partial_fit(X, y, weight)
    twin = MLPRegressor(lr=1e-30, batch_size=None, epochs=1, **options).fit(X, y, weight)
    model = nn.Linear(10, 1)
    model.load_state_dict({key[2:]: torch.from_numpy(value).float() for key, value in twin.state_.items()})
    target = torch.from_numpy((y - twin.target_center_) / twin.target_scale_).float()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seed = int(np.random.RandomState(0).randint(np.iinfo(np.int32).max))
    for rows in torch.randperm(100, generator=torch_generator(seed, "batches")).split(64):
        counts = torch.from_numpy(weight / weight.mean()).float()[rows]
        optimizer.zero_grad()
        error = (model(torch.from_numpy(X).float()[rows]).squeeze(1) - target[rows]) ** 2
        (counts * error).mean().backward()
        optimizer.step()
    assert net.state_["0.weight"] == pytest.approx(model.weight.detach().numpy(), abs=1e-5)


def test_partial_fit_learns_what_fit_learns():
    X, y = make_classification(600, 6, n_informative=4, class_sep=1.5, random_state=0)
    net = MLPClassifier(lr=1e-2, random_state=0)
    for _ in range(10):
        for rows in np.array_split(np.arange(600), 6):
            net.partial_fit(X[rows], y[rows], classes=[0, 1])
    assert net.score(X, y) > 0.93


@BOTH
def test_one_row_is_a_pass_and_pickling_loses_nothing(kind, iris):
    X, y = iris
    first = {"classes": [0, 1, 2]} if kind is MLPClassifier else {}
    net = kind(random_state=0).partial_fit(X, y, **first)
    other = pickle.loads(pickle.dumps(net))
    for one in (net, other):
        one.partial_fit(X[:1], y[:1]).partial_fit(X[100:], y[100:])
    assert same(net, other)
    assert net.t_ == 150 + 1 + 50


def test_a_pass_may_lack_classes_and_losses_count_those_so_far(iris):
    X, y = iris
    net = MLPClassifier("logit_adjusted", random_state=0).partial_fit(X[:40], y[:40], classes=[0, 1, 2])
    assert net._class_counts.tolist() == [40, 0, 0]
    net.partial_fit(X[40:], y[40:])
    assert net._class_counts.tolist() == [50, 50, 50]


def test_partial_fit_goes_on_from_a_fit_and_keeps_its_scales(iris):
    X, y = iris
    net = MLPClassifier(epochs=30, lr=1e-2, random_state=0).fit(X, y)
    center, before = net.center_.copy(), net.score(X, y)
    net.partial_fit(X[:75] + 100, y[:75])
    assert np.array_equal(net.center_, center)
    assert net.n_iter_ == 31
    assert before > 0.9


def test_the_loss_can_change_between_two_fits(iris):
    X, y = iris
    net = MLPClassifier("cross_entropy", epochs=20, warm_start=True, random_state=0).fit(X, y)
    alone = MLPClassifier("focal", epochs=20, random_state=0).fit(X, y)
    assert not same(net.set_params(loss="focal").fit(X, y), alone)
    assert net.n_iter_ == 40


def test_rows_have_another_order_in_every_fit_and_held_out_rows_stay_held_out(iris):
    X, y = iris
    net = MLPClassifier(epochs=2, keep="best", warm_start=True, random_state=0).fit(X, y)
    scores = net.validation_scores_
    net.fit(X, y)
    assert net.validation_scores_[:2] == scores
    assert len(net.validation_scores_) == len(net.loss_curve_) == net.n_iter_ == 4
    assert net.best_epoch_ in (3, 4)
    assert net.best_validation_score_ == net.validation_scores_[net.best_epoch_ - 1]


def test_a_fit_that_fails_leaves_no_net_and_one_that_goes_on_the_net_before(iris):
    X, y = iris
    wild = {"optim": "sgd", "lr": 1e30, "loss": "mse", "last_act": "identity"}
    net = MLPClassifier(epochs=3, random_state=0, loss="mse", last_act="identity").fit(X, y)
    before = net.predict(X)
    with pytest.raises(UserError, match="diverged"):
        net.set_params(warm_start=True, **wild).fit(X + 1, y)
    assert np.array_equal(net.predict(X), before)
    with pytest.raises(UserError, match="diverged"):
        net.set_params(warm_start=False).fit(X + 1, y)
    with pytest.raises(NotFittedError):
        net.predict(X)
    assert net.set_params(optim="adam", lr=1e-2, warm_start=True).fit(X, y).n_iter_ == 3


MISTAKES = {
    "keep: partial_fit holds no rows back": lambda X, y: MLPRegressor(keep="best").partial_fit(X, y),
    "patience: partial_fit holds no rows back": lambda X, y: MLPRegressor(patience=3).partial_fit(X, y),
    "schedule: partial_fit does not know how many passes": lambda X, y: MLPRegressor(schedule="cosine").partial_fit(
        X, y
    ),
    "class_weight: partial_fit does not know how frequent": lambda X, y: MLPClassifier(
        class_weight="balanced"
    ).partial_fit(X, y, [0, 1, 2]),
    "classes must be passed on the first call": lambda X, y: MLPClassifier().partial_fit(X, y),
    "labels that are not among the classes": lambda X, y: MLPClassifier().partial_fit(X, y, [0, 1]),
    "y must have the classes of before": lambda X, y: MLPClassifier(epochs=1, warm_start=True).fit(X, y).fit(X, y + 1),
    r"\(64,\) relu units and 3 outputs cannot go on as .* \(3,\) relu": lambda X, y: (
        MLPClassifier(epochs=1, warm_start=True).fit(X, y).set_params(hidden=(3,)).fit(X, y)
    ),
    "loss: the net was trained on scaled targets": lambda X, y: (
        MLPRegressor(epochs=1, warm_start=True).fit(X, y).set_params(loss="poisson_nll").fit(X, y)
    ),
    "y must have 1 target": lambda X, y: MLPRegressor().partial_fit(X, y).partial_fit(X, np.column_stack([y, y])),
    "X has 2 features, but MLPRegressor is expecting 4": lambda X, y: (
        MLPRegressor().partial_fit(X, y).partial_fit(X[:, :2], y)
    ),
    "verbose: must be 0, 1 or 2, got -1": lambda X, y: MLPRegressor(verbose=-1).fit(X, y),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_what_cannot_go_on_is_refused(iris, message):
    with pytest.raises(ValueError, match=message) as error:
        MISTAKES[message](*iris)
    assert "\n" not in str(error.value) or not isinstance(error.value, UserError)


def test_verbose_1_is_what_the_command_line_shows(iris, capsys):
    MLPClassifier(epochs=2, verbose=1, random_state=0).fit(*iris)
    out, err = capsys.readouterr()
    began, ended = err.splitlines()
    assert out == ""
    assert began == "MLPClassifier / cross_entropy + identity: 1 member, 2 epochs"
    assert ended.startswith("MLPClassifier / cross_entropy + identity: ok after ")
    assert "; loss " in ended


def test_verbose_2_is_a_line_an_epoch_with_the_curves_numbers(iris, capsys):
    net = MLPClassifier(epochs=3, verbose=2, keep="best", random_state=0).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    for number, line in enumerate(lines[1:4]):
        assert f"epoch {number + 1}/3; loss {net.loss_curve_[number]:.4g} · accuracy " in line


def test_verbose_0_says_nothing(iris, capsys):
    MLPRegressor(epochs=1).fit(*iris).partial_fit(*iris)
    assert capsys.readouterr() == ("", "")
