"""Optimisers: one declaration each, from which the config's choices, the engine's step and its l1 step follow.

A step is made for neighbours in a population that share their settings, in place, on slices of flat buffers.
To add an optimiser, add one declaration here and its torch.optim twin to the contract tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossbench.deferred import torch
from lossbench.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8  # torch.optim's defaults


@dataclass(frozen=True)
class Stretch:
    """Neighbours that step alike: their settings and their places in the flat buffers."""

    lr: float
    weight_decay: float
    momentum: float
    parameters: list[Tensor]
    gradients: list[Tensor]
    state: Mapping[str, list[Tensor]]  # name -> places, as `Optimizer.state` names them


@dataclass(frozen=True)
class Optimizer:
    """One optimiser.

    `step(stretch, count)` makes step number `count` (a tensor, from 1) of a stretch in place; the gradient may be
    overwritten. `state` names its buffers of the parameters' size, zero at first.

    The proximal step of the l1 penalty needs the metric of that step: with an update of lr * gradient / D, the
    threshold of a weight is lr * l1 / D. `divisor(state, steps, out)` writes D into `out`; None stands for D = 1.
    `lengthening(momentum)` says how many times lr * gradient / D a steady gradient moves a weight.
    """

    name: str
    description: str
    reference: str
    step: Callable[[Stretch, Tensor], None] = field(repr=False)
    state: tuple[str, ...]
    decoupled: bool  # whether weight decay acts on the weights alone, or is added to the gradient
    in_kernel: bool = False  # whether the engine's compiled kernel makes this step itself: it has Adam's
    has_momentum: bool = False  # whether the config's momentum is a setting of it
    divisor: Callable[[Mapping[str, Tensor], int, Tensor], Tensor] | None = field(default=None, repr=False)
    lengthening: Callable[[float], float] = field(default=lambda momentum: 1.0, repr=False)


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer", has_command=False)


def has_fused_kernel(device: torch.device) -> bool:
    """Whether torch makes Adam's step in one pass over memory there."""
    return device.type == "cpu" and hasattr(torch, "_fused_adamw_")


def adam(stretch: Stretch, count: Tensor) -> None:
    """Adam, with weight decay in the gradient."""
    _adam_on(stretch.parameters[0].device)(stretch, count, decoupled=False)


def adamw(stretch: Stretch, count: Tensor) -> None:
    """Adam, with decoupled weight decay."""
    _adam_on(stretch.parameters[0].device)(stretch, count, decoupled=True)


def _adam_on(device: torch.device) -> Callable[..., None]:
    return fused_adam if has_fused_kernel(device) else plain_adam


def fused_adam(stretch: Stretch, count: Tensor, *, decoupled: bool) -> None:
    """Adam's step number `count` in one pass over memory, by torch's fused kernel."""
    step = torch._fused_adamw_ if decoupled else torch._fused_adam_
    step(
        stretch.parameters,
        stretch.gradients,
        stretch.state["mean"],
        stretch.state["square"],
        [],
        [count] * len(stretch.parameters),
        lr=stretch.lr,
        beta1=BETA1,
        beta2=BETA2,
        weight_decay=stretch.weight_decay,
        eps=EPS,
        amsgrad=False,
        maximize=False,
    )


def plain_adam(stretch: Stretch, count: Tensor, *, decoupled: bool) -> None:
    """The same in public operations, for devices and versions of torch without the fused kernel."""
    steps = float(count)
    decay = stretch.weight_decay
    means, squares = stretch.state["mean"], stretch.state["square"]
    for p, g, mean, square in zip(stretch.parameters, stretch.gradients, means, squares, strict=True):
        if decay and decoupled:
            p.mul_(1 - stretch.lr * decay)
        elif decay:
            g.add_(p, alpha=decay)
        mean.lerp_(g, 1 - BETA1)
        square.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
        scale = (square.sqrt() / math.sqrt(1 - BETA2**steps)).add_(EPS)
        p.addcdiv_(mean, scale, value=-stretch.lr / (1 - BETA1**steps))


def root_mean_square(state: Mapping[str, Tensor], steps: int, out: Tensor) -> Tensor:
    """Adam's divisor, sqrt(v_hat) + eps, into `out`."""
    return torch.div(state["square"], 1 - BETA2**steps, out=out).sqrt_().add_(EPS)


def sgd(stretch: Stretch, count: Tensor) -> None:
    """SGD with momentum as torch.optim has it: no dampening, decay in the gradient.

    Products and sums apart: fused, their last bit would depend on where in a vector a number stands.
    """
    for p, g, mean in zip(stretch.parameters, stretch.gradients, stretch.state["mean"], strict=True):
        if stretch.weight_decay:
            g.add_(p * stretch.weight_decay)
        mean.mul_(stretch.momentum).add_(g)
        p.sub_(mean * stretch.lr)


for _optimizer in (
    Optimizer(
        "adam",
        "steps scaled by the gradients' mean square",
        "Kingma & Ba 2015, arXiv:1412.6980",
        adam,
        state=("mean", "square"),
        decoupled=False,
        in_kernel=True,
        divisor=root_mean_square,
    ),
    Optimizer(
        "adamw",
        "Adam with decoupled weight decay",
        "Loshchilov & Hutter 2019, arXiv:1711.05101",
        adamw,
        state=("mean", "square"),
        decoupled=True,
        in_kernel=True,
        divisor=root_mean_square,
    ),
    Optimizer(
        "sgd",
        "stochastic gradient descent, with momentum",
        "Sutskever, Martens, Dahl & Hinton 2013, ICML",
        sgd,
        state=("mean",),
        decoupled=False,
        has_momentum=True,
        lengthening=lambda momentum: 1 / (1 - momentum),
    ),
):
    OPTIMIZERS.add(_optimizer)
