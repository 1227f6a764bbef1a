"""What the losses of whole distributions estimate, fitted to a skewed sample, and what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.vocabulary import Space, Task
from lossbench.errors import UserError

SAMPLE = np.random.default_rng(0).gamma(2.0, size=999) - 2  # odd: a quantile is one of the values


def fitted(loss: Loss, y: np.ndarray):
    """The prediction of least mean loss for a sample without features."""
    z = torch.zeros(1, 1, loss.width(Task.REGRESSION, 0), dtype=torch.float64, requires_grad=True)
    target = torch.as_tensor(y)[None, :, None]
    solver = torch.optim.LBFGS([z], max_iter=100, tolerance_grad=1e-7, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        solver.zero_grad()
        value = loss(z.expand(1, len(y), -1), target).mean()
        value.backward()
        return value

    solver.step(closure)
    return loss.decoder_on(Space.REAL, Task.REGRESSION)(z.detach())


def test_multi_quantile_fits_the_quantiles_of_all_its_levels():
    levels = (0.1, 0.5, 0.9)
    found = fitted(LOSSES.get("multi_quantile").bind(levels=levels), SAMPLE)
    share = [float((found.quantiles.value[0, 0, i].item() >= SAMPLE).mean()) for i in range(3)]
    assert share == pytest.approx(levels, abs=0.02)  # a smooth solver ends near a kink
    assert found.point_PN.item() == found.quantiles.value[0, 0, 1].item()


def test_winkler_fits_the_central_interval():
    found = fitted(LOSSES.get("winkler").bind(level=0.8), SAMPLE)
    lower, upper = found.quantiles.at((0.1, 0.9))[0, 0].tolist()
    assert [(lower >= SAMPLE).mean(), (upper >= SAMPLE).mean()] == pytest.approx([0.1, 0.9], abs=0.02)


def test_quantiles_never_cross():
    out = 1e3 * torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    levels = [0.1, 0.2, 0.5, 0.6, 0.9]
    loss = LOSSES.get("multi_quantile").bind(levels=levels)
    value = loss.decoder_on(Space.REAL, Task.REGRESSION)(out).quantiles.value
    assert (value.diff(dim=-1) >= 0).all()


def test_hl_gauss_reads_the_mean_and_clamps_what_is_beyond_its_reach():
    loss = LOSSES.get("hl_gauss")
    assert fitted(loss, SAMPLE.clip(-4, 4)).point_PN.item() == pytest.approx(SAMPLE.clip(-4, 4).mean(), abs=1e-3)
    out = torch.randn(1, 3, 51)
    beyond = loss(out, torch.tensor([5.0, 50.0, 5e6])[None, :, None].expand(1, 3, 1))
    same = loss(out, torch.full((1, 3, 1), 5.0))
    assert torch.equal(beyond, same)


def test_ziln_fits_the_three_numbers_of_its_model():
    rng = np.random.default_rng(1)
    y = np.where(rng.uniform(size=4000) < 0.3, rng.lognormal(1.0, 0.5, 4000), 0.0)
    found = fitted(LOSSES.get("ziln"), y).distribution
    positive = np.log(y[y > 0])
    assert found.logit.sigmoid().item() == pytest.approx((y > 0).mean(), abs=1e-4)
    assert (found.location.item(), found.scale.item()) == pytest.approx((positive.mean(), positive.std()), abs=1e-4)


def test_a_negative_binomial_s_mean_is_the_mean_at_any_dispersion():
    y = np.random.default_rng(2).negative_binomial(2, 0.2, 1000).astype(float)
    for dispersion in (0.05, 1.0, 5.0):
        found = fitted(LOSSES.get("negative_binomial_nll").bind(dispersion=dispersion), y)
        assert found.point_PN.item() == pytest.approx(y.mean(), rel=1e-4)  # where the solver stops


@pytest.mark.parametrize(
    ("levels", "why"),
    [
        ([0.5, 0.1], "must be ascending"),
        ([], "must be ascending"),
        ([0.0, 0.5], "must be > 0"),
        (0.5, "must be a list"),
    ],
)
def test_levels_that_cannot_be_are_one_line(levels, why: str):
    with pytest.raises(UserError, match=f"loss multi_quantile: levels: {why}"):
        LOSSES.get("multi_quantile").bind(levels=levels)
