"""Losses of outputs. Members that share an objective sit side by side, an `ObjectiveGroup`.

Shapes: P members, R of them in a group, B rows of a batch of which the first `rows` count, H units of the last hidden
layer, K outputs, C columns of a statistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

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


def asks_for_hidden(groups: Sequence[ObjectiveGroup]) -> bool:
    """Whether a loss among them takes the last hidden layer."""
    return any(group.objective.last_hidden for group in groups)


def losses(
    group: ObjectiveGroup,
    out: Tensor,
    target: Tensor,
    weight: Tensor | None,
    rows: int,
    hidden: Tensor | None = None,
) -> Tensor:
    """Losses of activated outputs `[R, B, K]`: `[R, B]` per sample, `[R]` per batch (of the first `rows` rows).

    `hidden [R, B, H]` is for an objective that takes the last hidden layer.
    """
    objective = group.objective
    of_rows = {"last_hidden": hidden} if objective.last_hidden and hidden is not None else {}
    if objective.per == "sample":
        value = objective.loss(out, target, **group.statistics, **of_rows)
        return _checked(value, out.shape[:2])
    padding = padding_members(rows, 1)  # a loss may put the columns first, each a vector of its own
    if weight is None:
        weight = out.new_ones(group.size, rows)
    named = {name: pad_members(value, padding) for name, value in group.statistics.items()}
    named |= {name: pad_members(value[:, :rows], padding) for name, value in of_rows.items()}
    out, target, weight = (pad_members(t[:, :rows], padding) for t in (out, target, weight))
    return _checked(objective.loss(out, target, weight, **named), out.shape[:1])[: group.size]


def _checked(value: Tensor, shape: torch.Size) -> Tensor:
    if value.shape != shape:
        raise UserError(
            f"the loss gave the shape {list(value.shape)} where {list(shape)} was expected",
            fix="give one value per sample (no mean, no sum), or declare a loss of whole batches",
        )
    return value
