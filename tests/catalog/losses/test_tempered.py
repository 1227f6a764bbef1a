"""The tempered softmax: that its normaliser is solved for whatever the outputs, and its derivatives."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from lossbench.catalog.losses.tempered import tempered_log_softmax

TEMPERATURES = [1.0001, 1.05, 1.2, 1.5, 2.0, 4.0, 10.0]


def rows_of_levels(classes: int, seed: int) -> torch.Tensor:
    """Classes in groups of any size, each group as far below the last one as may be: that is where steps are short."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(1, 6)
    level = np.sort(rng.integers(0, levels, (500, classes)) * (rng.random((500, classes)) < rng.random((500, 1))))
    depth = np.cumsum(10 ** rng.uniform(-3, 8, (500, levels)), 1)
    return torch.tensor(-np.take_along_axis(depth - depth[:, :1], level, 1))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(2, 60), st.sampled_from(TEMPERATURES), st.integers(0, 10**6))
def test_newtons_steps_are_enough_for_any_outputs(classes: int, t: float, seed: int):
    z = rows_of_levels(classes, seed)
    for dtype in (torch.float32, torch.float64):
        excess = tempered_log_softmax(z.to(dtype), t).double().exp().sum(-1) - 1
        # logarithms of the size of 10 are rounded to some ulp, and a step more would change less than that
        assert excess.abs().max() < 50 * torch.finfo(dtype).eps


@pytest.mark.parametrize("t", TEMPERATURES)
@pytest.mark.parametrize("gap", [0.0, 1e-4, 0.3, 2.0, 30.0, 1e4, 1e8])
def test_of_two_classes_it_is_the_root_that_scipy_finds(t: float, gap: float):
    def log_exp_t(x: float) -> float:
        return -np.log1p((t - 1) * -x) / (t - 1)

    def excess(normaliser: float) -> float:
        return np.logaddexp(log_exp_t(-normaliser), log_exp_t(-gap - normaliser))

    normaliser = optimize.brentq(excess, 0, 2 ** (t - 1) / (t - 1), xtol=1e-15, rtol=1e-15, maxiter=500)
    found = tempered_log_softmax(torch.tensor([0.0, -gap], dtype=torch.float64), t).numpy()
    # brentq's root is exact to 1e-15; a sure class's logarithm is that small itself
    np.testing.assert_allclose(found, [log_exp_t(-normaliser), log_exp_t(-gap - normaliser)], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("t", [1.0, 1.2, 4.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_its_derivatives_are_those_of_differences(t: float, classes: int):
    z = torch.randn(6, classes, generator=torch.Generator().manual_seed(0), dtype=torch.float64).mul_(3)
    z[0] = 0  # a tie
    z.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: tempered_log_softmax(z, t), z)
    assert torch.autograd.gradgradcheck(lambda z: tempered_log_softmax(z, t), z)


@pytest.mark.parametrize("t", [1.2, 4.0])
def test_a_sure_class_s_slope_keeps_its_digits(t: float):
    """In float32, what rounding leaves of a slope of 1 is as large as the slope that is wanted."""
    z = torch.tensor([[0.0, -40.0, -60.0], [0.0, -1e4, -1e3]], dtype=torch.float64)
    slopes = []
    for dtype in (torch.float32, torch.float64):
        leaf = z.to(dtype).requires_grad_()
        slopes.append(torch.autograd.grad(tempered_log_softmax(leaf, t)[:, 0].sum(), leaf)[0].double())
    torch.testing.assert_close(slopes[0], slopes[1], rtol=1e-5, atol=0)
    torch.testing.assert_close(slopes[1].sum(-1), torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-16)


@pytest.mark.parametrize("t", [1.2, 4.0])
def test_a_row_that_is_not_finite_stays_alone_and_a_class_of_no_chance_has_none(t: float):
    z = torch.tensor([[0.0, torch.nan], [torch.inf, 0.0], [0.0, -torch.inf], [1e4, -1e4]])
    p = tempered_log_softmax(z, t).exp()
    assert p[:2].isnan().any(-1).all()
    assert p[2].tolist() == [1.0, 0.0]
    assert p[3].sum().item() == pytest.approx(1, abs=1e-6)  # a few ulp
