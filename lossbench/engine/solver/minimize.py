"""Penalised nets trained to convergence: full batch, float64, all at once (`owlqn` has the method and the rule).

For pictures of what a penalty does, where "not yet trained" must not be mistaken for "penalised". Members share net,
table, loss and last activation; they differ in seed and penalties.

Shapes: P members, N rows, D coordinates (weights and biases of one member), W weights, K outputs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from lossbench.engine.nets.mlp import ParameterLayout, Population, initialised
from lossbench.engine.nets.outputs import Inputs, predicted
from lossbench.engine.objective import ObjectiveGroup
from lossbench.engine.padding import pad_rows
from lossbench.engine.problem import Fold, Member, Net, Objective
from lossbench.engine.shared_rows import plain
from lossbench.engine.slope import Slope
from lossbench.engine.solver.owlqn import End, Minimum, Progress, Rule, minimise
from lossbench.engine.solver.stationarity import minimum_norm_subgradient
from lossbench.engine.solver.warm_starts import continue_path
from lossbench.engine.threads import in_threads, one_thread
from lossbench.events import Emit, Phase, Stopped, ignore, never

DTYPE = torch.float64
ROWS_AT_ONCE = 4_096  # of a grid, for which all members' outputs are held at once


class Coordinates:
    """Where a member's weights and biases stand in a row of coordinates [D]: layer by layer, weights [I, O] first."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.pairs = net.layers
        marks = [torch.cat([torch.ones(i * o), torch.zeros(o)]) for i, o in self.pairs]
        self.is_weight_D = torch.cat(marks).to(torch.bool)

    def write(self, x_PD: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> None:
        """Coordinates into a population's views."""
        for (i, o), part, weight, bias in zip(self.pairs, self._parts(x_PD), weights, biases, strict=True):
            weight[:, :i, :o] = part[:, : i * o].view(-1, i, o)
            bias[:, 0, :o] = part[:, i * o :]

    def read(self, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> Tensor:
        """A population's views as coordinates."""
        parts = []
        for (i, o), weight, bias in zip(self.pairs, weights, biases, strict=True):
            parts += [weight[:, :i, :o].reshape(len(weight), -1), bias[:, 0, :o]]
        return torch.cat(parts, 1)

    def _parts(self, x_PD: Tensor) -> Sequence[Tensor]:
        return x_PD.split_with_sizes([(i + 1) * o for i, o in self.pairs], 1)


class _DataLoss:
    """Mean data loss of P members and its gradient: what `search` minimises beside the penalties."""

    def __init__(self, coordinates: Coordinates, fold: Fold, objective: Objective, device: torch.device) -> None:
        self.coordinates, self.objective = coordinates, objective
        self.rows = len(fold.train.x_ND)
        self.x_ND = pad_rows(plain(fold.train.x_ND).to(device, DTYPE))
        target = fold.train.target
        self.target = pad_rows(target.to(device, DTYPE if target.is_floating_point() else target.dtype))
        self.weight_N = None if fold.weight_N is None else pad_rows(fold.weight_N.to(device, DTYPE))
        self.statistics = {name: fold.statistics[name].to(device, DTYPE) for name in objective.statistics}
        self.members = 0

    def _resize(self, members: int) -> None:
        def spread(rows: Tensor) -> Tensor:
            return rows.expand(members, *rows.shape)

        layout = ParameterLayout(self.coordinates.net, members)
        self.members = members
        self.population = Population(layout, self.x_ND.new_zeros(layout.size)).with_gradient()
        self.d_weights, self.d_biases = layout.views(self.population.gradient)
        self.x_PND, self.targets = spread(self.x_ND), [spread(self.target)]
        self.weights = None if self.weight_N is None else [spread(self.weight_N)]
        self.space = self.population.workspace(len(self.x_ND))
        statistics_P = {name: spread(value.unsqueeze(0)) for name, value in self.statistics.items()}
        self.slope = Slope([ObjectiveGroup(slice(0, members), self.objective, statistics_P)], self.space.out, self.rows)

    def __call__(self, x_PD: Tensor, members: Tensor) -> tuple[Tensor, Tensor]:
        if len(members) != self.members:
            self._resize(len(members))
        population = self.population
        self.coordinates.write(x_PD, population.weights, population.biases)
        population.forward(self.x_PND, self.space)
        sums_P = x_PD.new_empty(len(members))
        hidden = population.last_hidden(self.x_PND, self.space) if self.objective.last_hidden else None
        slope = self.slope(self.targets, self.weights, sums_P, hidden)
        population.backward(self.x_PND, slope, self.space)
        return sums_P / self.rows, self.coordinates.read(self.d_weights, self.d_biases)


@dataclass(frozen=True, eq=False)
class Ending:
    """How one member's training ended."""

    end: End
    data_loss: float
    residual: float  # largest coordinate of the proximal gradient step
    evaluations: int
    weights_W: Tensor  # biases excluded

    @property
    def converged(self) -> bool:
        """Whether the search ended because there was nothing left to gain."""
        return self.end in {"gradient", "kink"}


class Converged:
    """Nets at the end of their training."""

    def __init__(self, net: Net, objective: Objective, minimum: Minimum, loss_P: Tensor) -> None:
        self.net, self.objective, self.coordinates = net, objective, Coordinates(net)
        self.x_PD = minimum.x_PD
        self.members = [
            Ending(
                end,
                float(loss_P[p]),
                float(minimum.residual_P[p]),
                int(minimum.evaluations_P[p]),
                minimum.x_PD[p][self.coordinates.is_weight_D].cpu(),
            )
            for p, end in enumerate(minimum.end)
        ]

    def outputs(self, x_ND: Tensor) -> Iterator[Tensor]:
        """All members' outputs after the last activation, `[P, n, K]` for some thousand rows at a time."""
        members = len(self.x_PD)
        layout = ParameterLayout(self.net, members)
        population = Population(layout, self.x_PD.new_zeros(layout.size))
        self.coordinates.write(self.x_PD, population.weights, population.biases)
        with torch.no_grad(), one_thread():
            for part in torch.split(x_ND.to(self.x_PD), ROWS_AT_ONCE):
                yield predicted(population, Inputs([part] * members), self.objective.activation)


def converge(
    net: Net,
    fold: Fold,
    objective: Objective,
    members: Sequence[Member],
    *,
    rule: Rule | None = None,
    emit: Emit = ignore,
    stopped: Stopped = never,
    device: torch.device | str = "cpu",
    threads: int = 1,
) -> Converged:
    """Train each member on `fold.train` to the end, from the weights that its seed draws as nn.Linear does.

    Of a member, `seed`, `l1` and `l2` count; members hand their points on (`relay`). The searches of a round are shared
    by so many Python threads. Emits how many members are done, as the `Phase` "training". Once `stopped()` is true,
    members that are not done stay where they are: "interrupted".
    """
    device, rule = torch.device(device), rule or Rule()
    coordinates = Coordinates(net)
    start = initialised(net, [m.seed for m in members], DTYPE, device)
    start_PD = coordinates.read(start.weights, start.biases)
    is_weight_D = coordinates.is_weight_D.to(start_PD)
    l1_PD = torch.tensor([[m.l1] for m in members]).to(start_PD) * is_weight_D
    l2_PD = torch.tensor([[m.l2] for m in members]).to(start_PD) * is_weight_D
    losses = [_DataLoss(coordinates, fold, objective, device) for _ in range(max(1, min(threads, len(members))))]

    def find(x_RD: Tensor, rows_R: Tensor, rule: Rule, progress: Progress) -> Minimum:
        count = min(len(losses), len(x_RD))
        done, lock = [0] * count, threading.Lock()

        def search(k: int, stopped: Stopped) -> Minimum:
            def tell(own: int) -> None:
                with lock:  # so that the sum never goes back
                    done[k] = own
                    progress(sum(done))

            # Every count-th, because neighbours in strength take equally long.
            rows = rows_R[k::count]
            start, l1, l2 = x_RD[k::count], l1_PD[rows], l2_PD[rows]
            return minimise(losses[k], start, l1, l2, rule, progress=tell, stopped=stopped)

        return _interleaved(in_threads([partial(search, k) for k in range(count)], count, stopped), len(x_RD))

    def tell(done: int) -> None:
        emit(Phase("training", done, len(members)))

    tell(0)
    with one_thread():
        shortest = partial(minimum_norm_subgradient, losses[0], reach=rule.reach)
        minimum = continue_path(find, shortest, start_PD, l1_PD, l2_PD, rule, progress=tell, stopped=stopped)
        with torch.no_grad():
            loss_P = losses[0](minimum.x_PD, torch.arange(len(members)))[0].clone()
    return Converged(net, objective, minimum, loss_P)


def _interleaved(minima: Sequence[Minimum], count: int) -> Minimum:
    """What the threads have found, in the order of the members."""
    round_up = Minimum(
        minima[0].x_PD.new_empty(count, minima[0].x_PD.shape[1]),
        minima[0].value_P.new_empty(count),
        minima[0].residual_P.new_empty(count),
        torch.empty(count, dtype=torch.long),
        ["limit"] * count,
    )
    for k, minimum in enumerate(minima):
        own = slice(k, None, len(minima))
        round_up.x_PD[own], round_up.value_P[own], round_up.residual_P[own] = (
            minimum.x_PD,
            minimum.value_P,
            minimum.residual_P,
        )
        round_up.evaluations_P[own], round_up.end[own] = minimum.evaluations_P, minimum.end
    return round_up
