"""A profile's value is torch's own loss or a closed form; its derivatives are those of finite differences."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.plugins.resolve import find_loss
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError
from lossbench.experiments.probing.profile import profile
from lossbench.record.loss_profile import LossProfile


def array(values: list[float | None]) -> np.ndarray:
    return np.array([math.nan if value is None else value for value in values])


def logits(m: torch.Tensor) -> torch.Tensor:
    return torch.stack([m / 2, -m / 2], -1)


def first(like: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(like), dtype=torch.long)


ORACLES: dict[tuple[str, Task], tuple[str, Callable[[torch.Tensor], torch.Tensor]]] = {
    ("cross_entropy", Task.BINARY): (
        "margin",
        lambda m: F.cross_entropy(logits(m), first(m), reduction="none"),
    ),
    ("bce_with_logits", Task.BINARY): (
        "margin",
        lambda m: F.binary_cross_entropy_with_logits(m, torch.ones_like(m), reduction="none"),
    ),
    ("soft_margin", Task.BINARY): ("margin", lambda m: F.softplus(-m)),
    ("hinge", Task.BINARY): ("margin", lambda m: (1 - m).clamp_min(0)),
    ("exponential", Task.BINARY): ("margin", lambda m: torch.exp(-m)),
    ("multi_margin", Task.MULTICLASS): (
        "margin",
        lambda m: F.multi_margin_loss(torch.stack([2 * m / 3, -m / 3, -m / 3], -1), first(m), reduction="none"),
    ),
    ("bce", Task.BINARY): (
        "probability",
        lambda p: F.binary_cross_entropy(p, torch.ones_like(p), reduction="none"),
    ),
    ("nll", Task.MULTICLASS): ("probability", lambda p: -p.log()),
    ("mse", Task.REGRESSION): ("residual", lambda r: F.mse_loss(r, torch.zeros_like(r), reduction="none")),
    ("huber", Task.REGRESSION): ("residual", lambda r: F.huber_loss(r, torch.zeros_like(r), reduction="none")),
    ("smooth_l1", Task.REGRESSION): ("residual", lambda r: F.smooth_l1_loss(r, torch.zeros_like(r), reduction="none")),
    ("gaussian_nll", Task.REGRESSION): (
        "residual",
        lambda r: F.gaussian_nll_loss(r, torch.zeros_like(r), torch.ones_like(r), reduction="none"),
    ),
    ("poisson_nll", Task.REGRESSION): (
        "prediction",
        lambda y: F.poisson_nll_loss(y.log(), torch.ones_like(y), reduction="none"),
    ),
}


@pytest.mark.parametrize(("name", "task"), ORACLES, ids=str)
def test_the_value_is_torchs(name: str, task: Task) -> None:
    axis, oracle = ORACLES[name, task]
    found = profile(LOSSES.get(name), task)
    assert found.axis == axis
    x = torch.tensor(found.x, dtype=torch.float64)
    np.testing.assert_allclose(array(found.value), oracle(x).numpy(), rtol=1e-9, atol=1e-12)  # both in float64


@pytest.mark.parametrize(("name", "task"), ORACLES, ids=str)
def test_derivatives_are_those_of_the_oracle(name: str, task: Task) -> None:
    """By central differences of the oracle, away from kinks, where a difference sees both sides."""
    _, oracle = ORACLES[name, task]
    found = profile(LOSSES.get(name), task)
    x, h = torch.tensor(found.x, dtype=torch.float64), 1e-4
    ahead, here, behind = (oracle(x + by) for by in (h, 0, -h))
    smooth = torch.ones_like(x, dtype=torch.bool)
    for kink in (-1.0, 0.0, 1.0):
        smooth &= (x - kink).abs() > 2 * h
    slope, bend = (ahead - behind) / (2 * h), (ahead - 2 * here + behind) / h**2
    # The error of a central difference is h^2 / 6 times a third derivative below 3e5 (at a probability of .02), and
    # of the second one rounding over h^2, 1e-7.
    edge = 2e-3 if found.axis == "probability" else 1e-6
    np.testing.assert_allclose(array(found.gradient)[smooth], slope[smooth].numpy(), rtol=1e-3, atol=edge)
    assert np.isfinite(array(found.gradient)).all()
    np.testing.assert_allclose(array(found.curvature)[smooth], bend[smooth].numpy(), rtol=5e-3, atol=2e-4)


WITHOUT_AXIS = {"multi_quantile", "winkler", "ziln", "hl_gauss"}  # no output is the prediction itself
PAIRS = [(loss.name, task) for loss in LOSSES for task in loss.own_tasks if loss.name not in WITHOUT_AXIS]
JUMPS = {"dual_focal", "mmce"}  # at the margin 0, where another class becomes the most probable one


@pytest.mark.parametrize(("name", "task"), PAIRS, ids=str)
def test_every_loss_has_a_profile_that_is_a_number_everywhere(name: str, task: Task) -> None:
    found = profile(LOSSES.get(name), task)
    assert len(found.x) == len(found.value) == len(found.gradient) == len(found.curvature)
    assert np.isfinite(array(found.value)).all()
    assert np.isfinite(array(found.gradient)).all()
    # None at a kink, which is where a direction is of length 0, too.
    assert np.isfinite(array(found.curvature)).sum() >= len(found.x) - 3
    if name in JUMPS:
        return
    # The fundamental theorem: the gradient adds up to the value's change, kinks included.
    x, value, gradient = np.array(found.x), array(found.value), array(found.gradient)
    step = np.diff(x)
    change = np.cumsum(step * (gradient[1:] + gradient[:-1]) / 2)
    # The trapezoid is off by at most a step times the height of each kink, and by h^2 / 12 times the curvature's total.
    np.testing.assert_allclose(value[1:] - value[0], change, rtol=0.01, atol=0.02 * max(1.0, np.abs(gradient).max()))


@pytest.mark.parametrize("name", sorted(WITHOUT_AXIS))
def test_a_loss_whose_prediction_no_output_moves_alone_has_no_profile(name: str) -> None:
    with pytest.raises(UserError, match="from several outputs: no axis moves it alone"):
        profile(LOSSES.get(name), Task.REGRESSION)


def test_the_margin_is_an_axis_of_every_loss_of_classes() -> None:
    """By the chain rule: `mse` behind a sigmoid, over the linear output."""
    found = profile(LOSSES.get("mse"), Task.BINARY, ACTIVATIONS.get("sigmoid"), axis="margin")
    m = torch.tensor(found.x, dtype=torch.float64)
    p = m.sigmoid()
    np.testing.assert_allclose(array(found.value), ((1 - p) ** 2).numpy(), rtol=1e-9)
    np.testing.assert_allclose(array(found.gradient), (-2 * (1 - p) * p * (1 - p)).numpy(), rtol=1e-9)


def test_a_loss_whose_gradient_has_none_itself_is_bent_by_differences(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(
        "import torch\nfrom torch.autograd.function import once_differentiable\n"
        "from lossbench import Encoding, Decoder, Space, Task, loss\n\n\n"
        "class Cube(torch.autograd.Function):\n"
        "    @staticmethod\n    def forward(ctx, z):\n        ctx.save_for_backward(z)\n        return z ** 3\n\n"
        "    @staticmethod\n    @once_differentiable\n    def backward(ctx, g):\n"
        "        (z,) = ctx.saved_tensors\n        return 3 * z ** 2 * g\n\n\n"
        "@loss(targets={Task.REGRESSION: Encoding.FLOAT}, sound={Space.REAL}, decode=Decoder.IDENTITY,"
        " reference='mine', floor=None)\n"
        "def cube(out, target):\n    '''(out - target)^3'''\n    return Cube.apply(out - target).squeeze(-1)\n"
    )
    found = profile(find_loss(f"{file}:cube"), Task.REGRESSION)
    x = np.array(found.x)
    np.testing.assert_allclose(array(found.gradient), 3 * x**2, rtol=1e-12)
    # Differences of a parabola are exact but for rounding: 27 * 2.2e-16 / 1e-5.
    np.testing.assert_allclose(array(found.curvature), 6 * x, atol=1e-8)


def test_what_has_no_profile_is_refused() -> None:
    with pytest.raises(UserError, match="nll is no loss for regression; it is for binary, multiclass, ordinal"):
        profile(LOSSES.get("nll"), Task.REGRESSION)
    with pytest.raises(UserError, match="mse predicts values, which have no margin"):
        profile(LOSSES.get("mse"), Task.REGRESSION, axis="margin")


def test_a_record_part_holds_it() -> None:
    found = profile(LOSSES.get("mape"), Task.REGRESSION)
    assert LossProfile.model_validate_json(found.model_dump_json()) == found
    assert found.axis == "prediction"
    assert 1.0 in found.x
