"""The estimators take a loss however it is written or made, and check it as the command line does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV
from torch import nn

import lossbench
from lossbench import MLPClassifier, MLPRegressor
from lossbench.errors import LossbenchWarning, UserError

FEW = {"epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def binary():
    return load_breast_cancer(return_X_y=True)


@pytest.fixture(scope="module")
def values():
    return load_diabetes(return_X_y=True)


def cubed(score, sign):
    return (1 - sign * score).clamp(min=0).pow(3).squeeze(-1)


class Scaled(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, out, target):
        return self.scale * (out - target).square().squeeze(-1)


def same(first, second):
    return all(np.array_equal(first.state_[name], second.state_[name]) for name in first.state_)


WAYS = {  # to say one thing
    "huber(delta=2)": [
        {"loss": "HuberLoss(delta=2)"},
        {"loss": nn.HuberLoss(delta=2.0)},
        {"loss": nn.HuberLoss(), "loss_params": {"delta": 2}},
        {"loss": "huber", "loss_params": {"delta": 2}},
        {"loss": "nn.HuberLoss(delta=2)+Identity"},
        {"loss": "huber(delta=2)", "last_act": nn.Identity()},
    ],
    "mse": [
        {"loss": "MeanSquaredError"},
        {"loss": "squared_error"},
        {"loss": nn.MSELoss},
        {"loss": torch.nn.functional.mse_loss},
    ],
}


@pytest.mark.parametrize("name", WAYS)
def test_every_way_to_write_a_loss_trains_the_same_net(values, name):
    expected = MLPRegressor(name, **FEW).fit(*values)
    for way in WAYS[name]:
        assert same(MLPRegressor(**way, **FEW).fit(*values), expected), way


def test_parameters_stand_behind_a_name(values):
    X, y = values
    high = MLPRegressor("pinball(quantile=0.9)", epochs=60, lr=1e-2, random_state=0).fit(X, y)
    low = MLPRegressor("pinball(quantile=0.1)", epochs=60, lr=1e-2, random_state=0).fit(X, y)
    assert (y < high.predict(X)).mean() > 0.75
    assert (y < low.predict(X)).mean() < 0.25


def test_weights_of_torchs_module_are_class_weights_in_their_order(iris):
    weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 5.0]))
    expected = MLPClassifier(class_weight={0: 1, 1: 2, 2: 5}, **FEW).fit(*iris)
    for net in (MLPClassifier(weighted, **FEW), MLPClassifier(class_weight=[1, 2, 5], **FEW)):
        assert same(net.fit(*iris), expected)
    with pytest.raises(ValueError, match="class weights twice"):
        MLPClassifier(weighted, class_weight="balanced").fit(*iris)


def test_an_own_function_or_module_is_declared_by_parameters(binary, values):
    net = MLPClassifier(cubed, target_encoding="sign", decode="margin", epochs=20, random_state=0)
    assert net.fit(*binary).score(*binary) > 0.9
    assert not hasattr(net, "predict_proba")
    module = MLPRegressor(Scaled(1.0), target_encoding="float", decode="identity", **FEW).fit(*values)
    assert module.predict(values[0]) == pytest.approx(
        MLPRegressor("mse", **FEW).fit(*values).predict(values[0]), rel=1e-4
    )
    with pytest.raises(ValueError, match=r"so target_encoding, decode must be said; .*target_encoding='sign'") as error:
        MLPClassifier(cubed).fit(*binary)
    assert "--" not in str(error.value)


def test_they_are_parameters_for_scikit_learn(iris):
    losses = ["CrossEntropyLoss", nn.CrossEntropyLoss(label_smoothing=0.1), "focal(gamma=1)", cubed]
    for loss in losses:
        net = clone(MLPClassifier(loss, target_encoding="sign", decode="margin"))
        assert net.get_params()["target_encoding"] == "sign"
        assert type(net.loss) is type(loss)
    search = GridSearchCV(MLPClassifier(**FEW), {"loss": losses[:3]}, cv=2).fit(*iris)
    assert len(search.cv_results_["params"]) == 3


WRONG = {
    "class_weight: must give class '0' a number > 0, got -1": {0: -1, 1: 2, 2: 1},
    "class_weight: must give class '1' a number > 0, got nan": {0: 1, 1: float("nan"), 2: 1},
    "class_weight: must give class '0' a number > 0, got 0": {0: 0, 1: 0, 2: 0},
    "class_weight: must give class '2' a number > 0, got inf": {0: 1, 1: 1, 2: np.inf},
    "class_weight: says no weight for '2'": {0: 1, 1: 2},
    "class_weight: unknown class '7'": {0: 1, 1: 2, 2: 3, 7: 1},
    "class_weight: has 2 weights for 3 classes (0, 1, 2)": [1, 2],
    "class_weight: must be none, balanced": "blanced",
}


@pytest.mark.parametrize("message", WRONG)
def test_class_weights_that_cannot_be_are_refused(iris, message):
    with pytest.raises(UserError) as error:
        MLPClassifier(class_weight=WRONG[message]).fit(*iris)
    assert isinstance(error.value, ValueError)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "labels", [np.array([False, True]), np.array([0.0, 1.0]), np.array(["a", "b"]), np.array([3, 7])]
)
def test_class_weights_are_found_by_labels_of_every_kind(binary, labels):
    X, y = binary
    given = dict(zip(labels.tolist(), (1, 4), strict=True))
    assert same(
        MLPClassifier(class_weight=given, **FEW).fit(X, labels[y]), MLPClassifier(class_weight=[1, 4], **FEW).fit(X, y)
    )


def torch_way(out, y, weight, smoothing):
    return nn.functional.cross_entropy(out, y, torch.tensor(weight), label_smoothing=smoothing, reduction="none")


def test_weights_and_label_smoothing_differ_from_torchs_as_it_is_said():
    """torch: (1 - a) w_y (-log p_y) + a / K sum_k w_k (-log p_k); here: w_y times the smoothed loss."""
    loss = lossbench.catalog.loss.LOSSES.get("cross_entropy")
    generator = torch.Generator().manual_seed(0)
    out, y = torch.randn(20, 3, generator=generator), torch.randint(3, (20,), generator=generator)
    weight = [1.0, 2.0, 5.0]
    log_p = out.log_softmax(-1)
    for smoothing in (0.0, 0.2):
        here = torch.tensor(weight)[y] * loss.bind(label_smoothing=smoothing)(out, y)
        theirs = torch_way(out, y, weight, smoothing)
        terms = smoothing / 3 * ((torch.tensor(weight)[y][:, None] - torch.tensor(weight)) * -log_p).sum(-1)
        torch.testing.assert_close(here - theirs, terms, rtol=0, atol=2e-6)  # rounding of float32
        equal = torch_way(out, y, [3.0, 3.0, 3.0], smoothing)
        torch.testing.assert_close(3 * loss.bind(label_smoothing=smoothing)(out, y), equal, rtol=1e-5, atol=1e-6)
    assert (here - theirs).abs().max() > 0.1


def test_who_uses_both_is_told(iris):
    both = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 5.0]), label_smoothing=0.1)
    with pytest.warns(LossbenchWarning, match="torch's weight= multiplies each class's term"):
        MLPClassifier(both, **FEW).fit(*iris)


def test_an_undeclared_loss_is_examined_and_its_errors_are_warned_of(iris):
    def forgets(out, target):
        return nn.functional.cross_entropy(out, target, ignore_index=0, reduction="none")

    with pytest.warns(LossbenchWarning, match="forgets class 0"):
        MLPClassifier(forgets, target_encoding="class_index", decode="softmax", **FEW).fit(*iris)
