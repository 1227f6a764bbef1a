"""rmse, rmsle and balanced_mse, whose value is a batch's: scikit-learn's, and the paper's formula in torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import root_mean_squared_error, root_mean_squared_log_error

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.losses.balanced_regression import ROWS

NAMES = ("rmse", "rmsle", "balanced_mse")


def drawn(rows: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Positive outputs and targets `[rows, 1]`, float64."""
    generator = torch.Generator().manual_seed(seed)
    f, y = torch.rand(2, rows, 1, generator=generator, dtype=torch.float64) * 3
    return f, y


def by_cross_entropy(f: torch.Tensor, y: torch.Tensor, noise: float) -> torch.Tensor:
    """The paper's own words: which of the batch's targets is a row's, by logits -(f_i - y_j)^2 / (2 noise^2)."""
    logits = -(f - y.T).square() / (2 * noise**2)
    return 2 * noise**2 * F.cross_entropy(logits, torch.arange(len(f)))


@pytest.mark.parametrize(
    ("name", "oracle"), [("rmse", root_mean_squared_error), ("rmsle", root_mean_squared_log_error)]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_root_of_a_mean_is_scikit_learns(name, oracle, weighted):
    f, y = drawn(50)
    weight = torch.linspace(0.1, 3, 50, dtype=torch.float64) if weighted else torch.ones(50, dtype=torch.float64)
    expected = oracle(y.numpy(), f.numpy(), sample_weight=weight.numpy())
    assert LOSSES.get(name)(f, y, weight).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("noise", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("rows", [5, ROWS, ROWS + 1, 3 * ROWS + 7], ids=lambda rows: f"{rows} rows")
def test_balanced_mse_and_its_gradient_are_the_papers_in_one_part_and_in_several(rows, noise):
    f, y = drawn(rows)
    f.requires_grad_()
    value = LOSSES.get("balanced_mse").bind(noise=noise)(f, y, torch.ones(rows, dtype=torch.float64))
    expected = by_cross_entropy(f, y, noise)
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-12)
    ours, theirs = (torch.autograd.grad(one, f)[0] for one in (value, expected))
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-14)


def test_balanced_mse_of_wide_noise_is_the_squared_error_of_predictions_less_what_all_share():
    """exp(-x) = 1 - x far below 1: 2 s^2 log mean_j of it is -mean_j (f_i - y_j)^2, to the order of 1 / s^2."""
    f, y = drawn(40)
    value = LOSSES.get("balanced_mse").bind(noise=1e3)(f, y, torch.ones(40, dtype=torch.float64)) - 2e6 * np.log(40)
    limit = ((f - y).square() - (f - y.T).square().mean(-1, keepdim=True)).mean()
    assert value.item() == pytest.approx(limit.item(), abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_of_two_is_two_rows_and_of_zero_is_none(name):
    f, y = drawn(6)
    weight = torch.tensor([1, 2, 0, 1, 3, 1], dtype=torch.float64)
    copied = torch.repeat_interleave(torch.arange(6), weight.long())
    one = torch.ones(len(copied), dtype=torch.float64)
    loss = LOSSES.get(name)
    torch.testing.assert_close(loss(f, y, weight), loss(f[copied], y[copied], one), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_fit_has_a_gradient_of_zero_and_no_nan(name):
    _, y = drawn(7)
    f = y.float().requires_grad_()
    value = LOSSES.get(name).bind(**({"noise": 1e-3} if name == "balanced_mse" else {}))(f, y.float(), torch.ones(7))
    (slope,) = torch.autograd.grad(value, f)
    assert abs(value.item()) < 1e-6  # with noise far below the targets' distances no other target is near
    assert slope.abs().max() < 1e-30  # e^-(d / s)^2 of the nearest two targets, of float32's smallest numbers
