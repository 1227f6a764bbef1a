"""What losses and metrics declare to be best at, against the constant that each is best at, found by search.

The oracles are numpy's mean and quantile, and roots of first-order conditions by scipy.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.optimize import brentq

from lossbench.catalog.decoders import Prediction
from lossbench.catalog.estimands import BETWEEN, MODE, NEAR_MEAN, NEAR_MEDIAN, differ
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.metrics import METRICS, suiting
from lossbench.catalog.vocabulary import Task

SAMPLE = np.array([0.5, 1.0, 1.5, 2.0, 11.25])  # no two of the estimands below are equal
GRID = torch.arange(0.001, 12, 0.001, dtype=torch.float64)  # to the millimetre
LOG_OUTPUT = {"poisson_nll", "gamma_nll", "tweedie", "negative_binomial_nll"}
OF_SEVERAL_OUTPUTS = {"multi_quantile", "hl_gauss"}  # fitted in tests/catalog/losses/test_distributional.py


def expectile(tau: float) -> float:
    """Newey & Powell 1987: tau E (y - e)+ = (1 - tau) E (e - y)+."""
    return brentq(lambda e: (np.where(e <= SAMPLE, tau, 1 - tau) * (SAMPLE - e)).sum(), 0.5, 11.25)


def root(condition) -> float:
    """Where a first-order condition, which falls as the prediction rises, passes 0 in the sample's range."""
    return brentq(condition, 0.5, 11.25)


def m_quantile(quantile: float, kappa: float = 1.0) -> float:
    """Breckling & Chambers 1988: the asymmetrically weighted residuals, clipped at kappa, sum to 0."""
    return root(lambda m: (np.where(m <= SAMPLE, quantile, 1 - quantile) * np.clip(SAMPLE - m, -kappa, kappa)).sum())


def balanced_mean(noise: float = 1.0) -> float:
    """Ren et al. 2022: where the sample's values, weighted by a normal density around it, have the sample's mean."""
    return root(lambda m: SAMPLE.mean() - np.average(SAMPLE, weights=stats.norm.pdf(SAMPLE, m, noise)))


ORACLE = {
    "the mean": SAMPLE.mean(),
    "the median": np.median(SAMPLE),
    "the 0.7-quantile": np.quantile(SAMPLE, 0.7, method="inverted_cdf"),
    "the 0.7-expectile": expectile(0.7),
    "the 0.7-M-quantile": m_quantile(0.7),
    "the mean with all target values equally frequent": balanced_mean(),
    "exp E log(1 + y) - 1": np.exp(np.log1p(SAMPLE).mean()) - 1,
    "the median weighted by 1 / y": 1.0,  # weights 2, 1, .67, .5, .09: half of 4.26 is passed at 1
}
BOUND = {"pinball": {"quantile": 0.7}, "expectile": {"tau": 0.7}, "quantile_huber": {"quantile": 0.7}}
WITHIN_EPSILON = {NEAR_MEAN: "the mean", NEAR_MEDIAN: "the median"}
LOSSES_OF_VALUES = [
    *(loss for loss in LOSSES if loss.value_estimand and loss.name not in OF_SEVERAL_OUTPUTS),
    *(LOSSES.get(name).bind(**params) for name, params in BOUND.items()),
]
METRICS_OF_VALUES = [
    *(metric for metric in suiting(Task.REGRESSION) if metric.estimated),
    METRICS.get("pinball(quantile=0.7)"),
]


def best_of_loss(loss: Loss) -> float:
    out = GRID.log() if loss.name in LOG_OUTPUT else GRID
    out = out[:, None, None].expand(-1, len(SAMPLE), 1)
    if loss.outputs == 2:  # a mean, at a variance of 1
        out = torch.cat([out, torch.ones_like(out)], -1)
    truth = torch.from_numpy(SAMPLE)[None, :, None].expand(len(GRID), -1, -1)
    if loss.per == "batch":
        return float(GRID[loss(out, truth, torch.ones(truth.shape[:-1])).argmin()])
    return float(GRID[loss(out, truth).mean(-1).argmin()])


@pytest.mark.parametrize("loss", LOSSES_OF_VALUES, ids=lambda loss: loss.label)
def test_a_loss_is_least_at_what_it_declares(loss):
    declared, found = loss.estimand(Task.REGRESSION), best_of_loss(loss)
    if declared in ORACLE:
        assert found == pytest.approx(ORACLE[declared], abs=2e-3)  # two steps of the grid
    elif declared == BETWEEN:
        assert ORACLE["the median"] - 2e-3 <= found <= ORACLE["the mean"] + 2e-3
    elif declared in WITHIN_EPSILON:
        assert abs(found - ORACLE[WITHIN_EPSILON[declared]]) <= loss.params["epsilon"] + 2e-3
    else:
        assert declared == MODE
        assert found < ORACLE["the mean"] - 0.5  # with the bulk, whatever the one far value


@pytest.mark.parametrize("metric", METRICS_OF_VALUES, ids=lambda metric: metric.name)
def test_a_metric_is_best_at_what_it_declares(metric):
    prediction = Prediction(point_PN=GRID[:, None].expand(-1, len(SAMPLE)))
    value = metric(prediction, torch.from_numpy(SAMPLE)[None])
    best = value.argmax() if metric.better == "higher" else value.argmin()
    assert float(GRID[best]) == pytest.approx(ORACLE[metric.estimated], abs=2e-3)


def test_pairs_differ_exactly_where_their_best_constants_do():
    for loss in LOSSES_OF_VALUES:
        declared = loss.estimand(Task.REGRESSION)
        for metric in METRICS_OF_VALUES:
            if declared in ORACLE:
                apart = abs(ORACLE[declared] - ORACLE[metric.estimated]) > 2e-3
                assert differ(declared, metric.estimated) == apart, (loss.label, metric.name)


def test_at_one_half_a_quantile_is_the_median_and_an_expectile_the_mean():
    assert LOSSES.get("pinball").estimand(Task.REGRESSION) == "the median"
    assert LOSSES.get("expectile").estimand(Task.REGRESSION) == "the mean"
    assert METRICS.get("pinball").estimated == "the median"


def test_no_metric_of_an_order_marks_a_loss():
    for metric in suiting(Task.BINARY, Task.MULTICLASS):
        assert bool(metric.estimated) == (metric.name in {"accuracy", "balanced_accuracy", "log_loss", "brier", "ece"})
