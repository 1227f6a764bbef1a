"""Minimises an expected loss over all outputs without derivatives, which non-smooth and flat parts do not disturb.

A coarse grid of linear outputs, then a compass search from its best points: all 3^K neighbours are tried, the step is
doubled until it first fails (a minimum may lie far out) and halved ever after. A valley along one output is only seen
once the others are near its bottom: `rounds` search again from where the last one ended, with the first step.

Of more outputs than FEW, a grid has too many points: then L-BFGS from 0. Only smooth losses have so many.

Shapes: M mixtures, T target values, N points, K outputs, S starts.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

GRID = {1: (12.0, 97), 2: (8.0, 33), 3: (8.0, 13), 4: (6.0, 7)}  # outputs -> (half width, points an axis)
FEW = 4  # outputs that a grid is laid over
FAR = 1e4  # no step is longer

Table = Callable[[Tensor], Tensor]  # points [N, K] -> losses [N, T]
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
    if outputs > FEW:
        return _descend(table, weight_MT, outputs, 10 * halvings)
    half, count = GRID.get(outputs, (6.0, 5))
    axis = torch.linspace(-half, half, count, dtype=torch.float64)
    grid_NK = torch.cartesian_prod(*[axis] * outputs).reshape(-1, outputs)
    mixtures = len(weight_MT)
    risk_MN = weight_MT @ _finite(table(grid_NK)).T
    if forbidden is not None:
        risk_MN = risk_MN.masked_fill(forbidden(grid_NK), torch.inf)
    value_MS, start_MS = risk_MN.topk(starts, largest=False)
    point_MSK, value_MS = grid_NK[start_MS], value_MS.clone()
    offset_OK = torch.cartesian_prod(*[torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)] * outputs)
    offset_OK = offset_OK.reshape(-1, outputs)
    for turn in range(rounds * 3 * halvings):
        if turn % (3 * halvings) == 0:
            step_MS = torch.full_like(value_MS, 2 * half / (count - 1))
            opening_MS = torch.ones_like(value_MS, dtype=torch.bool)
        if float(step_MS.max()) < 2.0**-halvings:
            continue
        near_MSOK = point_MSK[:, :, None] + step_MS[..., None, None] * offset_OK
        flat = near_MSOK.reshape(-1, outputs)
        losses = _finite(table(flat)).reshape(mixtures, -1, weight_MT.shape[1])
        risk = (losses @ weight_MT[:, :, None])[..., 0]
        if forbidden is not None:
            own = forbidden(flat).reshape(mixtures, mixtures, -1)[torch.arange(mixtures), torch.arange(mixtures)]
            risk = risk.masked_fill(own, torch.inf)
        best, index = risk.reshape(*value_MS.shape, -1).min(-1)
        better = best < value_MS - 1e-13 * value_MS.abs()
        moved = near_MSOK.gather(2, index[..., None, None].expand(*index.shape, 1, outputs))[:, :, 0]
        point_MSK = torch.where(better[..., None], moved, point_MSK)
        value_MS = torch.where(better, best, value_MS)
        opening_MS &= better & (step_MS < FAR)
        step_MS = torch.where(opening_MS, step_MS * 2, torch.where(better, step_MS, step_MS / 2))
    value_M, winner_M = value_MS.min(-1)
    return point_MSK[torch.arange(mixtures), winner_M], value_M


def _descend(table: Table, weight_MT: Tensor, outputs: int, steps: int) -> tuple[Tensor, Tensor]:
    point_MK = torch.zeros(len(weight_MT), outputs, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([point_MK], max_iter=steps, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def risks() -> Tensor:
        return (table(point_MK) * weight_MT).sum(-1)

    def closure() -> Tensor:
        solver.zero_grad()
        total = risks().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    with torch.enable_grad():
        solver.step(closure)  # type: ignore[no-untyped-call]
    return point_MK.detach(), risks().detach()


def _finite(losses: Tensor) -> Tensor:
    """NaN is nowhere least."""
    return losses.nan_to_num(nan=1e300, posinf=1e300)
