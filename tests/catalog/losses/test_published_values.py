"""Values that optax and Keras test their own losses with, computed there by hand or by another library.

From optax/losses/_regression_test.py and _classification_test.py, and from keras/src/losses/losses_test.py. Tolerances
are the digits that are printed there.
"""

from __future__ import annotations

import pytest
import torch

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.plugins.resolve import find_loss
from lossbench.catalog.soft_targets import softened
from lossbench.catalog.vocabulary import Task

SQUARES = [-2.0, -1.0, 0.5, 1.0], [-1.5, 0.0, -1.0, 1.0]
REGRESSION = [  # name there, outputs, targets, values
    ("optax.squared_error", *SQUARES, [0.25, 1.0, 2.25, 0.0]),
    (
        "optax.huber_loss(delta=1)",
        [-2.0, 0.5, 0.0, 0.5, 2.0, 4.0, 132.0],
        [0.0, -0.5, 0.0, 1.0, 1.0, 2.0, 0.3],
        [1.5, 0.5, 0.0, 0.125, 0.5, 1.5, 131.2],
    ),
    (
        "optax.log_cosh",
        [500.0, -2.0, -1.0, 0.5, 1.0],
        [-200.0, -1.5, 0.0, -1.0, 1.0],
        [699.3068, 0.12011445, 0.4337809, 0.85544014, 0.0],
    ),
]


@pytest.mark.parametrize(("name", "out", "target", "values"), REGRESSION, ids=[one[0] for one in REGRESSION])
def test_numbers_have_the_values_of_optax(name, out, target, values):
    out, target = (torch.tensor(one, dtype=torch.float64)[:, None] for one in (out, target))
    assert find_loss(name)(out, target).tolist() == pytest.approx(values, abs=1e-4)  # float32's digits of 699


def test_cross_entropy_has_the_values_of_optax():
    z = torch.tensor([[10.0, 1.0, -2.0], [1.0, 4.0, 0.2]])
    loss = find_loss("optax.softmax_cross_entropy_with_integer_labels")
    assert loss(z, torch.tensor([1, 0])).tolist() == pytest.approx([9.00013, 3.0696733], abs=1e-5)


@pytest.mark.parametrize(
    ("outputs", "labels", "value"),
    [
        ([-1e9, -1e-9], [1.0, 0.0], 5e8),
        ([-1e9, -1e-9], [0.0, 1.0], 0.3465736),
        ([1e9, 1e-9], [1.0, 0.0], 0.3465736),
        ([1e9, -1e-9], [0.0, 1.0], 5e8),
        ([0.0, 0.0], [1.0, 0.0], 0.6931472),
    ],
)
def test_binary_cross_entropy_has_the_means_of_optax_at_huge_and_tiny_outputs(outputs, labels, value):
    out, target = (torch.tensor(one, dtype=torch.float64)[:, None] for one in (outputs, labels))
    loss = find_loss("optax.sigmoid_binary_cross_entropy")
    assert loss(out, target).mean().item() == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("epsilon", "of_five", "of_three"),
    [
        (1.0, 3.7153, [0.3261, 1.0407]),
        (0.0, 2.8990, [0.1698, 0.8247]),
        (-0.5, 2.4908, [0.0917, 0.7168]),
        (2.0, 4.5317, [0.4823, 1.2567]),
        (5.45, 7.3480, [1.0211, 2.0018]),
    ],
)
def test_poly1_of_probabilities_has_the_values_of_optax(epsilon, of_five, of_three):
    loss = softened(LOSSES.get("poly1").bind(epsilon=epsilon), Task.MULTICLASS)
    z, t = torch.tensor([[0.14, 1.456, 2.356, -0.124, -2.47]]), torch.tensor([[0.1, 0.15, 0.2, 0.25, 0.3]])
    assert loss(z, t).item() == pytest.approx(of_five, abs=1e-4)
    z, t = torch.tensor([[4.0, 2.0, 1.0], [0.0, 5.0, 1.0]]), torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.8, 0.2]])
    assert loss(z, t).tolist() == pytest.approx(of_three, abs=1e-4)


PREDICTED, TRUE = [4.0, 8.0, 12.0, 8.0, 1.0, 3.0], [1.0, 9.0, 2.0, -5.0, -2.0, 6.0]


@pytest.mark.parametrize(
    ("name", "mean", "weighted"), [("MeanSquaredError", 49.5, 767.8 / 6), ("MeanAbsoluteError", 5.5, 81.4 / 6)]
)
def test_numbers_have_the_means_of_keras_weighted_by_row_too(name, mean, weighted):
    out, target = (torch.tensor(one).reshape(2, 3) for one in (PREDICTED, TRUE))
    values = find_loss(name)(out, target)
    assert values.mean().item() == pytest.approx(mean, rel=1e-6)
    assert (values * torch.tensor([1.2, 3.4])).mean().item() == pytest.approx(weighted, rel=1e-6)


@pytest.mark.parametrize(("name", "rows"), [("hinge", [2.2, 3.0])])
def test_hinge_has_twice_the_row_means_of_keras_which_takes_the_mean_over_two_outputs(name, rows):
    out = torch.tensor([[0.6, 0.4], [0.4, 0.6]])
    signs = torch.tensor([[-1.0, 1.0], [-1.0, -1.0]])  # Keras turns 0/1 into these
    assert LOSSES.get(name)(out, signs).tolist() == pytest.approx(rows, abs=1e-6)
