"""One objective under several names is found out, and what differs is kept apart."""

from __future__ import annotations

import pytest

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.equivalence import compare, groups, known_as, probe_gradient
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.verdicts import Level, assess
from lossbench.catalog.vocabulary import Task
from tests.catalog.cases import SOUND, Case


def pair(loss: str, activation: str, **params):
    return LOSSES.get(loss).bind(**params), ACTIVATIONS.get(activation)


def relation_of(first, second, task: Task):
    classes = 2 if task is Task.BINARY else 3
    return compare(probe_gradient(*first, task, classes), probe_gradient(*second, task, classes))


def label(value: object) -> str:
    """`cross_entropy+identity` for a pair, the plain text for all else."""
    return f"{value[0].label}+{value[1].name}" if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize("case", [c for c in SOUND if c.activation.name in c.loss.same_as[c.task]], ids=repr)
def test_a_declared_equality_is_one(case: Case):
    loss, activation = case.loss.same_as[case.task][case.activation.name].split(" + ")
    relation = relation_of((case.loss, case.activation), pair(loss, activation), case.task)
    assert relation is not None
    assert relation.is_one_objective
    assert assess(case.loss, case.activation, case.task).level is Level.EQUIVALENT


@pytest.mark.parametrize(
    ("first", "second", "task", "factor"),
    [
        (pair("focal", "identity", gamma=0.0), pair("cross_entropy", "identity"), Task.MULTICLASS, 1),
        (pair("class_balanced", "identity", beta=0.0), pair("cross_entropy", "identity"), Task.BINARY, 1),
        (pair("logit_adjusted", "identity", tau=0.0), pair("nll", "logsoftmax"), Task.BINARY, 1),
        (pair("brier", "softmax"), pair("mse", "softmax"), Task.MULTICLASS, 3),
        (pair("nll", "softmax"), pair("l1", "softmax"), Task.MULTICLASS, 1.5),
        (pair("gce", "identity", q=1.0), pair("l1", "softmax"), Task.MULTICLASS, 1.5),
        (pair("taylor_ce", "identity", order=1), pair("l1", "softmax"), Task.MULTICLASS, 1.5),
        (pair("nll", "normalize"), pair("cosine_embedding", "identity"), Task.MULTICLASS, 1),
        (pair("huber", "identity", delta=0.5), pair("smooth_l1", "identity", beta=0.5), Task.REGRESSION, 0.5),
        (pair("pinball", "identity"), pair("l1", "identity"), Task.REGRESSION, 0.5),
        (pair("tversky", "softmax", alpha=0.5, beta=0.5), pair("dice", "softmax"), Task.MULTICLASS, 1),
    ],
    ids=label,
)
def test_equal_losses_are_found_with_their_factor(first, second, task: Task, factor: float):
    relation = relation_of(first, second, task)
    assert relation is not None
    assert relation.factor == pytest.approx(factor, rel=1e-9)
    assert relation.is_one_objective == (factor == 1)


@pytest.mark.parametrize(
    ("first", "second", "task"),
    [
        (pair("focal", "identity"), pair("cross_entropy", "identity"), Task.BINARY),
        (pair("cross_entropy", "softmax"), pair("cross_entropy", "identity"), Task.BINARY),
        (pair("class_balanced", "identity"), pair("cross_entropy", "identity"), Task.BINARY),
        (pair("cross_entropy", "identity"), pair("bce_with_logits", "identity"), Task.BINARY),  # K = 2 and K = 1
        (pair("bce", "sigmoid"), pair("bce", "hardsigmoid"), Task.BINARY),
        (pair("bce", "identity"), pair("bce", "sigmoid"), Task.BINARY),  # NaN is like nothing
        (pair("mse", "identity"), pair("l1", "identity"), Task.REGRESSION),
    ],
    ids=label,
)
def test_different_objectives_are_kept_apart(first, second, task: Task):
    assert relation_of(first, second, task) is None


def test_groups_keep_the_order_given():
    pairs = [
        pair("focal", "identity"),
        pair("kl_div", "logsoftmax"),
        pair("brier", "softmax"),
        pair("nll", "logsoftmax"),
        pair("cross_entropy", "identity"),
        pair("focal", "identity", gamma=0.0),
    ]
    assert groups(pairs, Task.MULTICLASS) == [[0], [1, 3, 4, 5], [2]]


def test_a_loss_is_told_what_it_is_known_as():
    known = known_as(*pair("soft_margin", "identity"), Task.BINARY)
    assert {(loss.name, act.name) for loss, act, relation in known if relation.is_one_objective} == {
        ("bce", "sigmoid"),
        ("bce_with_logits", "identity"),
    }
