"""One step of a population: forward, and from d loss / d outputs backward and the optimiser's step.

By torch, which is everywhere and is the oracle of the other's tests, or by the compiled kernel. What is scored or
predicted is torch's in both cases, so the same weights give the same outputs.

Shapes: P members, B rows of a batch with its padding, H units of the last hidden layer, K outputs.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from lossbench.engine.kernel.binding import AdamStep, CompiledPass
from lossbench.engine.kernel.build import CannotBuildError, functions
from lossbench.engine.nets.mlp import Population
from lossbench.engine.training.batches import Batch
from lossbench.engine.training.optimizers import PopulationOptimizer
from lossbench.errors import UserError


class Step(Protocol):
    """What makes the steps of a population."""

    def out(self, rows_padded: int) -> Tensor:
        """Where the outputs of batches of so many rows are, `[P, B, K]`; the same tensor each time."""

    def forward(self, batch: Batch) -> None:
        """Fill `out`."""

    def last_hidden(self, batch: Batch) -> Tensor:
        """The last hidden layer after a `forward` of the same batch, `[P, B, H]`; without hidden layers the inputs."""

    def update(self, batch: Batch, slope_PBK: Tensor) -> None:
        """Step along the gradient, after a `forward` of the same batch."""


class TorchStep:
    """By torch's batched products."""

    def __init__(self, population: Population, optimizer: PopulationOptimizer) -> None:
        self.population, self.optimizer = population, optimizer

    def out(self, rows_padded: int) -> Tensor:
        """Where the outputs are."""
        return self.population.workspace(rows_padded).out

    def forward(self, batch: Batch) -> None:
        """Fill `out`."""
        x = batch.x_PBD
        self.population.forward(x, self.population.workspace(x.shape[1]))

    def last_hidden(self, batch: Batch) -> Tensor:
        """The last hidden layer."""
        x = batch.x_PBD
        return self.population.last_hidden(x, self.population.workspace(x.shape[1]))

    def update(self, batch: Batch, slope_PBK: Tensor) -> None:
        """Step along the gradient."""
        x = batch.x_PBD
        self.population.backward(x, slope_PBK, self.population.workspace(x.shape[1]))
        self.optimizer.step()


class CompiledStep:
    """By the compiled kernel, with Adam and the penalties in it; other optimisers make torch's step behind the compiled
    gradient."""

    def __init__(self, population: Population, optimizer: PopulationOptimizer) -> None:
        self.population, self.optimizer = population, optimizer
        net, dtype = population.layout.net, str(population.flat.dtype).removeprefix("torch.")
        try:
            self._functions = functions(net.activation, dtype)
        except CannotBuildError as problem:  # such as on a worker of another machine
            raise UserError(f"the compiled kernel is missing: {problem}", fix="train with kernel torch") from None
        self._passes: dict[int, CompiledPass] = {}
        self._adam: AdamStep | None = None
        own = optimizer.members
        if optimizer.rule.in_kernel:
            state = optimizer.state
            self._adam = AdamStep(
                state["mean"],
                state["square"],
                weight_decay=[m.weight_decay for m in own],
                l1=[m.l1 for m in own],
                l2=[m.l2 for m in own],
                decoupled=optimizer.rule.decoupled,
            )

    def _pass(self, rows_padded: int) -> CompiledPass:
        if rows_padded not in self._passes:
            self._passes[rows_padded] = CompiledPass(self._functions, self.population, rows_padded)
        return self._passes[rows_padded]

    def out(self, rows_padded: int) -> Tensor:
        """Where the outputs are."""
        return self._pass(rows_padded).out

    def forward(self, batch: Batch) -> None:
        """Fill `out`."""
        self._pass(batch.x_PBD.shape[1]).forward(batch.x_PBD, batch.rows)

    def last_hidden(self, batch: Batch) -> Tensor:
        """The last hidden layer."""
        return self._pass(batch.x_PBD.shape[1]).last_hidden(batch.x_PBD)

    def update(self, batch: Batch, slope_PBK: Tensor) -> None:
        """Step along the gradient."""
        own, x = self._pass(batch.x_PBD.shape[1]), batch.x_PBD
        if self._adam is None:
            own.backward(x, slope_PBK, batch.rows)
            self.optimizer.step()
        else:
            self.optimizer.steps += 1
            self._adam.begin(self.optimizer.steps, self.optimizer.rates)
            own.backward(x, slope_PBK, batch.rows, self._adam)
        own.population.clear_thresholds(own.population.weights)  # the kernel knows none: they are weights that it moved


def step_of(kernel: str, population: Population, optimizer: PopulationOptimizer) -> Step:
    """The step by that kernel, "torch" or "compiled"; a `UserError` where it is not here."""
    return (CompiledStep if kernel == "compiled" else TorchStep)(population, optimizer)
