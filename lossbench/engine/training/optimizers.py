"""One step of Adam, AdamW or SGD with momentum for a whole population, each member with its own settings.

Members with the same settings step together: all of them in one pass over the flat buffers where the settings are all
the same, else each stretch of neighbours that share them in one over its slices. A member's arithmetic is the same
either way.

Sources: Kingma & Ba 2015, arXiv:1412.6980; Loshchilov & Hutter 2019, arXiv:1711.05101; the proximal step in the metric
of the preconditioner: Yun, Lozano & Yang 2021, Adaptive Proximal Gradient Methods for Structured Neural Networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.engine.nets.mlp import Population
from lossbench.engine.problem import Member, Training

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8  # torch.optim's defaults


@dataclass(frozen=True)
class Stretch:
    """Neighbours that step alike: their settings and their places in the flat buffers."""

    lr: float
    weight_decay: float
    momentum: float
    parameters: list[Tensor]
    gradients: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]


Step = Callable[[Stretch, Tensor, bool], None]


def fused_adam(stretch: Stretch, count: Tensor, decoupled: bool) -> None:
    """Adam's step number `count` in one pass over memory, by torch's fused kernel."""
    step = torch._fused_adamw_ if decoupled else torch._fused_adam_
    step(
        stretch.parameters,
        stretch.gradients,
        stretch.means,
        stretch.squares,
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


def plain_adam(stretch: Stretch, count: Tensor, decoupled: bool) -> None:
    """The same in public operations, for devices and versions of torch without the fused kernel."""
    steps = float(count)
    decay = stretch.weight_decay
    for p, g, mean, square in zip(stretch.parameters, stretch.gradients, stretch.means, stretch.squares, strict=True):
        if decay and decoupled:
            p.mul_(1 - stretch.lr * decay)
        elif decay:
            g.add_(p, alpha=decay)
        mean.lerp_(g, 1 - BETA1)
        square.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
        scale = (square.sqrt() / math.sqrt(1 - BETA2**steps)).add_(EPS)
        p.addcdiv_(mean, scale, value=-stretch.lr / (1 - BETA1**steps))


def sgd(stretch: Stretch, count: Tensor, decoupled: bool) -> None:
    """SGD with momentum as torch.optim has it: no dampening, decay in the gradient.

    Products and sums apart: fused, their last bit would depend on where in a vector a number stands.
    """
    for p, g, mean in zip(stretch.parameters, stretch.gradients, stretch.means, strict=True):
        if stretch.weight_decay:
            g.add_(p * stretch.weight_decay)
        mean.mul_(stretch.momentum).add_(g)
        p.sub_(mean * stretch.lr)


def step_of(optimizer: str, device: torch.device) -> Step:
    """The quickest way there is to make that optimiser's step."""
    if optimizer == "sgd":
        return sgd
    return fused_adam if device.type == "cpu" and hasattr(torch, "_fused_adamw_") else plain_adam


class Optimizer:
    """Steps the parameters of a population along its gradient; its state can follow the members that remain."""

    def __init__(self, population: Population, members: Sequence[Member], training: Training) -> None:
        self.population, self.members, self.training = population, members, training
        flat = population.flat
        self.is_adam = training.optimizer != "sgd"
        self.steps, self.count = 0, torch.zeros(())
        self.mean = torch.zeros_like(flat)
        self.square = torch.zeros_like(flat) if self.is_adam else self.mean
        self.make_step = step_of(training.optimizer, flat.device)
        size = population.layout.weights_size
        self.weights, self.d_weights = flat[:size], population.gradient[:size]
        self.l2 = self._on_weights([m.l2 for m in members])
        self.lr_l1: Tensor | None = None
        self.room = torch.empty_like(self.weights) if any(m.l1 for m in members) else None
        self.stretches: list[Stretch] = []
        self._rates: list[float] = []

    def _on_weights(self, values: list[float]) -> Tensor | None:
        """Members' values on all of their weights, or None where all are zero: x + 0 * y is x, so nothing is lost."""
        if not any(values):
            return None
        flat = self.population.flat
        value_P = flat.new_tensor(values)
        return self.population.layout.spread(torch.zeros_like(flat), value_P)[: len(self.weights)].clone()

    def set_rates(self, rates: list[float]) -> None:
        """The learning rate of each member from now on."""
        if rates == self._rates:
            return
        self._rates = rates
        kinds = [(lr, m.weight_decay, m.momentum) for lr, m in zip(rates, self.members, strict=True)]
        starts = [k for k, kind in enumerate(kinds) if k == 0 or kind != kinds[k - 1]]
        self.stretches = [
            Stretch(*kinds[start], *self._places(start, end))
            for start, end in zip(starts, [*starts[1:], len(kinds)], strict=True)
        ]
        # Momentum lengthens a steady gradient's steps 1 / (1 - momentum) times; the penalty's have to keep up.
        longer = [1.0 if self.is_adam else 1 / (1 - m.momentum) for m in self.members]
        self.lr_l1 = self._on_weights([lr * m.l1 * k for lr, m, k in zip(rates, self.members, longer, strict=True)])

    def _places(self, start: int, end: int) -> list[list[Tensor]]:
        """Where the members from `start` to `end` are in parameters, gradients, means and squares."""
        buffers = [self.population.flat, self.population.gradient, self.mean, self.square]
        layout = self.population.layout
        if end - start == layout.members:
            return [[buffer] for buffer in buffers]
        return [layout.stretch(buffer, start, end) for buffer in buffers]

    def step(self) -> None:
        """One step of every member: l2 into the gradient, update, then the proximal step of the l1 penalty."""
        self.steps += 1
        self.count.fill_(self.steps)
        if self.l2 is not None:
            self.d_weights.addcmul_(self.weights, self.l2)
        for stretch in self.stretches:
            self.make_step(stretch, self.count, self.training.optimizer == "adamw")
        if self.lr_l1 is not None:
            self._shrink(self.lr_l1)

    def _shrink(self, threshold: Tensor) -> None:
        """w <- sign(w) max(|w| - t, 0), the l1 penalty's proximal step in the metric of the step just done.

        t = lr * l1 / (1 - momentum) for SGD, lr * l1 / (sqrt(v_hat) + eps) for Adam: with any other threshold the fixed
        point is not the penalised optimum.
        """
        assert self.room is not None
        if self.is_adam:
            torch.div(self.square[: len(self.weights)], 1 - BETA2**self.steps, out=self.room)
            threshold = torch.div(threshold, self.room.sqrt_().add_(EPS), out=self.room)
        self.weights.sub_(torch.clamp(self.weights, -threshold, threshold))

    def survivors(self, population: Population, keep: Tensor) -> Optimizer:
        """The optimiser of the members `keep` alone, with their state."""
        other = Optimizer(population, [self.members[k] for k in keep.tolist()], self.training)
        other.steps = self.steps
        other.mean.copy_(self.population.layout.select(self.mean, keep))
        if self.is_adam:
            other.square.copy_(self.population.layout.select(self.square, keep))
        return other


def rate(lr: float, epoch: int, epochs: int, schedule: str) -> float:
    """The learning rate during an epoch counted from 0.

    Cosine: lr/2 * (1 + cos(pi * epoch / epochs)), as CosineAnnealingLR(T_max=epochs) stepped after every epoch.
    """
    return lr if schedule == "constant" else lr / 2 * (1 + math.cos(math.pi * epoch / epochs))
