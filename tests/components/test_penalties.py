"""Penalties add up to the two strengths of the one objective."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import ElasticNet, Ridge

from lossbench.components.penalties import PENALTIES
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig


@pytest.mark.parametrize("penalty", list(PENALTIES), ids=lambda one: one.name)
@pytest.mark.parametrize("l1_ratio", [0.0, 0.25, 0.5, 1.0])
def test_a_penalty_is_a_mix_of_l1_and_l2_that_adds_up(penalty, l1_ratio):
    l1, l2 = penalty.split(0.4, l1_ratio)
    assert l1 >= 0
    assert l2 >= 0
    assert l1 + l2 == pytest.approx(0.4, rel=1e-15)
    assert penalty.title
    assert penalty.formula
    assert penalty.effect


def test_every_penalty_can_be_drawn_and_every_unmixed_one_trained_with():
    """The config's names are the registry's."""
    assert RegularizeConfig(penalty=PENALTIES.names()).penalty == PENALTIES.names()
    unmixed = [one for one in PENALTIES if not one.uses_l1_ratio]
    for one in unmixed:
        assert TrainConfig(penalty={one.name: 0.3}).penalty.split() == one.split(0.3)
    assert list(type(TrainConfig().penalty).model_fields) == [one.name for one in unmixed]


def test_strengths_add_up():
    assert TrainConfig().penalty.split() == (0, 0)
    assert TrainConfig(penalty={"l1": 0.1, "l2": 0.2}).penalty.split() == (0.1, 0.2)


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
    l1, l2 = PENALTIES.get("elasticnet").split(0.5, 0.6)
    assert (net == 0).any()
    assert _at_rest(net, -1 / n * x.T @ (y - x @ net), l1, l2) < 1e-6


def test_a_value_is_what_its_formula_says():
    weight = torch.tensor([[1.0, -2.0], [0.0, 3.0]])
    assert PENALTIES.get("l1").value(weight, 0.5).item() == 3
    assert PENALTIES.get("l2").value(weight, 0.5).item() == 3.5
    assert PENALTIES.get("elasticnet").value(weight, 1.0, 0.5).item() == 3 + 3.5
