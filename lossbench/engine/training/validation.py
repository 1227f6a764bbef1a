"""The members' validation parts: their mean loss and their score.

Shapes: P members, R members of a group, N rows, K outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lossbench.engine.nets.mlp import Population
from lossbench.engine.nets.outputs import Inputs, outputs_and_hidden
from lossbench.engine.objective import ObjectiveGroup, asks_for_hidden, losses
from lossbench.engine.padding import ROWS, pad_members, padding_members, stacked
from lossbench.engine.problem import Member, Problem, SplitPart


class Validation:
    """The members' validation parts: their mean loss and their score."""

    def __init__(
        self,
        parts: Sequence[SplitPart],
        members: Sequence[Member],
        groups: Sequence[ObjectiveGroup],
        problem: Problem,
    ) -> None:
        self.groups, self.score, self.has_loss = groups, problem.score, problem.has_val_loss
        self.folds = [member.fold for member in members]
        self.objectives = [member.objective for member in members]
        self.inputs = Inputs([part.x_ND for part in parts])
        self.targets = [stacked([part.target for part in parts[group.members]]) for group in groups]
        truth = stacked([part.truth_N for part in parts])[:, : self.inputs.rows]
        self.truth = pad_members(truth, ROWS)
        weights = [part.weight_N for part in parts if part.weight_N is not None]
        self.weights = stacked(weights) if weights else None  # all parts are of one table

    def __call__(self, population: Population) -> tuple[Tensor, Tensor]:
        """Mean loss and score of each member, `[P]` and `[P]` or `[P, 1 + M]` (NaN where none is measured)."""
        rows = self.inputs.rows
        with_hidden = self.has_loss and asks_for_hidden(self.groups)
        out, hidden_PNH = outputs_and_hidden(population, self.inputs, with_hidden=with_hidden)
        loss = out.new_full((len(out),), torch.nan)
        activated = []
        for group, target in zip(self.groups, self.targets, strict=True):
            own = group.objective.activation(out[group.members])
            activated.append(own)
            if not self.has_loss:
                continue
            weight = None if self.weights is None else self.weights[group.members]
            hidden = None if hidden_PNH is None else hidden_PNH[group.members]
            value = losses(group, own, target, weight, rows, hidden)
            if weight is not None and value.dim() == 2:
                value = value * weight
            loss[group.members] = value if value.dim() == 1 else value[:, :rows].sum(1) / rows
        if self.score is None:
            return loss, torch.full_like(loss, torch.nan)
        together = activated[0] if len(activated) == 1 else torch.cat(activated)
        padding = padding_members(rows, together.shape[2])
        together = pad_members(together[:, :rows], padding)
        folds = self.folds + self.folds[-1:] * padding
        objectives = self.objectives + self.objectives[-1:] * padding
        return loss, self.score(together, self.truth[: len(together)], folds, objectives)[: len(out)].to(loss)
