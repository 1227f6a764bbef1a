"""What losses estimate: the outputs that make the expected loss least, found numerically, are what is declared.

Rows are class distributions; the expected loss of a row is the sum of its losses under each class, weighted by them.
"""

from __future__ import annotations

import math

import pytest
import torch
from scipy import optimize
from torch import Tensor

from lossbench.catalog.decoders import Prediction
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.losses.tempered import tempered_log_softmax
from lossbench.catalog.verdicts import best_activation
from lossbench.catalog.vocabulary import Task
from tests.catalog.cases import PREFERRED, Case

ETA = torch.tensor([0.1, 0.3, 0.45, 0.6, 0.8], dtype=torch.float64)
OF_FOUR = torch.tensor([[0.40, 0.35, 0.25, 0.0], [0.15, 0.1, 0.05, 0.7], [0.3, 0.45, 0.05, 0.2]], dtype=torch.float64)
SHARES = {Task.BINARY: torch.stack([1 - ETA, ETA], -1), Task.MULTICLASS: OF_FOUR, Task.ORDINAL: OF_FOUR}
CASES = [
    c
    for c in PREFERRED
    if c.task.is_classification
    and c.loss.per == "sample"
    and not c.loss.statistics
    and c.loss.floor is not None
    # in test_calibration_and_angles: directions, where 1e-2 is far apart, and a loss whose jumps descent does not see
    and c.activation.name != "normalize"
    and c.loss.name != "dual_focal"
]
KINKED = {"l1", "hinge", "multi_margin", "crammer_singer", "hinge_embedding", "triplet_margin", "large_margin_softmax"}


def minimise(case: Case, share_RC: Tensor) -> tuple[Tensor, Prediction]:
    """Linear outputs of least expected loss, and how they are read."""
    rows, classes = share_RC.shape
    z = (0.1 * case.linear(rows)).requires_grad_()
    if case.loss.name in KINKED:
        optimizer = torch.optim.Adam([z], lr=0.1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 400, eta_min=1e-3)
    else:
        optimizer = torch.optim.LBFGS([z], max_iter=150, line_search_fn="strong_wolfe", tolerance_grad=1e-12,
                                      tolerance_change=1e-15)  # fmt: skip
        schedule = None

    def expected() -> Tensor:
        optimizer.zero_grad()
        out = case.activation(z)
        value = sum((share_RC[:, y] * case.loss(out, case.all_of_class(y, rows))).sum() for y in range(classes))
        value.backward()
        return value.detach()

    for _ in range(400 if schedule else 2):
        optimizer.step(expected)
        if schedule:
            schedule.step()
    out = case.activation(z.detach())
    return z.detach(), case.loss.decoder_on(case.activation.space, case.task)(out[None])


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_proper_and_consistent_are_declared_as_they_are(case: Case):
    share = SHARES[case.task][:, : case.classes]
    _, found = minimise(case, share)
    first, second = found.score_PNC[0].topk(2).values.unbind(-1)
    right = (found.label_PN[0] == share.argmax(-1)) & (first - second > 1e-2)  # a tie decides for nothing
    assert bool(right.all()) == case.loss.is_consistent(case.task)
    if case.loss.proper:
        # the class without any share has its minimum at infinity, which descent approaches and does not reach
        assert (found.probability_PNC[0] - share).abs().max() < 2e-3


@pytest.mark.parametrize(
    ("name", "params", "shares"),
    [  # probabilities of the second class at eta = .1, .3, .45, .6, .8, or closed forms of them
        ("focal", {}, {0.1: 0.306, 0.3: 0.4215, 0.8: 0.627}),
        ("poly1", {}, {0.1: 0.057}),
        ("tanimoto", {}, {0.1: 0.014}),
        ("cauchy_schwarz", {}, {0.1: 0.25, 0.8: 2 / 3}),
        ("gce", {"q": 0.5}, {0.1: 1 / 82, 0.3: 9 / 58, 0.8: 16 / 17}),
        ("huber", {}, {0.1: 0.1, 0.6: 0.6}),
        ("cross_entropy", {"label_smoothing": 0.1}, {0.1: 0.14, 0.8: 0.77}),
        ("bce_with_logits", {"pos_weight": 3.0}, {0.1: 0.25, 0.6: 9 / 11}),
        ("ael", {}, {0.45: 0.5 - 1.5 * math.log(55 / 45), 0.6: 1.0}),  # p - (1 - p) = a log odds, where within 1
        ("bootstrap_hard", {}, {0.1: 0.08, 0.3: 0.24, 0.8: 0.84}),  # beta eta, and 1 - beta for the first
        ("forward_correction", {}, {0.3: 0.25, 0.6: 0.625, 0.8: 0.875}),  # (eta - r) / (1 - 2 r)
        ("backward_correction", {}, {0.3: 0.25, 0.6: 0.625, 0.8: 0.875}),
        ("forward_correction", {"noise_matrix": [[0.9, 0.1], [0.3, 0.7]]}, {0.3: 1 / 3, 0.6: 5 / 6}),  # T' p = eta
        ("nce", {}, {0.1: 0.0, 0.8: 1.0}),
        ("agce", {}, {0.1: 0.0, 0.8: 1.0}),
    ],
)  # fmt: skip
def test_a_binary_minimiser_is_where_theory_puts_it(name: str, params: dict[str, float], shares: dict[float, float]):
    loss = LOSSES.get(name).bind(**params)
    case = Case(loss, Task.BINARY, best_activation(loss, Task.BINARY))
    _, found = minimise(case, SHARES[Task.BINARY])
    for eta, p in shares.items():
        # the table's numbers have three digits
        assert found.probability_PNC[0, ETA.tolist().index(eta), 1].item() == pytest.approx(p, abs=1e-3)


def test_asymmetric_focusing_sides_with_the_second_class_from_where_it_says():
    """At p = 1/2 the slopes of both classes' losses cancel at that probability of the second class."""

    def slope(eta: float) -> float:
        step = 1e-5
        first = [-((p - 0.05) ** 4) * math.log(1.05 - p) for p in (0.5 - step, 0.5 + step)]
        second = [-(1 - p) * math.log(p) for p in (0.5 - step, 0.5 + step)]
        return (1 - eta) * (first[1] - first[0]) + eta * (second[1] - second[0])

    threshold = optimize.brentq(slope, 0.01, 0.99)
    assert f"{threshold:.3f}" in LOSSES.get("asl").estimates
    loss = LOSSES.get("asl")
    share = torch.tensor([[1 - threshold - d, threshold + d] for d in (-0.02, 0.02)], dtype=torch.float64)
    _, found = minimise(Case(loss, Task.BINARY, best_activation(loss, Task.BINARY)), share)
    assert found.label_PN[0].tolist() == [0, 1]


def test_single_label_asymmetric_focusing_is_as_near_to_proper_as_it_says():
    """By search on a grid of 1e-5, between 0.01 and 0.99."""
    p = torch.linspace(1e-5, 1 - 1e-5, 99_999, dtype=torch.float64)
    z = torch.stack([torch.log1p(-p), p.log()], -1)
    first, second = (LOSSES.get("asl_single_label")(z, torch.full((len(z),), y)) for y in (0, 1))
    for eta in torch.linspace(0.01, 0.99, 50, dtype=torch.float64):
        assert abs(p[((1 - eta) * first + eta * second).argmin()] - eta) < 1e-3


@pytest.mark.parametrize(("beta", "estimate"), [(0.1, 0.3 / 0.7 * 0.1), (1.0, 0.3)])
def test_smooth_l1_on_classes_bends_at_beta(beta: float, estimate: float):
    """(1 - eta) f / beta = eta while f < beta: eta = 0.3 becomes 0.043 at beta = 0.1."""
    loss = LOSSES.get("smooth_l1").bind(beta=beta)
    z, _ = minimise(Case(loss, Task.BINARY, best_activation(loss, Task.BINARY)), SHARES[Task.BINARY])
    assert z[1].item() == pytest.approx(estimate, abs=1e-3)


def test_cubed_hinge_is_at_the_root_of_its_odds():
    loss = LOSSES.get("cubed_hinge")
    z, _ = minimise(Case(loss, Task.BINARY, best_activation(loss, Task.BINARY)), SHARES[Task.BINARY])
    r = ((1 - ETA) / ETA).sqrt()
    assert torch.allclose(z[:, 0], (1 - r) / (1 + r), atol=1e-5)


def test_bi_tempered_is_proper_through_its_own_softmax():
    loss = LOSSES.get("bi_tempered")
    z, _ = minimise(Case(loss, Task.BINARY, best_activation(loss, Task.BINARY)), SHARES[Task.BINARY])
    assert torch.allclose(tempered_log_softmax(z, loss.params["t2"]).exp(), SHARES[Task.BINARY], atol=1e-5)


SAMPLE = torch.tensor([0.5, 1.0, 1.5, 2.0, 11.25], dtype=torch.float64)  # mean 3.25, median 1.5


def point_of(loss: Loss) -> float:
    """The prediction of least mean loss over the sample, on a grid of 0.001."""
    grid = torch.arange(0.001, 12, 0.001, dtype=torch.float64)
    out = grid.log() if loss.name in {"poisson_nll", "gamma_nll", "tweedie"} else grid
    value = loss(out[:, None, None].expand(-1, 5, 1), SAMPLE[None, :, None].expand(len(grid), -1, -1)).mean(-1)
    return grid[value.argmin()].item()


@pytest.mark.parametrize(
    ("name", "params", "point"),
    [
        ("mse", {}, 3.25),
        ("expectile", {}, 3.25),
        ("poisson_nll", {}, 3.25),
        ("gamma_nll", {}, 3.25),
        ("tweedie", {}, 3.25),
        ("l1", {}, 1.5),
        ("pinball", {}, 1.5),
        ("pinball", {"quantile": 0.7}, 2.0),
        ("mape", {}, 1.0),
        ("msle", {}, (1.5 * 2 * 2.5 * 3 * 12.25) ** 0.2 - 1),
    ],
)
def test_a_regression_loss_estimates_what_it_says(name: str, params: dict[str, float], point: float):
    assert point_of(LOSSES.get(name).bind(**params)) == pytest.approx(point, abs=2e-3)


@pytest.mark.parametrize("name", ["huber", "smooth_l1", "log_cosh", "soft_l1", "cauchy", "tukey"])
def test_a_robust_loss_is_between_median_and_mean_or_nearer_to_the_bulk(name: str):
    assert 1.2 <= point_of(LOSSES.get(name)) < 3.2
