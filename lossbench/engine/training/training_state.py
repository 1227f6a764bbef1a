"""The training state of a chunk: its members that still train, and the loop over one epoch's batches.

Shapes: P members, B rows of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lossbench.components.schedules import SCHEDULES
from lossbench.engine.nets.mlp import ParameterLayout, Population
from lossbench.engine.objective import asks_for_hidden, groups_of
from lossbench.engine.problem import Problem
from lossbench.engine.slope import Slope
from lossbench.engine.training.batches import Batches
from lossbench.engine.training.optimizers import PopulationOptimizer
from lossbench.engine.training.step import step_of
from lossbench.engine.training.validation import Validation
from lossbench.events import Stopped
from lossbench.random_streams import torch_generator


class TrainingState:
    """Members side by side with everything that one epoch of them needs."""

    def __init__(
        self,
        problem: Problem,
        members: Sequence[int],
        population: Population,
        optimizer: PopulationOptimizer | None = None,
        generators: Sequence[torch.Generator] | None = None,
    ) -> None:
        self.problem, self.members, self.population = problem, list(members), population
        own = [problem.members[m] for m in members]
        folds = [problem.folds[m.fold] for m in own]
        streams = {m.seed: torch_generator(m.seed, "batches") for m in own}
        self.generators = generators or [streams[m.seed] for m in own]
        population.with_gradient()
        self.optimizer = optimizer or PopulationOptimizer(population, own, problem.training)
        groups = groups_of(problem, members)
        self.batches = Batches(folds, groups, self.generators, problem.training.batch_size)
        shapes = self.batches.shapes
        self.step = step_of(problem.training.kernel, population, self.optimizer)
        slopes = {shape: Slope(groups, self.step.out(shape[0]), shape[1]) for shape in set(shapes)}
        self.slopes = [slopes[shape] for shape in shapes]
        self.asks_for_hidden = asks_for_hidden(groups)
        self.at: int | None = None  # the batch that comes next, where an epoch has begun
        self.sums = population.flat.new_zeros(len(shapes), len(self.members))
        parts = [fold.validation for fold in folds]
        present = [part for part in parts if part is not None]
        self.validation = Validation(present, own, groups, problem) if len(present) == len(parts) else None

    def epoch(self, number: int, stopped: Stopped) -> Tensor | None:
        """Train epoch `number` (from 0), or the rest of it where it has begun; the mean training loss `[P]` in float64,
        or None if stopped half-way."""
        problem, step = self.problem, self.step
        rate = SCHEDULES.get(problem.training.schedule).rate
        self.optimizer.set_rates(
            [rate(problem.members[m].lr, min(number, problem.epochs(m)), problem.epochs(m)) for m in self.members]
        )
        sums = self.sums.unbind(0)
        for k, batch in enumerate(self.batches.epoch(self.at), self.at or 0):
            if stopped():
                self.at = k
                return None
            step.forward(batch)
            hidden = step.last_hidden(batch) if self.asks_for_hidden else None
            step.update(batch, self.slopes[k](batch.targets, batch.weights, sums[k], hidden))
        self.at = None
        return self.sums.cpu().t().contiguous().double().sum(1) / self.batches.rows

    def validate(self) -> tuple[Tensor, Tensor]:
        """The validation part's mean loss and score, `[P]` each; NaN without a validation part."""
        if self.validation is None:
            nothing = self.population.flat.new_full((len(self.members),), torch.nan)
            return nothing, nothing
        return self.validation(self.population)

    def finite(self) -> Tensor:
        """Which members have finite parameters, `[P]` bool."""
        if math.isfinite(float(self.population.flat.sum())):
            return torch.ones(len(self.members), dtype=torch.bool)
        finite = torch.ones(len(self.members), dtype=torch.bool, device=self.population.flat.device)
        for views in (self.population.weights, self.population.biases):
            for view in views:
                finite &= view.isfinite().flatten(1).all(1)
        return finite.cpu()

    def survivors(self, keep: Sequence[int]) -> TrainingState:
        """The members at these places alone, where they are in their training; their numbers do not change by it."""
        index = torch.tensor(keep, device=self.population.flat.device)
        layout = self.population.layout
        smaller = ParameterLayout(layout.net, len(keep))
        population = Population(smaller, layout.select(self.population.flat, index)).with_gradient()
        return TrainingState(
            self.problem,
            [self.members[k] for k in keep],
            population,
            self.optimizer.survivors(population, index),
            [self.generators[k] for k in keep],
        )

    def packed(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """What the rest of the training depends on, as facts for JSON and as tensors on the host, bits exactly."""
        streams = self.batches.streams
        tensors = {f"state.{name}": buffer.cpu() for name, buffer in self.optimizer.state.items()}
        tensors["state.parameters"] = self.population.flat.cpu()
        tensors["state.generators"] = torch.stack([stream.get_state() for stream in streams])
        if self.at is not None:
            tensors["state.sums"] = self.sums.cpu()
            if not self.batches.full:
                tensors["state.order"] = self.batches.order_SN
        return {"steps": self.optimizer.steps, "at": self.at}, tensors

    def unpack(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Go to where `packed` was called, the parameters of that moment in the population already."""
        self.optimizer.steps, self.at = facts["steps"], facts["at"]
        for name, buffer in self.optimizer.state.items():
            buffer.copy_(tensors[f"state.{name}"])
        for stream, state in zip(self.batches.streams, tensors["state.generators"], strict=True):
            stream.set_state(state.clone())  # torch reads it from the start of its memory
        if self.at is not None:
            self.sums.copy_(tensors["state.sums"])
            if not self.batches.full:
                self.batches.order_SN.copy_(tensors["state.order"])
