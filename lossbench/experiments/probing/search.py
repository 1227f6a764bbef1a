"""Minimises expected losses over all outputs without derivatives, which non-smooth and flat parts do not disturb.

A coarse grid of linear outputs, then a compass search from its best points: all 3^K neighbours are tried, the step is
doubled until it first fails (a minimum may lie far out) and halved ever after. A valley along one output is only seen
once the others are near its bottom: `rounds` search again from where the last one ended, with the first step.

Of more outputs than FEW, a grid has too many points: then L-BFGS from 0. Only smooth losses have so many.

A loss is called for a few points a step, where the call itself is what takes time: `minimise_each` searches several
tables together, so that one call serves them all. A table whose search has ended is not asked again.

Shapes: G tables, M mixtures, T target values, N points, K outputs, S starts, O neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lossbench.engine.solver import owlqn

GRID = {1: (12.0, 97), 2: (8.0, 33), 3: (8.0, 13), 4: (6.0, 7)}  # outputs -> (half width, points an axis)
FEW = 4  # outputs that a grid is laid over
FAR = 1e4  # no step is longer

Table = Callable[[Tensor], Tensor]  # points [N, K] -> losses [N, T]
Tables = Callable[[Tensor, Tensor], Tensor]  # points [N, K], whose table each is for, ascending [N] -> losses [N, T]
Forbidden = Callable[[Tensor], Tensor]  # points [N, K] -> [M, N], where a mixture may not go


def minimise(
    table: Table,
    weight_MT: Tensor,
    outputs: int,
    *,
    forbidden: Forbidden | None = None,
    starts: int = 3,
    halvings: int = 24,
    rounds: int = 1,
) -> tuple[Tensor, Tensor]:
    """The points `[M, K]` where the losses weighted by `weight_MT` are least, and these least values `[M]`."""
    point_GMK, value_GM = minimise_each(
        lambda z_NK, _: table(z_NK),
        1,
        weight_MT,
        outputs,
        forbidden=forbidden,
        starts=starts,
        halvings=halvings,
        rounds=rounds,
    )
    return point_GMK[0], value_GM[0]


def minimise_each(
    tables: Tables,
    count: int,
    weight_MT: Tensor,
    outputs: int,
    *,
    forbidden: Forbidden | None = None,
    starts: int = 3,
    halvings: int = 24,
    rounds: int = 1,
) -> tuple[Tensor, Tensor]:
    """The same for each of `count` tables: points `[G, M, K]` and least values `[G, M]`."""
    if outputs > FEW:
        return _descend(tables, count, weight_MT, outputs, 10 * halvings)
    half, ticks = GRID.get(outputs, (6.0, 5))
    axis = torch.linspace(-half, half, ticks, dtype=torch.float64)
    grid_NK = torch.cartesian_prod(*[axis] * outputs).reshape(-1, outputs)
    loss_NT = _finite(tables(grid_NK.repeat(count, 1), torch.arange(count).repeat_interleave(len(grid_NK))))
    risk_GMN = weight_MT @ loss_NT.reshape(count, len(grid_NK), -1).mT
    if forbidden is not None:
        risk_GMN = risk_GMN.masked_fill(forbidden(grid_NK), torch.inf)
    value_GMS, start_GMS = risk_GMN.topk(starts, largest=False)
    point_GMSK = grid_NK[start_GMS]
    offset_OK = torch.cartesian_prod(*[torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)] * outputs)
    offset_OK = offset_OK.reshape(-1, outputs)
    for _ in range(rounds):
        step_GMS = torch.full_like(value_GMS, 2 * half / (ticks - 1))
        opening_GMS = torch.ones_like(value_GMS, dtype=torch.bool)
        for _ in range(3 * halvings):
            open_G = (step_GMS.amax((1, 2)) >= 2.0**-halvings).nonzero()[:, 0]
            if not len(open_G):
                break
            point, value, step = point_GMSK[open_G], value_GMS[open_G], step_GMS[open_G]
            near_GMSOK = point[..., None, :] + step[..., None, None] * offset_OK
            flat_NK = near_GMSOK.reshape(-1, outputs)
            loss_NT = _finite(tables(flat_NK, open_G.repeat_interleave(len(flat_NK) // len(open_G))))
            losses = loss_NT.reshape(len(open_G), len(weight_MT), -1, weight_MT.shape[1])
            risk = (losses @ weight_MT[:, :, None])[..., 0]
            if forbidden is not None:
                mixture = torch.arange(len(weight_MT))
                own = forbidden(flat_NK).reshape(len(mixture), len(open_G), len(mixture), -1)[mixture, :, mixture]
                risk = risk.masked_fill(own.transpose(0, 1), torch.inf)
            best, index = risk.reshape(*value.shape, -1).min(-1)
            better = best < value - 1e-13 * value.abs()
            moved = near_GMSOK.gather(3, index[..., None, None].expand(*index.shape, 1, outputs))[..., 0, :]
            point_GMSK[open_G] = torch.where(better[..., None], moved, point)
            value_GMS[open_G] = torch.where(better, best, value)
            opening = opening_GMS[open_G] & better & (step < FAR)
            opening_GMS[open_G] = opening
            step_GMS[open_G] = torch.where(opening, step * 2, torch.where(better, step, step / 2))
    value_GM, winner_GM = value_GMS.min(-1)
    winner_GM1K = winner_GM[..., None, None].expand(*winner_GM.shape, 1, outputs)
    return point_GMSK.gather(2, winner_GM1K)[:, :, 0], value_GM


def _descend(tables: Tables, count: int, weight_MT: Tensor, outputs: int, evaluations: int) -> tuple[Tensor, Tensor]:
    """Every mixture of every table is a problem of its own, and all are solved together."""
    mixtures = len(weight_MT)

    def evaluate(z_PK: Tensor, problem_P: Tensor) -> tuple[Tensor, Tensor]:
        z_PK = z_PK.detach().requires_grad_()
        with torch.enable_grad():
            risk_P = (tables(z_PK, problem_P // mixtures) * weight_MT[problem_P % mixtures]).sum(-1)
            (slope_PK,) = torch.autograd.grad(risk_P.sum(), z_PK)
        return risk_P.detach(), slope_PK

    start_PK = torch.zeros(count * mixtures, outputs, dtype=torch.float64)
    no_penalty = torch.zeros_like(start_PK)
    rule = owlqn.Rule(tolerance=1e-7, patience=10, evaluations=evaluations)
    found = owlqn.minimise(evaluate, start_PK, no_penalty, no_penalty, rule)
    return found.x_PD.reshape(count, mixtures, outputs), found.value_P.reshape(count, mixtures)


def _finite(losses: Tensor) -> Tensor:
    """NaN is nowhere least."""
    return losses.nan_to_num(nan=1e300, posinf=1e300)
