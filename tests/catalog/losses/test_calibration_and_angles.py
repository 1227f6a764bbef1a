"""What the calibration and angular losses promise beyond the contract: batches, minimisers, the papers' own facts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import optimize, special, stats
from scipy.spatial import distance

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.targets import encode
from lossbench.catalog.verdicts import best_activation
from lossbench.catalog.vocabulary import Task
from tests.catalog.losses.calibration_oracles import BATCHES, OTHER, ROWS

ETAS = (0.05, 0.3, 0.45, 0.6, 0.8, 0.97)
PI = ((0.40, 0.35, 0.25), (0.2, 0.7, 0.1), (0.05, 0.05, 0.9))


def batch(name: str, classes: int, rows: int = 14, seed: int = 0):
    """A loss's outputs behind its own activation, classes and weights, one of which is 0."""
    rng = np.random.default_rng(seed)
    loss = LOSSES.get(name)
    z = torch.as_tensor(rng.normal(size=(rows, classes)) * 1.5)
    y = rng.integers(0, classes, rows)
    w = rng.uniform(0.2, 2, rows)
    w[3] = 0.0
    return loss, best_activation(loss, Task.MULTICLASS)(z), y, w


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize(
    ("name", "params"), [(name, params) for name in BATCHES for params in [{}, *OTHER[name]]], ids=str
)
def test_value_and_gradient_of_a_batch_are_the_oracle_s(name: str, params: dict[str, float], classes: int):
    loss, out, y, w = batch(name, classes)
    target = encode(torch.as_tensor(y), loss.targets[Task.MULTICLASS], classes)
    target = target.double() if target.is_floating_point() else target
    leaf = out.clone().requires_grad_()
    value = loss.bind(**params)(leaf, target, torch.as_tensor(w))
    value.backward()
    oracle = BATCHES[name]
    assert value.item() == pytest.approx(oracle(out.numpy(), y, w, **params), rel=1e-12)
    for i in range(len(y)):
        for k in range(classes):
            step = np.zeros(out.shape)
            step[i, k] = 1e-6
            up, down = (oracle(out.numpy() + h, y, w, **params) for h in (step, -step))
            # central differences: h^2 = 1e-12 times the third derivative, up to 1 / T^3 = 1e3; rounding 1e-16 / h
            assert leaf.grad[i, k].item() == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("name", BATCHES)
def test_a_row_of_weight_zero_is_not_in_the_batch_and_one_of_weight_two_is_two(name: str):
    loss, out, y, _ = batch(name, 3)
    target = encode(torch.as_tensor(y), loss.targets[Task.MULTICLASS], 3)
    if name == "supervised_contrastive":  # an anchor is no positive of itself, but of its copy: nothing to tell apart
        weight = torch.ones(len(y), dtype=torch.float64)
        weight[9:] = 0
        kept = list(range(9))
    else:
        weight = torch.tensor([1.0, 2.0, 0.0] + [1.0] * (len(y) - 3), dtype=torch.float64)
        kept = [0, 1, 1, *range(3, len(y))]
    some = loss(out[kept], target[kept], torch.ones(len(kept), dtype=torch.float64))
    assert torch.allclose(loss(out, target, weight), some, rtol=1e-13)


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_that_is_fitted_exactly_or_has_one_row_has_a_finite_gradient(name: str):
    loss, activation = LOSSES.get(name), best_activation(LOSSES.get(name), Task.MULTICLASS)
    for rows in (1, 4):
        for scale in (0.0, 1e-20, 1.0, 200.0, 1e4):
            y = torch.arange(rows) % 3
            z = (scale * torch.eye(3)[y]).requires_grad_()
            value = loss(activation(z), encode(y, loss.targets[Task.MULTICLASS], 3), torch.ones(rows))
            value.backward()
            assert value.isfinite()
            assert z.grad.isfinite().all()


def test_a_contrast_without_positives_is_the_cross_entropy_of_cosines():
    loss, out, _, _ = batch("supervised_contrastive", 4, rows=4)
    value = loss(out, torch.arange(4), torch.ones(4, dtype=torch.float64))
    assert value.item() == pytest.approx(
        torch.nn.functional.cross_entropy(out / 0.1, torch.arange(4)).item(), rel=1e-12
    )


def test_the_paper_s_part_of_the_contrastive_loss_does_not_see_a_rotation_and_so_decides_for_nothing():
    loss, out, y, w = batch("supervised_contrastive", 4)
    turned = out @ torch.as_tensor(stats.ortho_group.rvs(4, random_state=0))
    target, weight = torch.as_tensor(y), torch.as_tensor(w)
    loss = loss.bind(lam=1e-9)  # the second term is at most 20 of it
    assert loss(turned, target, weight).item() == pytest.approx(loss(out, target, weight).item(), abs=1e-7)


# --- minimisers -----------------------------------------------------------------------------------------


def estimated(name: str, pi_C, **params) -> np.ndarray:
    """softmax of the outputs of least expected loss, by scipy from several starts."""
    loss, classes = LOSSES.get(name).bind(**params), len(pi_C)

    share_C = torch.tensor(pi_C, dtype=torch.float64)

    def risk(z):
        out = torch.as_tensor(np.append(z, 0.0)).expand(classes, -1)  # the losses see differences of outputs only
        return float(share_C @ loss(out, torch.arange(classes)))

    rng = np.random.default_rng(0)
    found = [
        optimize.minimize(risk, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 4000})
        for start in rng.normal(size=(4, classes - 1)) * 2
    ]
    return special.softmax(np.append(min(found, key=lambda one: one.fun).x, 0.0))


@pytest.mark.parametrize("pi", [*((1 - eta, eta) for eta in ETAS), *PI], ids=str)
@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_the_confidence_penalty_estimates_what_its_stationary_point_solves(pi, beta: float):
    p = estimated("confidence_penalty", pi, beta=beta)
    # the search stops at 1e-9 in outputs, or where values differ by their rounding: sqrt(1e-14)
    assert p * (1 + beta * (np.log(p) + special.entr(p).sum())) == pytest.approx(np.array(pi), abs=1e-5)


@pytest.mark.parametrize("pi", PI, ids=str)
def test_label_smoothing_mixes_the_probabilities_with_even_ones(pi):
    assert estimated("label_smoothing", pi, smoothing=0.3) == pytest.approx(0.7 * np.array(pi) + 0.1, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "given", "estimate"),
    [("confidence_penalty", 0.1, 0.121), ("label_smoothing", 0.1, 0.14), ("inverse_focal", 0.1, 0.025),
     ("dual_focal", 0.05, 0.167), ("dual_focal", 0.45, 0.356)],
)  # fmt: skip
def test_a_declared_number_is_what_is_estimated(name: str, given: float, estimate: float):
    assert f"{given:g} becomes {estimate:g}" in LOSSES.get(name).estimates
    assert estimated(name, (1 - given, given))[1] == pytest.approx(estimate, abs=5e-4)  # three digits are printed


def test_an_inverse_focal_loss_falls_with_its_probability_up_to_gamma_3_59():
    """Its slope has the sign of -(1 + 1/p + gamma log p), least at p = 1 / gamma: 1 + gamma - gamma log gamma."""
    turns = optimize.brentq(lambda gamma: 1 + gamma - gamma * math.log(gamma), 2, 5)
    assert turns == pytest.approx(3.59, abs=5e-3)
    z = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    outputs = torch.stack([torch.zeros_like(z), z], -1)
    for gamma, falls in ((3.5, True), (3.7, False)):
        value = LOSSES.get("inverse_focal").bind(gamma=gamma)(outputs, torch.ones(len(z), dtype=torch.int64))
        assert bool((value.diff() < 0).all()) == falls


@pytest.mark.parametrize("eta", [0.45, 0.55, 0.8])
def test_dual_focal_decides_rightly_though_its_value_jumps_at_a_half(eta: float):
    assert (estimated("dual_focal", (1 - eta, eta))[1] > 0.5) == (eta > 0.5)


# --- directions -----------------------------------------------------------------------------------------


def directions(classes: int) -> torch.Tensor:
    """A fine grid of rows of length 1."""
    if classes == 2:
        t = torch.linspace(0, 2 * math.pi, 20001, dtype=torch.float64)
        return torch.stack([t.cos(), t.sin()], -1)
    t, height = torch.meshgrid(
        torch.linspace(0, 2 * math.pi, 401, dtype=torch.float64),
        torch.linspace(-1, 1, 401, dtype=torch.float64),
        indexing="ij",
    )
    radius = (1 - height.square()).clamp_min(0).sqrt()
    return torch.stack([radius * t.cos(), radius * t.sin(), height], -1).reshape(-1, 3)


def best_direction(name: str, pi_C, **params) -> torch.Tensor:
    """The row of least expected loss."""
    x, loss = directions(len(pi_C)), LOSSES.get(name).bind(**params)
    risk = sum(p * loss(x, torch.full((len(x),), y)) for y, p in enumerate(pi_C))
    return x[risk.argmin()]


@pytest.mark.parametrize("pi", [*((1 - eta, eta) for eta in ETAS), *PI], ids=str)
def test_the_outputs_of_logit_norm_over_tau_are_log_probabilities(pi):
    x = best_direction("logit_norm", pi, tau=0.2)
    # half a step of the grid is 2e-4 with two outputs, 8e-3 with three: 4e-2 over tau, a quarter of that in p
    assert (x / 0.2).softmax(-1).numpy() == pytest.approx(np.array(pi), abs=1e-3 if len(pi) == 2 else 1e-2)


@pytest.mark.parametrize("name", ["logit_norm", "cosface", "arcface"])
def test_behind_normalize_it_is_the_paper_s_loss_of_cosines_to_the_axes(name: str):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(9, 3)) * 5, rng.integers(0, 3, 9)
    cosine = 1 - distance.cdist(z, np.eye(3), "cosine")
    loss = LOSSES.get(name)
    value = loss(best_activation(loss, Task.MULTICLASS)(torch.as_tensor(z)), torch.as_tensor(y))
    expected = [ROWS[name](c, label) for c, label in zip(cosine, y, strict=True)]
    assert value.numpy() == pytest.approx(np.array(expected), rel=1e-9)


@pytest.mark.parametrize("name", ["arcface", "cosface"])
@pytest.mark.parametrize("scale", [10.0, 64.0])
@pytest.mark.parametrize("pi", [*((1 - eta, eta) for eta in ETAS), (0.5, 0.3, 0.2), *PI[1:]], ids=str)
def test_an_angular_margin_decides_for_the_most_probable_class(name: str, scale: float, pi):
    assert best_direction(name, pi, scale=scale).argmax().item() == np.argmax(pi)


def test_logit_norm_keeps_above_the_paper_s_lower_bound():
    """Wei et al. 2022, proposition 3.2: log(1 + (K - 1) exp(-2 / tau))."""
    for classes in (2, 3):
        value = LOSSES.get("logit_norm").bind(tau=1.0)(
            directions(classes), torch.zeros(len(directions(classes)), dtype=torch.int64)
        )
        assert value.min() >= math.log(1 + (classes - 1) * math.exp(-2))


def test_cosface_is_ldam_with_one_margin_for_all_classes():
    x = directions(3)[::1000]
    y = torch.arange(len(x)) % 3
    even = LOSSES.get("ldam").bind(max_margin=0.35, scale=64.0)(x, y, class_counts=torch.full((1, 3), 20.0).double())
    assert torch.allclose(LOSSES.get("cosface")(x, y), even, rtol=1e-13)


def test_the_value_of_arcface_rises_with_the_angle_all_the_way():
    t = torch.linspace(0, math.pi, 5001, dtype=torch.float64)
    x = torch.stack([t.cos(), -t.sin()], -1)  # the other class's cosine falls and rises, and is subtracted below
    own = LOSSES.get("arcface").bind(scale=1.0)(x, torch.zeros(len(t), dtype=torch.int64))
    target_logit = x[:, 1] - own.expm1().log()  # log(1 + exp(c_1 - c_y)) solved for c_y
    assert bool((target_logit.diff() < 0).all())
    assert target_logit[0].item() == pytest.approx(math.cos(0.5), abs=1e-7)  # sqrt of float64's rounding
    assert target_logit[-1].item() == pytest.approx(-1 - 0.5 * math.sin(0.5), abs=1e-7)


@pytest.mark.parametrize(("eta", "moves"), [(0.55, False), (0.64, False), (0.66, True), (0.9, True)])
def test_a_large_margin_softmax_needs_a_class_above_0_65_to_leave_0(eta: float, moves: bool):
    x = directions(2)[::20]
    z = torch.cat([length * x for length in np.geomspace(1e-4, 10, 30)])
    loss = LOSSES.get("large_margin_softmax")
    zero, one = torch.zeros(len(z), dtype=torch.int64), torch.ones(len(z), dtype=torch.int64)
    risk = eta * loss(z, zero) + (1 - eta) * loss(z, one)
    assert bool(risk.min() < math.log(2)) == moves
    if moves:
        assert z[risk.argmin()].argmax() == 0


# --- batch losses in the limit ----------------------------------------------------------------------------

GROUPS = ((0.85, 0.15), (0.6, 0.4), (0.25, 0.75))


@pytest.mark.parametrize(("name", "rows"), [("mmce", 20), ("supervised_contrastive", 20)])
def test_a_batch_of_three_kinds_of_rows_is_best_with_the_most_probable_class_of_each(name: str, rows: int):
    """Rows of one kind have one output, and exactly the share of its classes: a large batch without its chance."""
    loss, activation = LOSSES.get(name), best_activation(LOSSES.get(name), Task.BINARY)
    y = torch.cat([(torch.arange(rows) >= round(share[0] * rows)).long() for share in GROUPS])
    kind = torch.arange(3).repeat_interleave(rows)
    z = torch.tensor([[0.1, 0.0], [0.0, 0.1], [0.1, 0.1]], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([z], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)
    for _ in range(200):
        optimizer.zero_grad()
        loss(activation(z)[kind], y, torch.ones(len(y), dtype=torch.float64)).backward()
        optimizer.step()
        schedule.step()
    assert z.argmax(-1).tolist() == [0, 0, 1]
    if name == "mmce":  # its second term is 0 at the shares, where the first is least
        assert z.detach().softmax(-1).numpy() == pytest.approx(np.array(GROUPS), abs=2e-3)  # descent on a kink


@pytest.mark.parametrize("rows", [10, 40])
def test_mmce_estimates_the_probability_up_to_the_chance_of_a_batch(rows: int):
    """Rows alike, classes drawn: E |n / B - r| is least at the binomial's median, which is within 1 / B of its mean."""
    n = np.arange(rows + 1)
    chance = torch.as_tensor(stats.binom.pmf(n, rows, 0.8))
    y = (torch.arange(rows) < torch.as_tensor(n)[:, None]).long()
    loss, best = LOSSES.get("mmce"), None
    for r in np.linspace(0.66, 0.94, 57):
        z = torch.tensor([0.0, special.logit(r)], dtype=torch.float64).expand(rows + 1, rows, 2)
        value = float(chance @ loss(z, y, torch.ones(rows + 1, rows, dtype=torch.float64)))
        best = min(best or (np.inf, 0.0), (value, r))
    assert best[1] == pytest.approx(0.8, abs=1 / rows)
