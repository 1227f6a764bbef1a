"""The gamma functions of evidential, against scipy's."""

import numpy as np
import pytest
import torch
from scipy import special

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.losses.gamma_functions import entropy_term

X = np.concatenate([np.linspace(1, 3, 41), np.linspace(3, 60, 58), np.geomspace(60, 1e8, 20)])


def scipy_value(x: np.ndarray, c: float) -> np.ndarray:
    return x + special.gammaln(x) - (x - c) * special.digamma(x)


@pytest.mark.parametrize("c", [1.0, 2.0, 9.0])
def test_the_entropy_term_and_its_derivatives_are_scipy_s(c: float):
    x = torch.tensor(X, requires_grad=True)
    value = entropy_term(x, torch.full_like(x, c))
    (slope,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    trigamma, tetragamma = special.polygamma(1, X), special.polygamma(2, X)
    # scipy's terms of x log x cancel, and those of 1: what is left has their rounding, of some ulp
    rounding = 4e-15 * X * np.log(X)
    assert (np.abs(value.detach().numpy() - scipy_value(X, c)) <= 1e-13 * c + rounding).all()
    np.testing.assert_allclose(slope.detach().numpy(), 1 - (X - c) * trigamma, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(curvature.numpy(), -trigamma - (X - c) * tetragamma, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("c", [1.0, 2.0])
def test_of_large_arguments_the_digits_are_kept(c: float):
    """Stirling's series, whose first term left out is of the size of x^-2."""
    x = torch.tensor([1e8, 1e12], dtype=torch.float64, requires_grad=True)
    value = entropy_term(x, torch.full_like(x, c))
    (slope,) = torch.autograd.grad(value.sum(), x)
    at = x.detach()
    wanted = (c - 0.5) * at.log() + 0.5 * (1 + np.log(2 * np.pi)) + (1 / 6 - c / 2) / at
    # adding the shift and taking it away again loses a digit
    torch.testing.assert_close(value.detach(), wanted, rtol=1e-14, atol=0)
    torch.testing.assert_close(slope, (c - 0.5) / at, rtol=1e-7, atol=0)  # the next term is 1 / x of it


@pytest.mark.parametrize("c", [1.0, 2.0])
def test_float32_has_the_digits_of_float64(c: float):
    x = torch.tensor(X, dtype=torch.float32, requires_grad=True)
    value = entropy_term(x, torch.full_like(x, c))
    (slope,) = torch.autograd.grad(value.sum(), x)
    exact = x.detach().double().requires_grad_()
    exact_value = entropy_term(exact, torch.full_like(exact, c))
    (exact_slope,) = torch.autograd.grad(exact_value.sum(), exact)
    # 16 ulp: a dozen operations, some of which cancel a bit or two
    torch.testing.assert_close(value.double(), exact_value, rtol=2e-6, atol=0)
    torch.testing.assert_close(slope.double(), exact_slope, rtol=2e-6, atol=2e-8)


def plain_evidential(e: torch.Tensor, y: torch.Tensor, lam: float) -> torch.Tensor:
    """The paper's formulas, in torch's functions."""
    alpha, t = e + 1, torch.nn.functional.one_hot(y, e.shape[-1]).to(e.dtype)
    total = alpha.sum(-1, keepdim=True)
    p = alpha / total
    score = ((t - p).square() + p * (1 - p) / (total + 1)).sum(-1)
    wrong, even = torch.distributions.Dirichlet(t + (1 - t) * alpha), torch.distributions.Dirichlet(torch.ones_like(e))
    return score + lam * torch.distributions.kl_divergence(wrong, even)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_evidential_is_the_paper_s_formulas(classes: int):
    generator = torch.Generator().manual_seed(classes)
    size = torch.tensor([0.0, 1e-3, 1.0, 30.0, 1e3], dtype=torch.float64)[:, None, None]
    e = (size * torch.rand(5, 40, classes, generator=generator, dtype=torch.float64)).requires_grad_()
    y = torch.randint(classes, (5, 40), generator=generator)
    value, wanted = LOSSES.get("evidential").bind(lam=0.7)(e, y), plain_evidential(e, y, 0.7)
    torch.testing.assert_close(value, wanted, rtol=1e-11, atol=1e-11)  # terms of the size of 1e4 cancel in the oracle
    (slope,), (wanted_slope,) = torch.autograd.grad(value.sum(), e), torch.autograd.grad(wanted.sum(), e)
    torch.testing.assert_close(slope, wanted_slope, rtol=1e-6, atol=1e-7)  # torch's trigamma has nine digits


@pytest.mark.parametrize("classes", [2, 3])
def test_evidential_of_any_finite_evidence_is_finite(classes: int):
    e = torch.full((4, classes), 1.0)
    e[:, 0] = torch.tensor([0.0, 1e8, 1e19, 1e30])
    for own in (0, classes - 1):
        leaf = e.clone().requires_grad_()
        value = LOSSES.get("evidential")(leaf, torch.full((4,), own))
        (slope,) = torch.autograd.grad(value.sum(), leaf)
        assert value.isfinite().all()
        assert slope.isfinite().all()


def test_a_row_that_is_not_finite_stays_so_and_alone():
    e = torch.ones(3, 3)
    e[0, 1], e[1, 2] = torch.nan, torch.inf
    value = LOSSES.get("evidential")(e, torch.zeros(3, dtype=torch.long))
    assert value.isfinite().tolist() == [False, False, True]
