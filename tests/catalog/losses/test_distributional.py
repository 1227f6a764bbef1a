"""What the losses of whole distributions estimate, fitted to a skewed sample, and what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from sklearn.datasets import load_diabetes

from lossbench import MLPRegressor
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.metrics import METRICS
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


EVIDENCE = np.array([[0.3, 0.5, 1.5, 0.7], [-2.0, 4.0, 1.01, 0.1], [5.0, 0.01, 30.0, 9.0]])  # m, nu, alpha, beta


def student_t_of_evidence() -> list:
    """SciPy's t of each row: Amini et al. 2020, equation 8."""
    return [stats.t(2 * a, m, np.sqrt(b * (1 + nu) / (nu * a))) for m, nu, a, b in EVIDENCE]


def test_evidential_regression_predicts_the_student_t_that_it_is_the_likelihood_of():
    loss, y = LOSSES.get("evidential_regression").bind(lam=0.0), np.array([0.9, -2.4, 8.0])
    out, at = torch.as_tensor(EVIDENCE)[None], torch.as_tensor(y)
    read = loss.decoder_on(Space.NORMAL_INVERSE_GAMMA, Task.REGRESSION)(out)
    theirs, found = student_t_of_evidence(), read.distribution
    log_density = [one.logpdf(v) for one, v in zip(theirs, y, strict=True)]
    np.testing.assert_allclose(read.point_PN[0], EVIDENCE[:, 0], rtol=0)
    np.testing.assert_allclose(found.sd[0], [one.std() for one in theirs], rtol=1e-8)
    np.testing.assert_allclose(found.log_density(at)[0], log_density, rtol=1e-8)
    np.testing.assert_allclose(-loss(out, at[None, :, None])[0], log_density, rtol=1e-8)
    for level in (0.05, 0.5, 0.95):
        np.testing.assert_allclose(found.quantile(level)[0], [one.ppf(level) for one in theirs], rtol=1e-8)
    for one, v, ours in zip(theirs, y, found.crps(at)[0].tolist(), strict=True):
        below = integrate.quad(lambda t, one=one: one.cdf(t) ** 2, -np.inf, v)[0]
        above = integrate.quad(lambda t, one=one: one.sf(t) ** 2, v, np.inf)[0]
        assert ours == pytest.approx(below + above, rel=1e-6)  # quad's own error


def test_metrics_of_distributions_score_evidential_regression():
    loss, rng = LOSSES.get("evidential_regression"), np.random.default_rng(0)
    y = np.array([one.rvs(random_state=rng) for one in student_t_of_evidence()])
    read = loss.decoder_on(Space.NORMAL_INVERSE_GAMMA, Task.REGRESSION)(torch.as_tensor(EVIDENCE)[None])
    expected = {
        "log_score": -np.mean([one.logpdf(v) for one, v in zip(student_t_of_evidence(), y, strict=True)]),
        "interval_width": np.mean([np.diff(one.interval(0.9)) for one in student_t_of_evidence()]),
    }
    for name, value in expected.items():
        assert METRICS.get(name)(read, torch.as_tensor(y)).item() == pytest.approx(value, rel=1e-8)
    for name in ("crps", "coverage_error", "pit_error"):
        assert METRICS.get(name).can_score(read)


def test_an_estimator_predicts_the_quantiles_of_evidential_regression():
    """A fifth of the rows is outside of an interval of 80%, on the rows that were trained on, to within 10%."""
    x, y = load_diabetes(return_X_y=True)
    net = MLPRegressor("evidential_regression", epochs=60, hidden=(16,), random_state=0).fit(x, y)
    low, middle, high = net.predict_quantiles(x, (0.1, 0.5, 0.9)).T
    np.testing.assert_allclose(middle, net.predict(x), rtol=1e-6)  # symmetric
    assert ((low <= y) & (y <= high)).mean() == pytest.approx(0.8, abs=0.1)
    assert (net.pred_dist(x).sd > 0).all()
