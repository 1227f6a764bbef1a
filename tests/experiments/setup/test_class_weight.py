"""Class weights: what a config says, and what a sample then counts."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.utils.class_weight import compute_class_weight

from lossbench import MLPClassifier
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.train import TrainConfig
from lossbench.errors import UserError
from lossbench.experiments.setup.class_weight import class_weight_text, class_weights, resolve_class_weight
from lossbench.experiments.train.plan import plan_train
from tests.experiments.train.trainings import config, finished

QUICK: dict[str, Any] = {"optim": {"epochs": 2}, "net": {"hidden": [4]}, "threads": 1}
LABELS = torch.tensor([0] * 30 + [1] * 10 + [2] * 5)


def weighted(class_weight: Any, **other: Any) -> TrainConfig:
    return config(**{**QUICK, "loss": {"name": "nll", "class_weight": class_weight}, **other})


def test_balanced_is_scikit_learn_s() -> None:
    ours = class_weights("balanced", torch.bincount(LABELS))
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=LABELS.numpy())
    assert ours is not None
    torch.testing.assert_close(ours, torch.from_numpy(theirs))


def test_sqrt_balanced_is_the_root_of_balanced_as_in_catboost() -> None:
    """CatBoost's SqrtBalanced: sqrt(max n / n_k), here scaled to a mean of 1 over the samples."""
    counts = np.bincount(LABELS.numpy())
    theirs = np.sqrt(counts.max() / counts)
    ours = class_weights("sqrt_balanced", torch.from_numpy(counts))
    assert ours is not None
    np.testing.assert_allclose(ours.numpy(), theirs / theirs[LABELS.numpy()].mean(), rtol=1e-12)


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_focal_with_class_weights_is_the_weighted_mean_of_its_formula(power: float) -> None:
    """At the weights that a net starts from, from which a rate of 1e-9 does not lead away in float32."""
    x, y = load_breast_cancer(return_X_y=True)
    word = {1.0: "balanced", 0.5: "sqrt_balanced"}[power]
    start: dict[str, Any] = {"optim": "sgd", "lr": 1e-9, "epochs": 1, "batch_size": None, "random_state": 0}
    net = MLPClassifier("focal(gamma=3)", class_weight=word, **start).fit(x, y)
    own_p = net.predict_proba(x)[np.arange(len(y)), y]
    weight = (1 / np.bincount(y) ** power)[y]
    expected = np.average(-((1 - own_p) ** 3) * np.log(own_p), weights=weight)
    assert net.loss_curve_[0] == pytest.approx(expected, rel=1e-5)  # float32


def test_weights_keep_their_ratios_and_weigh_a_sample_by_1_on_average() -> None:
    given = resolve_class_weight({"b": 6, "a": 2, "c": 4}, Task.MULTICLASS, ("a", "b", "c"), where="x")
    assert class_weight_text(given) == "a:2/b:6/c:4"
    ours = class_weights(given, torch.bincount(LABELS))
    assert ours is not None
    assert (ours / ours[0]).tolist() == pytest.approx([1, 3, 2])
    assert float(ours[LABELS].mean()) == pytest.approx(1)


def test_the_weights_used_are_in_the_record_and_the_label() -> None:
    run = finished(weighted({"0": 1, "1": 3}, seeds=2)).record.results[0]
    assert run.name == "titanic / nll(class_weight=0:1/1:3) + logsoftmax"
    assert run.loss.params["class_weight"] == "0:1/1:3"
    for member in run.members:
        used = member.class_weights
        assert used["1"] / used["0"] == pytest.approx(3)


def test_equal_weights_change_nothing() -> None:
    def curve(chosen: TrainConfig) -> list[float | None]:
        return finished(chosen).record.results[0].members[0].curves["train_loss"]

    assert curve(weighted({"0": 7, "1": 7})) == pytest.approx(curve(weighted("none")), rel=1e-5)  # float32
    assert curve(weighted({"0": 1, "1": 3})) != pytest.approx(curve(weighted("none")), rel=1e-2)


@pytest.mark.parametrize(
    ("class_weight", "other", "message"),
    [
        ("balanced", {"data": "diabetes", "loss": "mse"}, "class_weight needs classes; leave it out of a regression"),
        ({"0": 1, "2": 1}, {}, "loss.class_weight: unknown class '2'; known are 0, 1"),
        ({"0": 1}, {}, "loss.class_weight: says no weight for '1'; give every class one"),
    ],
)
def test_weights_that_fit_no_class_are_refused(class_weight: Any, other: dict[str, Any], message: str) -> None:
    loss = {"name": other.pop("loss", "nll"), "class_weight": class_weight}
    with pytest.raises(UserError) as error:
        plan_train(config(**{**QUICK, **other, "loss": loss}))
    assert message in str(error.value)


@pytest.mark.parametrize("wrong", ["balnced", {}, {"0": 0}, {"0": "x"}, {"0": float("inf")}, 3, "0=1,1"])
def test_what_is_no_class_weight_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"must be none, balanced, sqrt_balanced, or a weight|must give class"):
        weighted(wrong)
