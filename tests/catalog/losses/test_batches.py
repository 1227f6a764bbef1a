"""Losses of whole batches that are made for a rare second class, against counts and pairs written out."""

import numpy as np
import pytest
import torch
from sklearn import metrics

from lossbench.catalog.loss import LOSSES


def batch(seed: int, rows: int = 23):
    draw = np.random.default_rng(seed)
    y = (draw.uniform(size=rows) < 0.3).astype(float)
    y[:2] = 0, 1
    return draw.normal(size=rows) + y, y, draw.uniform(0.1, 3, rows)


def value_of(name: str, out, y, weight, **params) -> torch.Tensor:
    return LOSSES.get(name).bind(**params)(out[:, None], torch.from_numpy(y)[:, None], torch.from_numpy(weight))


def by_pairs(z, y, w, margin: float) -> float:
    total = counted = 0.0
    for i in np.flatnonzero(y == 1):
        for j in np.flatnonzero(y == 0):
            total += w[i] * w[j] * max(0, margin - (z[i] - z[j])) ** 2
            counted += w[i] * w[j]
    return total / counted


@pytest.mark.parametrize("margin", [1.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_auc_surrogate_is_the_mean_over_the_pairs_and_so_is_its_gradient(margin: float, weighted: bool):
    z, y, w = batch(0)
    w = w if weighted else np.ones_like(w)
    out = torch.from_numpy(z).requires_grad_()
    value = value_of("pairwise_auc", out, y, w, margin=margin)
    assert value.item() == pytest.approx(by_pairs(z, y, w, margin), rel=1e-12)
    (slope,) = torch.autograd.grad(value, out)
    step = 1e-6 * np.eye(len(z))
    numeric = [(by_pairs(z + h, y, w, margin) - by_pairs(z - h, y, w, margin)) / 2e-6 for h in step]
    assert slope.numpy() == pytest.approx(np.array(numeric), abs=1e-8)  # rounding 1e-16 / 1e-6


def test_the_auc_surrogate_is_no_less_than_what_the_auc_misses():
    """A pair in the wrong order costs 1 at least, with a margin of 1; one in the right order by a margin costs 0."""
    for seed in range(20):
        z, y, w = batch(seed)
        missed = 1 - metrics.roc_auc_score(y, z, sample_weight=w)
        assert value_of("pairwise_auc", torch.from_numpy(z), y, w).item() >= missed
    apart = np.where(y == 1, 2.0, 0.5)
    assert value_of("pairwise_auc", torch.from_numpy(apart), y, w).item() == 0


def test_soft_f1_of_sure_predictions_is_what_the_f1_misses():
    for seed in range(5):
        z, y, w = batch(seed)
        decided = (z > 0.5).astype(float)
        expected = 1 - metrics.f1_score(y, decided, sample_weight=w)
        assert value_of("soft_f1", torch.from_numpy(decided), y, w).item() == pytest.approx(expected, abs=1e-12)


def test_soft_f1_and_its_gradient_are_those_of_soft_counts():
    z, y, w = batch(1)
    p = 1 / (1 + np.exp(-z))

    def by_hand(p):
        hit = sum(w[i] * p[i] for i in range(len(p)) if y[i] == 1)
        false_positive = sum(w[i] * p[i] for i in range(len(p)) if y[i] == 0)
        false_negative = sum(w[i] * (1 - p[i]) for i in range(len(p)) if y[i] == 1)
        return 1 - 2 * hit / (2 * hit + false_positive + false_negative)

    out = torch.from_numpy(p).requires_grad_()
    value = value_of("soft_f1", out, y, w)
    assert value.item() == pytest.approx(by_hand(p), abs=1e-12)
    (slope,) = torch.autograd.grad(value, out)
    numeric = [(by_hand(p + h) - by_hand(p - h)) / 2e-6 for h in 1e-6 * np.eye(len(p))]
    assert slope.numpy() == pytest.approx(np.array(numeric), abs=1e-8)


@pytest.mark.parametrize(
    ("name", "only", "constant"), [("pairwise_auc", 0, 0), ("pairwise_auc", 1, 0), ("soft_f1", 0, 1)]
)
def test_a_batch_without_the_class_that_it_needs_has_a_constant_value_and_no_gradient(
    name: str, only: int, constant: int
):
    out = torch.full((5, 1), 0.3, requires_grad=True)
    value = LOSSES.get(name)(out, torch.full((5, 1), float(only)), torch.ones(5))
    assert value.item() == constant
    assert torch.autograd.grad(value, out)[0].eq(0).all()


def test_soft_f1_of_a_batch_that_predicts_nothing_and_holds_nothing_is_a_number():
    value = LOSSES.get("soft_f1")(torch.zeros(3, 1), torch.zeros(3, 1), torch.ones(3))
    assert value.item() == 1
