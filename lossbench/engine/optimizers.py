"""One step of Adam, AdamW or SGD with momentum for a whole population, each member with its own settings.

Members' settings are spread over flat buffers beside the parameters: a step is a few passes over flat memory, and a
member's numbers never depend on whether its neighbours have the same settings.

Sources: Kingma & Ba 2015, arXiv:1412.6980; Loshchilov & Hutter 2019, arXiv:1711.05101; the proximal step in the metric
of the preconditioner: Yun, Lozano & Yang 2021, Adaptive Proximal Gradient Methods for Structured Neural Networks, NeurIPS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lossbench.engine.population import Population
from lossbench.engine.problem import Member, Training

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8  # torch.optim's defaults

AdamDirection = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], None]


def fused_direction(out: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, count: Tensor) -> None:
    """out = -m_hat / (sqrt(v_hat) + eps), moments updated, in one pass over memory.

    torch's fused kernel with learning rate 1 and decoupled decay 1 does out * (1 - 1) - step: what `out` held is gone.
    """
    torch._fused_adamw_(
        [out],
        [gradient],
        [mean],
        [square],
        [],
        [count],
        lr=1.0,
        beta1=BETA1,
        beta2=BETA2,
        weight_decay=1.0,
        eps=EPS,
        amsgrad=False,
        maximize=False,
    )


def plain_direction(out: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, count: Tensor) -> None:
    """The same in public operations, for devices and versions of torch without the fused kernel."""
    steps = float(count)
    mean.lerp_(gradient, 1 - BETA1)
    square.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
    torch.div(square, 1 - BETA2**steps, out=out)
    out.sqrt_().add_(EPS)
    torch.div(mean, out, out=out)
    out.mul_(-1 / (1 - BETA1**steps))


def adam_direction(device: torch.device) -> AdamDirection:
    """The quicker of the two that the device has."""
    return fused_direction if device.type == "cpu" and hasattr(torch, "_fused_adamw_") else plain_direction


class Optimizer:
    """Steps the parameters of a population along its gradient; its state can follow the members that remain."""

    def __init__(self, population: Population, members: Sequence[Member], training: Training) -> None:
        self.population, self.training = population, training
        self.is_adam = training.optimizer != "sgd"
        self.members = members
        self.steps = 0
        zeros = torch.zeros_like
        flat = population.flat
        self.mean, self.count = zeros(flat), torch.zeros(())
        self.square = zeros(flat) if self.is_adam else flat.new_zeros(0)
        self.direction = zeros(flat) if self.is_adam else self.mean
        self.adam = adam_direction(flat.device)
        self.weights = flat[: population.layout.weights_size]
        self.lr = flat.new_zeros(len(flat))
        self.l2 = self._spread([m.l2 for m in members], weights_only=True)
        # Momentum lengthens a steady gradient's steps 1 / (1 - momentum) times; the penalty's have to keep up.
        self.l1 = self._spread([m.l1 if self.is_adam else m.l1 / (1 - m.momentum) for m in members], weights_only=True)
        self.decay = self._spread([m.weight_decay for m in members])
        self.momentum = None if self.is_adam else self._spread([m.momentum for m in members])
        self.room = zeros(self.weights) if self.l1 is not None else None
        self.room2 = zeros(self.weights) if self.l1 is not None else None
        self.shrinkage = None if self.decay is None else zeros(flat)  # lr * weight_decay, for adamw
        self._rates: list[float] | None = None

    def _spread(self, values: list[float], *, weights_only: bool = False) -> Tensor | None:
        """Members' values on all of their parameters, or None where all are zero: x + 0 * y is x."""
        if not any(values):
            return None
        flat = self.population.flat
        full = self.population.layout.spread(torch.zeros_like(flat), flat.new_tensor(values))
        return full[: self.population.layout.weights_size].clone() if weights_only else full

    def set_rates(self, rates: list[float]) -> None:
        """The learning rate of each member from now on."""
        if rates != self._rates:
            self.population.layout.spread(self.lr, torch.tensor(rates, dtype=torch.float64).to(self.lr))
            if self.decay is not None and self.shrinkage is not None:
                torch.mul(self.lr, self.decay, out=self.shrinkage)
            self._rates = rates

    def step(self) -> None:
        """One step of every member: decay, update, then the proximal step of the l1 penalty."""
        flat, gradient = self.population.flat, self.population.gradient
        self.steps += 1
        if self.l2 is not None:
            gradient[: len(self.weights)].addcmul_(self.weights, self.l2)
        if self.decay is not None and self.shrinkage is not None:
            if self.training.optimizer == "adamw":
                flat.addcmul_(flat, self.shrinkage, value=-1)
            else:
                gradient.addcmul_(flat, self.decay)
        if self.is_adam:
            self.count.fill_(self.steps)
            self.adam(self.direction, gradient, self.mean, self.square, self.count)
            flat.addcmul_(self.direction, self.lr)
        else:
            if self.momentum is not None:
                self.mean.mul_(self.momentum).add_(gradient)
                gradient = self.mean
            flat.addcmul_(gradient, self.lr, value=-1)
        if self.l1 is not None:
            self._shrink()

    def _shrink(self) -> None:
        """w <- sign(w) max(|w| - t, 0), the l1 penalty's proximal step in the metric of the step just done.

        t = lr * l1 / (1 - momentum) for SGD, lr * l1 / (sqrt(v_hat) + eps) for Adam: with any other threshold the fixed
        point is not the penalised optimum.
        """
        assert self.l1 is not None
        assert self.room is not None
        assert self.room2 is not None
        threshold, inside, count = self.room, self.room2, len(self.weights)
        torch.mul(self.lr[:count], self.l1, out=threshold)
        if self.is_adam:
            torch.div(self.square[:count], 1 - BETA2**self.steps, out=inside)
            threshold.div_(inside.sqrt_().add_(EPS))
        torch.neg(threshold, out=inside)
        torch.clamp(self.weights, inside, threshold, out=inside)
        self.weights.sub_(inside)

    def survivors(self, population: Population, keep: Tensor) -> Optimizer:
        """The optimiser of the members `keep` alone, with their state."""
        other = Optimizer(population, [self.members[k] for k in keep.tolist()], self.training)
        select = self.population.layout.select
        other.steps = self.steps
        other.mean.copy_(select(self.mean, keep))
        if self.is_adam:
            other.square.copy_(select(self.square, keep))
        return other


def rate(lr: float, epoch: int, epochs: int, schedule: str) -> float:
    """The learning rate during an epoch counted from 0.

    Cosine: lr/2 * (1 + cos(pi * epoch / epochs)), as CosineAnnealingLR(T_max=epochs) stepped after every epoch.
    """
    return lr if schedule == "constant" else lr / 2 * (1 + math.cos(math.pi * epoch / epochs))
