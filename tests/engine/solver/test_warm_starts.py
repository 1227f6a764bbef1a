"""Points handed on between members, and the end at a kink."""

import numpy as np
import torch

from lossbench.engine.solver.owlqn import Rule, minimise
from lossbench.engine.solver.stationarity import minimum_norm_subgradient
from lossbench.engine.solver.warm_starts import continue_path


def two_wells(x, _):
    """A quartic with minima near -1 and, lower, near 2, of which a start at -2 leads to the first."""
    a = x[:, 0]
    return (a + 1).square() * (a - 2).square() - 0.5 * a + 2, (
        2 * (a + 1) * (a - 2).square() + 2 * (a + 1).square() * (a - 2) - 0.5
    ).unsqueeze(1)


def hat(x, _):
    """|x_1| + 2 |x_2|."""
    return x[:, 0].abs() + 2 * x[:, 1].abs(), torch.stack([x[:, 0].sign(), 2 * x[:, 1].sign()], 1)


def ended(evaluate, start, l1, l2, rule):
    def find(x_RD, rows, rule, progress):
        return minimise(evaluate, x_RD, l1[rows], l2[rows], rule, progress=progress)

    def shortest(x, l1, l2):
        return minimum_norm_subgradient(evaluate, x, l1, l2)

    told = []
    return continue_path(find, shortest, start, l1, l2, rule, progress=told.append), told


def column(*values):
    return torch.tensor(values, dtype=torch.float64).unsqueeze(1)


def test_a_member_takes_a_neighbours_point_where_it_is_better():
    l2 = column(1e-3, 2e-3, 3e-3)
    found, told = ended(two_wells, column(-2, 3, -2), torch.zeros_like(l2), l2, Rule())
    assert (found.x_PD > 1.5).all()
    assert found.end == ["gradient"] * 3
    assert told[-1] == 3


def test_members_under_another_kind_of_penalty_hand_nothing_on():
    l1, l2 = column(1e-3, 0), column(0, 1e-3)
    found, _ = ended(two_wells, column(-2, 3), l1, l2, Rule())
    assert found.x_PD[0] < 0
    assert found.x_PD[1] > 1.5


def test_a_kink_is_told_from_a_slope_by_the_gradients_around_it():
    none = torch.zeros(2, dtype=torch.float64)
    assert minimum_norm_subgradient(hat, torch.tensor([1e-6, -1e-6], dtype=torch.float64), none, none) < 1e-6
    on_a_slope = minimum_norm_subgradient(hat, torch.tensor([0.5, 1e-6], dtype=torch.float64), none, none)
    np.testing.assert_allclose(on_a_slope, 1.0, atol=1e-6)
    found, _ = ended(
        hat, torch.tensor([[5.0, 3.0]], dtype=torch.float64), none[None], none[None], Rule(evaluations=900)
    )
    assert found.end == ["kink"]
