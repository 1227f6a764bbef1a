"""One step of an optimiser for a whole population, each member with its own settings.

Members with the same settings step together: all of them in one pass over the flat buffers where the settings are all
the same, else each stretch of neighbours that share them in one over its slices. A member's arithmetic is the same
either way. What a step is, `lossbench.components.optimizers` declares.

Source of the proximal step in the metric of the preconditioner: Yun, Lozano & Yang 2021, Adaptive Proximal Gradient
Methods for Structured Neural Networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lossbench.components.optimizers import OPTIMIZERS, Stretch
from lossbench.engine.nets.mlp import Population
from lossbench.engine.nets.state import State, population_of, state_of
from lossbench.engine.problem import Member, Training


class PopulationOptimizer:
    """Steps the parameters of a population along its gradient; its state can follow the members that remain."""

    def __init__(self, population: Population, members: Sequence[Member], training: Training) -> None:
        self.population, self.members, self.training = population, members, training
        self.rule = OPTIMIZERS.get(training.optimizer)
        flat = population.flat
        self.steps, self.count = 0, torch.zeros(())
        self.state = {name: torch.zeros_like(flat) for name in self.rule.state}
        size = population.layout.weights_size
        self.weights, self.d_weights = flat[:size], population.gradient[:size]
        self.weights_state = {name: buffer[:size] for name, buffer in self.state.items()}
        self.l2 = self._on_weights([m.l2 for m in members])
        self.lr_l1: Tensor | None = None
        self.room = torch.empty_like(self.weights) if any(m.l1 for m in members) else None
        self.stretches: list[Stretch] = []
        self.rates: list[float] = []

    def _on_weights(self, values: list[float]) -> Tensor | None:
        """Members' values on all of their weights, or None where all are zero: x + 0 * y is x, so nothing is lost."""
        if not any(values):
            return None
        flat = self.population.flat
        value_P = flat.new_tensor(values)
        return self.population.layout.spread(torch.zeros_like(flat), value_P)[: len(self.weights)].clone()

    def set_rates(self, rates: list[float]) -> None:
        """The learning rate of each member from now on."""
        if rates == self.rates:
            return
        self.rates = rates
        kinds = [(lr, m.weight_decay, m.momentum) for lr, m in zip(rates, self.members, strict=True)]
        starts = [k for k, kind in enumerate(kinds) if k == 0 or kind != kinds[k - 1]]
        self.stretches = []
        for start, end in zip(starts, [*starts[1:], len(kinds)], strict=True):
            parameters, gradients = (
                self._places(b, start, end) for b in (self.population.flat, self.population.gradient)
            )
            state = {name: self._places(buffer, start, end) for name, buffer in self.state.items()}
            self.stretches.append(Stretch(*kinds[start], parameters, gradients, state))
        # Momentum lengthens a steady gradient's steps; the penalty's have to keep up.
        longer = [self.rule.lengthening(m.momentum) for m in self.members]
        self.lr_l1 = self._on_weights([lr * m.l1 * k for lr, m, k in zip(rates, self.members, longer, strict=True)])

    def _places(self, buffer: Tensor, start: int, end: int) -> list[Tensor]:
        """Where the members from `start` to `end` are in a flat buffer."""
        layout = self.population.layout
        return [buffer] if end - start == layout.members else layout.stretch(buffer, start, end)

    def step(self) -> None:
        """One step of every member: l2 into the gradient, update, then the proximal step of the l1 penalty."""
        self.steps += 1
        self.count.fill_(self.steps)
        if self.l2 is not None:
            self.d_weights.addcmul_(self.weights, self.l2)
        for stretch in self.stretches:
            self.rule.step(stretch, self.count)
        if self.lr_l1 is not None:
            self._shrink(self.lr_l1)

    def _shrink(self, threshold: Tensor) -> None:
        """w <- sign(w) max(|w| - t, 0), the l1 penalty's proximal step in the metric of the step just done.

        t = lr * l1 / D, where the update was lr * gradient / D, times what momentum lengthens it by: with any other
        threshold the fixed point is not the penalised optimum.
        """
        assert self.room is not None
        if self.rule.divisor is not None:
            divisor = self.rule.divisor(self.weights_state, self.steps, self.room)
            threshold = torch.div(threshold, divisor, out=self.room)
        self.weights.sub_(torch.clamp(self.weights, -threshold, threshold))

    def state_of(self, member: int) -> dict[str, dict[str, Tensor]]:
        """A member's part of each buffer, under the names of its parameters; in main memory."""
        layout = self.population.layout
        states = {name: state_of(Population(layout, buffer), member) for name, buffer in self.state.items()}
        return {name: {key: part.cpu() for key, part in state.items()} for name, state in states.items()}

    def recall(self, states: Mapping[str, State], steps: int) -> None:
        """Go on after so many steps of the only member, whose parts of the buffers these are."""
        self.steps = steps
        for name, buffer in self.state.items():
            state = {key: part.to(buffer.device, buffer.dtype) for key, part in states[name].items()}
            buffer.copy_(population_of(self.population.layout.net, state).flat)

    def survivors(self, population: Population, keep: Tensor) -> PopulationOptimizer:
        """The optimiser of the members `keep` alone, with their state."""
        other = PopulationOptimizer(population, [self.members[k] for k in keep.tolist()], self.training)
        other.steps = self.steps
        for name, buffer in self.state.items():
            other.state[name].copy_(self.population.layout.select(buffer, keep))
        return other
