"""What is claimed of a pair holds for it as it is set up, not only for its loss's defaults."""

from pathlib import Path
from typing import Any

import pytest

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.plugins.resolve import find_activation, find_loss
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError
from lossbench.experiments.setup.pair import Pair, resolve_pair
from lossbench.experiments.setup.resolve import AUTO


def pair(loss: str, activation: str = AUTO, task: Task = Task.BINARY, *, weight: str = "none", **params: Any) -> Pair:
    return resolve_pair(LOSSES.get(loss).bind(**params), activation, task, 2, class_weight=weight)


@pytest.mark.parametrize(
    "proper",
    [
        pair("cross_entropy"),
        pair("cross_entropy", label_smoothing=0.0),
        pair("nll", "logsoftmax"),
        pair("bce", "sigmoid"),
        pair("mse"),
        pair("mse", task=Task.REGRESSION),
        pair("tweedie", task=Task.REGRESSION, power=1.2),  # estimates the mean, whatever the power
    ],
    ids=lambda p: p.name,
)
def test_a_pair_is_proper_where_nothing_spoils_its_loss(proper: Pair) -> None:
    assert proper.is_proper
    assert proper.loss_record().proper


@pytest.mark.parametrize(
    "improper",
    [
        pair("cross_entropy", label_smoothing=0.4),
        pair("cross_entropy", weight="balanced"),
        pair("cross_entropy", "softmax"),
        pair("bce_with_logits", pos_weight=5.0),
        pair("mse", "relu"),
        pair("nll", "relu"),
        pair("square", k=5.0),
        pair("expectile", task=Task.REGRESSION, tau=0.3),
        pair("focal"),
        pair("hinge"),
    ],
    ids=lambda p: p.name,
)
def test_parameters_activations_and_weights_that_spoil_it_make_it_improper(improper: Pair) -> None:
    assert not improper.is_proper
    assert not improper.loss_record().proper


def test_a_class_weight_is_part_of_the_label_and_the_record() -> None:
    weighted = pair("focal", gamma=3.0, weight="balanced")
    assert weighted.name == "focal(gamma=3, class_weight=balanced) + identity"
    assert weighted.loss_record().params == {"gamma": 3.0, "class_weight": "balanced"}
    assert pair("nll", weight="balanced").label == "nll(class_weight=balanced)"


def test_classes_that_there_are_not_cannot_be_weighed() -> None:
    with pytest.raises(
        UserError, match=r"loss\.class_weight: class_weight needs classes; leave it out of a regression"
    ):
        pair("mse", task=Task.REGRESSION, weight="balanced")


def test_objectives_of_the_catalogue_are_told_apart_by_what_they_compute() -> None:
    different = [pair("focal"), pair("focal", gamma=3.0), pair("ce"), pair("ce", "softmax"), pair("mse"), pair("bce")]
    keys = [one.objective.key for one in different]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert pair("focal", gamma=3.0).objective.key == pair("focal", gamma=3.0).objective.key


def test_a_loss_of_the_users_is_called_for_every_batch(tmp_path: Path) -> None:
    # What it counts, prints or draws would not be repeated by a recording.
    file = tmp_path / "mine.py"
    file.write_text("def mine(out, target):\n    return (out - target).square().squeeze(-1)\n")
    loss = find_loss(f"{file}:mine", task="regression", target_encoding="float", decode="identity")
    assert Pair(loss, find_activation("identity"), Task.REGRESSION, 0).objective.key is None
    squared = find_activation(lambda z: z.square())
    assert Pair(LOSSES.get("mse"), squared, Task.REGRESSION, 0).objective.key is None
