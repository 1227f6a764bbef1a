"""A loss along one line of outputs: its value, its gradient and its curvature at every point of it.

Which line, says what the loss reads its outputs as. Of classes: the probability of the true class, where the last
activation gives probabilities, else the margin m, the linear output of the true class minus the others' (a single
output is m itself). Of values: the residual around a target of 0, or, where targets or outputs must be positive, the
prediction at a target of 1.

Shapes: N points, K outputs. Everything is float64; derivatives are taken along the axis.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lossbench.catalog.activations import Activation
from lossbench.catalog.loss import Loss
from lossbench.catalog.probes import HIDDEN
from lossbench.catalog.verdicts import check_width
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.errors import UserError
from lossbench.experiments.probing.loss_under_test import LossUnderTest
from lossbench.record.loss_profile import LossProfile, ProfileAxis

# The points of the axes. 0, 1 and other round numbers, where losses have their kinks, are among them exactly.
AROUND_ZERO = torch.arange(-240, 241, dtype=torch.float64) / 80  # margins and residuals, -3 to 3
SHARES = torch.arange(8, 393, dtype=torch.float64) / 400  # probabilities, .02 to .98
POSITIVE = torch.arange(10, 401, dtype=torch.float64) / 100  # predictions, 0.1 to 4
STEP = 1e-5  # of differences, where a loss has no second derivative of its own
JUMP = 1e-2  # of curvature: far above the rounding of such differences, far below a kink's 1 / STEP
PROBABILITIES = {Space.UNIT, Space.SIMPLEX, Space.LOG_SIMPLEX}
FIXED = {  # of outputs of different kinds, those behind the first, and how that is said
    Space.MEAN_VARIANCE: ((1.0,), "variance 1"),
    Space.NORMAL_INVERSE_GAMMA: ((1.0, 2.0, 1.0), "nu 1, alpha 2, beta 1"),
}


@dataclass(frozen=True)
class _Line:
    """An axis: its points `[N]`, the outputs `[N, K]` at points, and the target there, a class or a number."""

    axis: ProfileAxis
    x_N: Tensor
    outputs: Callable[[Tensor], Tensor]
    truth: float
    note: str = ""


def profile(
    loss: Loss, task: Task, activation: Activation | None = None, *, axis: ProfileAxis | None = None
) -> LossProfile:
    """The profile of a loss on a task behind the last activation (None: the one it expects).

    `axis="margin"` takes the margin for every loss of classes. Raises `UserError` for a loss without such a task, an
    activation that gives too few outputs, and an axis that the task has not.
    """
    if task not in loss.tasks:
        tasks = ", ".join(one.value for one in Task if one in loss.tasks)
        raise UserError(f"{loss.label} is no loss for {task.value}", where="--task", fix=f"it is for {tasks}")
    subject = LossUnderTest.admit(loss, task)
    if activation is not None:
        check_width(loss, activation, task, subject.classes, where="--last-act")
        subject = replace(subject, activation=activation)
    line = _line_of(subject, axis)
    label = f"{loss.label} + {subject.activation.name}"
    value, gradient, curvature = _derivatives(subject, line)
    return LossProfile(
        label=label,
        axis=line.axis,
        note="; ".join(filter(None, [line.note, _hidden_note(loss)])),
        x=line.x_N.tolist(),
        value=value.tolist(),
        gradient=gradient.tolist(),
        curvature=curvature.tolist(),
    )


def _line_of(subject: LossUnderTest, axis: ProfileAxis | None) -> _Line:
    if not subject.task.is_classification:
        if axis is not None:
            raise UserError(f"{subject.loss.label} predicts values, which have no {axis}", where="--axis")
        return _of_values(subject)
    if axis != "margin" and subject.activation.space in PROBABILITIES:
        return _of_probabilities(subject)
    return _Line("margin", AROUND_ZERO, _margins(subject), _true(subject))


def _hidden_note(loss: Loss) -> str:
    return f"last hidden layer ({', '.join(f'{h:g}' for h in HIDDEN)})" if loss.last_hidden else ""


def _true(subject: LossUnderTest) -> int:
    """The second class of a single output, else the first."""
    return 1 if subject.outputs == 1 else 0


def _margins(subject: LossUnderTest) -> Callable[[Tensor], Tensor]:
    """Linear outputs whose mean is 0, through the activation; of classes in an order, all away from those above."""
    if subject.outputs == 1:
        return lambda m_N: subject.activation(m_N[:, None])
    if subject.encoding is Encoding.CUMULATIVE:
        return lambda m_N: subject.activation(-m_N[:, None].expand(-1, subject.outputs))
    others = subject.outputs - 1
    direction = torch.tensor([others, *[-1.0] * others], dtype=torch.float64) / (others + 1)
    return lambda m_N: subject.activation(m_N[:, None] * direction)


def _of_probabilities(subject: LossUnderTest) -> _Line:
    others = subject.outputs - 1

    def outputs(p_N: Tensor) -> Tensor:
        p_NK = torch.cat([p_N[:, None], ((1 - p_N) / max(others, 1))[:, None].expand(-1, others)], -1)
        return p_NK.log() if subject.activation.space is Space.LOG_SIMPLEX else p_NK

    return _Line("probability", SHARES, outputs, _true(subject))


def _of_values(subject: LossUnderTest) -> _Line:
    """Along the output that is the prediction, or its logarithm; `UserError` where no output moves it alone."""
    space = subject.activation.space
    zeros = (0.0,) * (subject.outputs - 1)
    behind, note = FIXED.get(space, (zeros, "the other outputs 0" if zeros else ""))

    def beside(first_N: Tensor) -> Tensor:
        return torch.cat([first_N[:, None], first_N.new_tensor(behind).expand(len(first_N), -1)], -1)

    if _is_prediction(subject, beside):
        if subject.encoding is Encoding.FLOAT and _has_negative(space):
            return _Line("residual", AROUND_ZERO, beside, 0.0, note)
        return _Line("prediction", POSITIVE, beside, 1.0, note)
    if _is_prediction(subject, lambda y_N: beside(y_N.log())):
        return _Line("prediction", POSITIVE, lambda y_N: beside(y_N.log()), 1.0, note)
    what = f"{subject.loss.label} reads its prediction from several outputs: no axis moves it alone"
    raise UserError(what, fix="leave it out")


def _is_prediction(subject: LossUnderTest, outputs: Callable[[Tensor], Tensor]) -> bool:
    y_N = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    point = subject.read(outputs(y_N)[None]).point_PN
    return point is not None and torch.allclose(point[0], y_N)


def _has_negative(space: Space) -> bool:
    return space is Space.REAL or space in FIXED


def _derivatives(subject: LossUnderTest, line: _Line) -> tuple[Tensor, Tensor, Tensor]:
    """Value, first and second derivative `[N]` along the axis."""

    def values(x_N: Tensor) -> Tensor:
        out = line.outputs(x_N)[:, None]  # every point is a batch of one row
        truth = torch.full((len(x_N), 1), line.truth, dtype=torch.float64)
        encoded = subject.encoded(truth.long() if subject.task.is_classification else truth)
        found: Tensor = subject.values(out, encoded)
        return found.reshape(len(x_N))

    def gradients(x_N: Tensor, *, graph: bool) -> tuple[Tensor, Tensor, Tensor]:
        x = x_N.detach().requires_grad_()
        value = values(x)
        if not value.requires_grad:
            return x, value, torch.zeros_like(value)
        (gradient,) = torch.autograd.grad(value.sum(), x, create_graph=graph)
        return x, value, gradient

    def bend(step: float) -> Tensor:
        ahead, behind = (gradients(line.x_N + by, graph=False)[2] for by in (step, -step))
        return (ahead - behind) / (2 * step)

    with contextlib.suppress(RuntimeError):  # a derivative of the user's own may have none itself
        x, value, gradient = gradients(line.x_N, graph=True)
        if gradient.requires_grad:
            (found,) = torch.autograd.grad(gradient.sum(), x, allow_unused=True)
            if found is not None:
                return value.detach(), gradient.detach(), found + torch.zeros_like(found)  # stored, be it zeros
    _, value, gradient = gradients(line.x_N, graph=False)
    wide, narrow = bend(STEP), bend(STEP / 2)
    jumps = (narrow - wide).abs() > 0.1 * wide.abs() + JUMP  # where the gradient jumps, twice as steep over half of it
    return value.detach(), gradient.detach(), narrow.masked_fill(jumps, torch.nan).detach()
