"""The search finds the least expected loss: closed forms for a few outputs, scipy for many; several tables at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from lossbench.experiments.probing.search import minimise, minimise_each

CENTRES = torch.tensor([[-2.0, 1.0], [0.3, 4.0], [30.0, -1.0]], dtype=torch.float64)  # the last lies off the grid
TARGETS = torch.tensor([-1.0, 0.0, 3.0], dtype=torch.float64)
WEIGHTS = torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]], dtype=torch.float64)


def squares(z_NK, which_N):
    """|z - centre - target|^2: of weighted targets it is least at the centre plus their mean."""
    return (z_NK[:, None] - CENTRES[which_N][:, None] - TARGETS[:, None]).square().sum(-1)


def test_every_table_has_its_own_minimum():
    point_GMK, value_GM = minimise_each(squares, 3, WEIGHTS, 2)
    mean_M = WEIGHTS @ TARGETS
    variance_M = WEIGHTS @ TARGETS.square() - mean_M.square()
    # a gain below 1e-13 of the value, here at most 5.2, is none: sqrt(5.2e-13) from the minimum
    torch.testing.assert_close(point_GMK, CENTRES[:, None] + mean_M[:, None], rtol=0, atol=1e-6)
    torch.testing.assert_close(value_GM, (2 * variance_M).expand(3, -1), rtol=0, atol=1e-12)


def test_tables_searched_together_end_where_each_does_alone():
    together = minimise_each(squares, 3, WEIGHTS, 2, starts=1, halvings=9, rounds=2)
    for g in range(3):
        alone = minimise(
            lambda z, g=g: squares(z, torch.full((len(z),), g)), WEIGHTS, 2, starts=1, halvings=9, rounds=2
        )
        assert torch.equal(together[0][g], alone[0])
        assert torch.equal(together[1][g], alone[1])


def test_a_table_whose_search_has_ended_is_not_asked_again():
    asked = []

    def table(z_NK, which_N):
        assert (which_N.diff() >= 0).all()
        asked.append(set(which_N.tolist()))
        return squares(z_NK, which_N)

    minimise_each(table, 3, WEIGHTS, 2, starts=1)
    assert asked[0] == {0, 1, 2}
    assert asked[-1] == {2}  # the far minimum takes the longest


def test_a_forbidden_point_is_no_minimum():
    def above(z_N1):
        return (z_N1[:, 0] < 2).expand(2, -1)

    point_MK, _ = minimise(lambda z: (z - TARGETS).square(), WEIGHTS, 1, forbidden=above)
    assert point_MK[:, 0].tolist() == pytest.approx([2.0, 2.0], abs=2.0**-23)


def test_of_many_outputs_it_ends_where_scipys_does():
    generator = np.random.default_rng(0)
    targets = generator.dirichlet(np.ones(7), size=3)
    slopes = np.array([1.0, 3.0])  # a table each

    def tables(z_NK, which_N):
        log_p = (torch.from_numpy(slopes)[which_N][:, None] * z_NK).log_softmax(-1)
        return -(log_p[:, None] * torch.from_numpy(targets)).sum(-1) + 0.01 * z_NK.square().sum(-1, keepdim=True)

    point_GMK, value_GM = minimise_each(tables, 2, WEIGHTS, 7)
    for g, slope in enumerate(slopes):
        for m, weight in enumerate(WEIGHTS.numpy()):

            def risk(z, slope=slope, weight=weight):
                log_p = slope * z - np.log(np.exp(slope * z).sum())
                return -(weight @ targets) @ log_p + 0.01 * z @ z

            found = minimize(risk, np.zeros(7), method="BFGS", options={"gtol": 1e-8})
            # the curvature is at least 0.02: a gradient of 1e-7 is 5e-6 away, scipy's differences some 1e-6
            np.testing.assert_allclose(point_GMK[g, m].numpy(), found.x, atol=2e-5)
            assert float(value_GM[g, m]) == pytest.approx(found.fun, abs=1e-9)
