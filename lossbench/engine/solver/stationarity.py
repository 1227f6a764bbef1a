"""Optimality at non-smooth points: a point is a minimum if a convex combination of the gradients around it is 0.

A net of ReLUs has its minima where rows lie on its units' hinges, as |x| has at 0. What vanishes there is the shortest
vector of Goldstein's subdifferential, the convex hull of the gradients within a small distance (Goldstein 1977,
doi:10.1007/BF01584320); gradients at points drawn around are enough to find it (Burke, Lewis & Overton 2005,
doi:10.1137/030601296),
with more of them where the shortest combination so far would go down (Wolfe 1975, doi:10.1007/BFb0120703).

Shapes: D coordinates, S points drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

LEAST_DRAWN, MOST_DRAWN = 64, 256  # between them, twice as many as coordinates: few kinks have many sides, too
ROUNDS, ALONG = 20, 8  # of points along the direction in which the shortest combination so far would go down
NOTHING = 1e-12
SUM_TO_ONE = 1e3  # how much the weights' sum counts beside the length that is minimised


def minimum_norm_subgradient(
    evaluate: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    x_D: Tensor,
    l1_D: Tensor,
    l2_D: Tensor,
    *,
    reach: float = 1e-3,
) -> float:
    """Largest coordinate of the shortest convex combination of gradients around x, penalties included.

    `evaluate` gives a function that is the same for all members. Coordinates that an L1 penalty holds at zero stay
    there: for them only what exceeds the penalty counts. `reach`: how far around, of a coordinate's size between 0.1
    and 1. Of a convex function whose slope is at most L, a point where this is v exceeds the minimum by at most
    2 L reach + v |x - x*|, since such gradients are 2 L reach-subgradients.
    """
    count = min(max(2 * len(x_D), LEAST_DRAWN), MOST_DRAWN)
    draw = torch.rand(count, len(x_D), generator=torch.Generator().manual_seed(0), dtype=x_D.dtype).to(x_D.device)
    size_D = torch.where((x_D == 0) & (l1_D > 0), 0.0, reach * x_D.abs().clamp(0.1, 1.0))
    held = (size_D == 0).cpu().numpy()
    away_SD = size_D * (2 * draw - 1)
    away_SD[0] = 0
    gradients, shortest = np.empty((0, len(x_D))), np.inf
    for _ in range(ROUNDS):
        points_SD = x_D + away_SD
        with torch.no_grad():
            g_SD = evaluate(points_SD, torch.arange(len(points_SD)))[1] + l2_D * points_SD + l1_D * points_SD.sign()
        if not bool(g_SD.isfinite().all()):
            break
        gradients = np.vstack([gradients, g_SD.cpu().numpy()])
        mixed = _mixture(gradients[:, ~held]) @ gradients
        beyond = np.where(held, np.maximum(np.abs(mixed) - l1_D.cpu().numpy(), 0), np.abs(mixed))
        before, shortest = shortest, min(shortest, float(beyond.max()))
        if shortest <= NOTHING or shortest > 0.99 * before:
            break
        # A side of the kinks that is too narrow for random points lies where the combination would go down.
        down_D = -torch.as_tensor(np.where(held, 0.0, mixed)).to(x_D)
        farthest = (down_D.abs() / size_D.clamp_min(1e-300)).max()
        away_SD = down_D / farthest * torch.logspace(-3, 0, ALONG).to(x_D).unsqueeze(1)
    return shortest


def _mixture(g_SD: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Shares [S] of the shortest convex combination, by non-negative least squares."""
    from scipy.optimize import nnls  # slow to import, and seldom needed

    size = float(np.abs(g_SD).max()) or 1.0
    rows = np.vstack([g_SD.T / size, np.full(len(g_SD), SUM_TO_ONE)])
    try:
        shares = nnls(rows, np.append(np.zeros(g_SD.shape[1]), SUM_TO_ONE))[0]
    except RuntimeError:  # too many iterations: nothing is shown
        shares = np.eye(len(g_SD))[0]
    mixture: np.ndarray[tuple[int], np.dtype[np.float64]] = shares / shares.sum()
    return mixture
