"""Class weights: what a config says, and what a sample then counts."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

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
    with pytest.raises(ValueError, match=r"must be none, balanced, or a weight|must give class"):
        weighted(wrong)
