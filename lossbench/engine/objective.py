"""Losses of outputs and their gradients: autograd is used here only, on the last activation and the loss.

That is enough for any loss to plug in without its derivative, and costs next to nothing: the layers are differentiated
by hand (`population`). Members that share an objective sit side by side, an `ObjectiveGroup`.

Shapes: P members, R of them in a group, B rows of a batch of which the first `rows` count, K outputs, C columns of a
statistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd import Variable

from lossbench.engine.padding import pad_members, padding_members
from lossbench.engine.problem import Objective, Problem
from lossbench.errors import UserError


@dataclass(frozen=True, eq=False)
class ObjectiveGroup:
    """Neighbours that share an objective."""

    members: slice
    objective: Objective
    statistics: dict[str, Tensor]  # name -> [R, 1, C]

    @property
    def size(self) -> int:
        """How many members it has."""
        return int(self.members.stop - self.members.start)


def groups_of(problem: Problem, members: Sequence[int]) -> list[ObjectiveGroup]:
    """The groups of these members, in their order."""
    groups, start = [], 0
    objectives = [problem.members[m].objective for m in members]
    for end in range(1, len(members) + 1):
        if end == len(members) or objectives[end] != objectives[start]:
            objective = problem.objectives[objectives[start]]
            folds = [problem.folds[problem.members[m].fold] for m in members[start:end]]
            statistics = {
                name: torch.stack([f.statistics[name] for f in folds]).unsqueeze(1) for name in objective.statistics
            }
            groups.append(ObjectiveGroup(slice(start, end), objective, statistics))
            start = end
    return groups


def losses(group: ObjectiveGroup, out: Tensor, target: Tensor, weight: Tensor | None, rows: int) -> Tensor:
    """Losses of activated outputs `[R, B, K]`: `[R, B]` per sample, `[R]` per batch (of the first `rows` rows)."""
    objective, statistics = group.objective, group.statistics
    if objective.per == "sample":
        value = objective.loss(out, target, **statistics)
        return _checked(value, out.shape[:2])
    padding = padding_members(rows, out.shape[2])
    if weight is None:
        weight = out.new_ones(group.size, rows)
    statistics = {name: pad_members(value, padding) for name, value in statistics.items()}
    out, target, weight = (pad_members(t[:, :rows], padding) for t in (out, target, weight))
    return _checked(objective.loss(out, target, weight, **statistics), out.shape[:1])[: group.size]


def _checked(value: Tensor, shape: torch.Size) -> Tensor:
    if value.shape != shape:
        raise UserError(
            f"the loss gave the shape {list(value.shape)} where {list(shape)} was expected",
            fix="give one value per sample (no mean, no sum), or declare a loss of whole batches",
        )
    return value


def gradient(value: Tensor, leaf: Tensor, weight: Tensor, place: str = "") -> Tensor:
    """d sum(weight * value) / d leaf.

    `torch.autograd.grad` would do; its checks of arguments cost more than the differentiation of a small loss, and on
    their first use import a computer algebra system, which takes a second. So autograd's engine is called directly.
    """
    if not value.requires_grad:
        fix = "compute it from its first argument, in torch, without detach() or item()"
        raise UserError("the loss does not depend on the outputs", where=place, fix=fix)
    (own,) = Variable._execution_engine.run_backward(
        (value,), (weight,), False, False, (leaf,), allow_unreachable=True, accumulate_grad=False
    )
    return leaf.new_zeros(leaf.shape) if own is None else own


class Slope:
    """d loss / d outputs of a workspace, losses averaged over a batch's rows; to be called without grad mode."""

    def __init__(self, groups: Sequence[ObjectiveGroup], out_PBK: Tensor, rows: int) -> None:
        self.groups, self.rows = groups, rows
        self.leaves = [out_PBK[group.members].detach().requires_grad_() for group in groups]
        self.joined = torch.empty_like(out_PBK) if len(groups) > 1 else None
        share = out_PBK.new_zeros(out_PBK.shape[:2])
        share[:, :rows] = 1 / rows
        self.shares = [share[group.members] for group in groups]
        self.has_padding = rows < out_PBK.shape[1]

    def __call__(self, targets: Sequence[Tensor], weights: Sequence[Tensor] | None, sums_P: Tensor) -> Tensor:
        """The slope `[P, B, K]`; each member's weighted sum of losses over the rows goes to `sums_P`."""
        own = sums_P
        for k, group in enumerate(self.groups):
            weight, leaf = None if weights is None else weights[k], self.leaves[k]
            with torch.enable_grad():
                value = losses(group, group.objective.activation(leaf), targets[k], weight, self.rows)
            if group.objective.per == "batch":
                own = gradient(value, leaf, torch.ones_like(value), group.objective.place)
                sums_P[group.members] = value * self.rows
            else:
                share = self.shares[k] if weight is None else weight * self.shares[k]
                own = gradient(value, leaf, share, group.objective.place)
                counted = value if weight is None else value * weight
                counted = counted[:, : self.rows] if self.has_padding else counted
                torch.sum(counted, 1, out=sums_P[group.members])
            if self.joined is not None:
                self.joined[group.members] = own
        return own.contiguous() if self.joined is None else self.joined
