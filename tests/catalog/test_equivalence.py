"""One objective under several names is found out, and what differs is kept apart."""

from __future__ import annotations

import re

import pytest
import torch.nn.functional as F

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.decoders import Decoder
from lossbench.catalog.equivalence import compare, known_as, probe_gradients
from lossbench.catalog.loss import LOSSES, declare
from lossbench.catalog.plugins.resolve import find_loss
from lossbench.catalog.verdicts import Level, assess
from lossbench.catalog.vocabulary import Encoding, Space, Task
from tests.catalog.cases import SOUND, Case


def pair(loss: str, activation: str, **params):
    return LOSSES.get(loss).bind(**params), ACTIVATIONS.get(activation)


def relation_of(first, second, task: Task):
    classes = 2 if task is Task.BINARY else 3
    return compare(probe_gradients(*first, task, classes), probe_gradients(*second, task, classes))


def label(value: object) -> str:
    """`cross_entropy+identity` for a pair, the plain text for all else."""
    return f"{value[0].label}+{value[1].name}" if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize("case", [c for c in SOUND if c.activation.name in c.loss.same_as[c.task]], ids=repr)
def test_a_declared_equality_is_one(case: Case):
    verdict = assess(case.loss, case.activation, case.task)
    assert verdict.level is Level.EQUIVALENT
    name, activation = re.fullmatch(r"the same gradients as (.*) \+ (\w+) up to .*", verdict.why).groups()
    relation = relation_of((case.loss, case.activation), (find_loss(name), ACTIVATIONS.get(activation)), case.task)
    assert relation is not None
    assert relation.is_one_objective


def test_a_declared_equality_follows_the_parameters():
    why = assess(*pair("label_smoothing", "identity", smoothing=0.3), Task.BINARY).why
    assert "cross_entropy(label_smoothing=0.3) + identity" in why


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
        (
            pair("label_smoothing", "identity", smoothing=0.3),
            pair("cross_entropy", "identity", label_smoothing=0.3),
            Task.MULTICLASS,
            1,
        ),
        (pair("confidence_penalty", "identity", beta=0.0), pair("cross_entropy", "identity"), Task.MULTICLASS, 1),
        (pair("inverse_focal", "identity", gamma=0.0), pair("nll", "logsoftmax"), Task.MULTICLASS, 1),
        (pair("dual_focal", "identity", gamma=0.0), pair("cross_entropy", "identity"), Task.BINARY, 1),
        (pair("mmce", "identity", lam=0.0), pair("cross_entropy", "identity"), Task.MULTICLASS, 1),
        (pair("focal_tversky", "softmax", gamma=1.0), pair("tversky", "softmax"), Task.MULTICLASS, 1),
        (pair("cosface", "normalize", margin=0.0, scale=25.0), pair("logit_norm", "normalize"), Task.BINARY, 1),
        (pair("arcface", "normalize", margin=0.0), pair("cosface", "normalize", margin=0.0), Task.MULTICLASS, 1),
        (pair("class_balanced", "identity", beta=0.0, gamma=2.0), pair("focal", "identity"), Task.MULTICLASS, 1),
        (pair("vector_scaling", "identity", gamma=0.0), pair("logit_adjusted", "identity"), Task.MULTICLASS, 1),
        (
            pair("nce_rce", "identity", log_zero=-4.0),
            pair("nce_mae", "identity", beta=2.0),
            Task.MULTICLASS,
            1,
        ),
        (pair("nfl", "identity", gamma=0.0), pair("nce", "identity"), Task.MULTICLASS, 1),
        (pair("agce", "identity", q=1.0), pair("l1", "softmax"), Task.MULTICLASS, 1.5),
        (pair("aul", "identity", q=1.0), pair("l1", "softmax"), Task.MULTICLASS, 1.5),
        (pair("bootstrap_soft", "identity", beta=1.0), pair("cross_entropy", "identity"), Task.BINARY, 1),
        (pair("bootstrap_hard", "identity", beta=1.0), pair("cross_entropy", "identity"), Task.BINARY, 1),
        (pair("forward_correction", "identity", noise_rate=0.0), pair("cross_entropy", "identity"), Task.BINARY, 1),
        (pair("backward_correction", "identity", noise_rate=0.0), pair("cross_entropy", "identity"), Task.BINARY, 1),
        (
            pair("asl", "identity", gamma_pos=0.0, gamma_neg=0.0, clip=0.0),
            pair("bce_with_logits", "identity"),
            Task.BINARY,
            1,
        ),
        (
            pair("asl", "identity", gamma_pos=0.0, gamma_neg=0.0, clip=0.0),
            pair("multilabel_soft_margin", "identity"),
            Task.MULTICLASS,
            3,
        ),
        (
            pair("asl_single_label", "identity", gamma_pos=2.0, label_smoothing=0.0),
            pair("focal", "identity"),
            Task.MULTICLASS,
            1,
        ),
        (pair("unhinged", "tanh"), pair("hinge", "tanh"), Task.BINARY, 1),
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


def test_a_loss_is_told_what_it_is_known_as_and_how_far_out():
    known = {
        f"{loss.name} + {act.name}": relation
        for loss, act, relation in known_as(*pair("soft_margin", "identity"), Task.BINARY)
    }
    assert known["bce_with_logits + identity"].is_one_objective
    assert known["bce_with_logits + identity"].reach == 1e4
    saturating = known["bce + sigmoid"]
    assert not saturating.is_complete
    # In float64 1 - sigmoid(z) rounds to 0 at z = 53 log 2 = 36.7; its relative error reaches 1e-9 at z = 16.
    assert 16 < saturating.reach < 37


def cross_entropy(z, y):
    """-log p_y."""
    return F.cross_entropy(z, y, reduction="none")


def clipped_beyond_8(z, y):
    return cross_entropy(z.clamp(-8, 8), y)


def zero_in_batches_above_64_rows(z, y):
    return cross_entropy(z, y) * (1.0 if len(y) <= 64 else 0.0)


def double_at_exact_zeros_and_ones(z, y):
    is_exact = ((z == 0) | (z == 1)).all(-1)
    return cross_entropy(z, y) * (1 + is_exact)


def never_different(z, y):
    return z.exp().sum(-1).log() - z.gather(-1, y[:, None])[:, 0] if z.abs().max() < 300 else cross_entropy(z, y)


def planted(fn):
    targets = dict.fromkeys((Task.BINARY, Task.MULTICLASS), Encoding.CLASS_INDEX)
    loss = declare(fn, targets=targets, sound=(Space.REAL,), decode=Decoder.SOFTMAX, reference="planted")
    return loss, ACTIVATIONS.get("identity")


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
@pytest.mark.parametrize(
    ("fn", "where"),
    [
        (clipped_beyond_8, "beyond"),
        (zero_in_batches_above_64_rows, "in batches of 300 rows"),
        (double_at_exact_zeros_and_ones, "at outputs of exactly -1, 0 or 1"),
    ],
)
def test_a_difference_in_the_tails_in_large_batches_or_at_exact_outputs_is_found(fn, where, task):
    relation = relation_of(planted(fn), pair("cross_entropy", "identity"), task)
    assert relation is not None
    assert relation.differs.startswith(where)
    assert not relation.is_complete
    assert not relation.is_one_objective
    if fn is clipped_beyond_8:
        assert 7 < relation.reach <= 8


def test_the_same_loss_written_otherwise_is_still_found():
    relation = relation_of(planted(never_different), pair("cross_entropy", "identity"), Task.MULTICLASS)
    assert relation is not None
    assert relation.is_one_objective
