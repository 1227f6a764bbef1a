"""Penalties add up to the two strengths of the one objective."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import ElasticNet, Ridge

from lossbench.catalog.penalties import REGULARIZERS, resolve_penalty
from lossbench.errors import UserError


def test_strengths_add_up():
    assert resolve_penalty({}) == (0, 0)
    assert resolve_penalty({"l1": 0.1, "l2": 0.2}) == (0.1, 0.2)
    assert resolve_penalty({"elasticnet": 0.4}, l1_ratio=0.25) == pytest.approx((0.1, 0.3))
    assert resolve_penalty({"ridge": 1, "elasticnet": 2}) == (1, 2)


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        ({"l3": 1}, "unknown penalty 'l3'"),
        ({"l1": -1}, "l1 = -1"),
        ({"l2": float("nan")}, "l2 = nan"),
        ({"l2": float("inf")}, "inf"),
    ],
)
def test_an_impossible_penalty_is_refused(penalty: dict[str, float], message: str):
    with pytest.raises(UserError, match=message):
        resolve_penalty(penalty)
    with pytest.raises(UserError, match="l1_ratio"):
        resolve_penalty({"elasticnet": 1}, l1_ratio=2)


def _at_rest(weight: np.ndarray, gradient: np.ndarray, l1: float, l2: float) -> float:
    """How far a weight vector is from the penalised optimum: the distance of 0 to the subgradient."""
    slope = gradient + l2 * weight
    return np.where(weight == 0, np.maximum(0, np.abs(slope) - l1), np.abs(slope + l1 * np.sign(weight))).max()


def test_the_relations_to_scikit_learn_hold():
    """scikit-learn's optimum is at rest under our objective, with the strengths that the docstring gives."""
    rng = np.random.default_rng(0)
    x, n = rng.normal(size=(80, 6)), 80
    y = x @ rng.normal(size=6) + rng.normal(size=80)
    ridge = Ridge(alpha=7, fit_intercept=False, tol=1e-12).fit(x, y).coef_
    assert _at_rest(ridge, -2 / n * x.T @ (y - x @ ridge), 0, 2 * 7 / n) < 1e-9
    net = ElasticNet(alpha=0.5, l1_ratio=0.6, fit_intercept=False, tol=1e-14, max_iter=10**5).fit(x, y).coef_
    l1, l2 = resolve_penalty({"elasticnet": 0.5}, l1_ratio=0.6)
    assert (net == 0).any()
    assert _at_rest(net, -1 / n * x.T @ (y - x @ net), l1, l2) < 1e-6


def test_a_value_is_what_its_formula_says():
    weight = torch.tensor([[1.0, -2.0], [0.0, 3.0]])
    assert REGULARIZERS.get("l1").value(weight, 0.5).item() == 3
    assert REGULARIZERS.get("l2").value(weight, 0.5).item() == 3.5
    assert REGULARIZERS.get("elasticnet").value(weight, 1.0, 0.5).item() == 3 + 3.5
