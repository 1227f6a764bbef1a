"""Which pairs of a loss and a last activation are one objective under two names, found by what a net would feel.

A net learns from the gradient with respect to its last linear outputs and from nothing else. Two pairs on the same task
with the same number of outputs K are one objective where these gradients agree at every probe, and the same up to scale
where they agree but for one factor.

Shapes: R probe rows, K outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lossbench.catalog.activations import Activation
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.targets import encode
from lossbench.catalog.verdicts import sound_activations
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

LossAndActivation = tuple[Loss, Activation]

TOLERANCE = 1e-9  # of float64 gradients, whose own rounding is some 1e-13 of their size
ROWS = 64


@dataclass(frozen=True)
class Relation:
    """Two pairs whose gradients agree: the first's is `factor` times the second's."""

    factor: float

    @property
    def is_one_objective(self) -> bool:
        """Whether the two are the same, without any rescaling."""
        return abs(self.factor - 1) <= TOLERANCE


def groups(pairs: Sequence[LossAndActivation], task: Task, classes: int = 3) -> list[list[int]]:
    """The pairs' numbers, those of one objective together; groups and their members in the order given."""
    classes = 2 if task is Task.BINARY else classes
    gradients = [probe_gradient(*pair, task, classes) for pair in pairs]
    found: list[list[int]] = []
    for i, gradient in enumerate(gradients):
        for group in found:
            relation = compare(gradient, gradients[group[0]])
            if relation is not None and relation.is_one_objective:
                group.append(i)
                break
        else:
            found.append([i])
    return found


def known_as(
    loss: Loss, activation: Activation, task: Task, classes: int = 3
) -> list[tuple[Loss, Activation, Relation]]:
    """The sound pairs of the catalogue that a pair equals, at least up to scale; not itself."""
    classes = 2 if task is Task.BINARY else classes
    gradient = probe_gradient(loss, activation, task, classes)
    found = []
    for known, act, known_gradient in _catalogue(task, classes):
        relation = compare(gradient, known_gradient)
        if relation is not None and (known, act) != (loss, activation):
            found.append((known, act, relation))
    return found


@cache
def _catalogue(task: Task, classes: int) -> list[tuple[Loss, Activation, Tensor]]:
    return [
        (loss, activation, probe_gradient(loss, activation, task, classes))
        for loss in LOSSES
        if task in loss.tasks
        for activation in sound_activations(loss, task)
    ]


def probe_gradient(loss: Loss, activation: Activation, task: Task, classes: int) -> Tensor:
    """The gradient of the rows' summed loss with respect to linear outputs, `[R, K]` float64, at fixed random probes.

    The rows' classes take turns; values are standard normal, made positive where a loss wants that.
    """
    generator = torch.Generator().manual_seed(0)
    z = 2 * torch.randn(ROWS, loss.width(task, classes), generator=generator, dtype=torch.float64)
    encoding = loss.targets[task]
    if task.is_classification:
        target = encode(torch.arange(ROWS) % classes, encoding, classes)
    else:
        y = torch.randn(ROWS, generator=generator, dtype=torch.float64)
        target = encode(y if encoding is Encoding.FLOAT else y.abs() + 0.01, encoding)
    if target.is_floating_point():
        target = target.double()
    # unequal, so that a loss that weighs by them is not taken for one that does not
    counts = torch.arange(1.0, classes + 1, dtype=torch.float64)[None] * 10
    statistics = dict.fromkeys(loss.statistics, counts)
    z.requires_grad_()
    if loss.per == "batch":
        value = ROWS * loss(activation(z), target, torch.ones(ROWS, dtype=torch.float64), **statistics)
    else:
        value = loss(activation(z), target, **statistics).sum()
    if not value.requires_grad:  # nothing of the outputs reaches it
        return torch.zeros_like(z)
    return torch.autograd.grad(value, z)[0]


def compare(first: Tensor, second: Tensor) -> Relation | None:
    """How two probe gradients are related; None where they do not pull in one direction everywhere."""
    if first.shape != second.shape or not bool(first.isfinite().all() & second.isfinite().all()):
        return None
    size = second.square().sum()
    if not float(size) or not float(first.square().sum()):
        return None
    factor = (first * second).sum() / size
    apart = (first - factor * second).abs().amax()
    if float(factor) <= 0 or float(apart) > TOLERANCE * float(first.abs().amax()):
        return None
    return Relation(float(factor))
