"""Whether a point at kinks is a minimum: there no gradient is small, but gradients on all sides of it cancel.

A net of ReLUs has its minima where rows lie on its units' hinges, as |x| has at 0. What vanishes there is the shortest
vector of Goldstein's subdifferential, the convex hull of the gradients within a small distance (Goldstein 1977,
doi:10.1007/BF01584320); gradients at points drawn around are enough to find it (Burke, Lewis & Overton 2005,
doi:10.1137/030601296).

Shapes: D coordinates, S points drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

REACH = 1e-3  # how far around, of a coordinate between 0.1 and 1
DRAWN = 256  # at most; twice as many as coordinates are enough for any number of kinks
SUM_TO_ONE = 1e3  # how much the weights' sum counts beside the length that is minimised


def minimum_norm_subgradient(
    evaluate: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], x_D: Tensor, l1_D: Tensor, l2_D: Tensor
) -> float:
    """Largest coordinate of the shortest convex combination of gradients around x, penalties included.

    `evaluate` gives a function that is the same for all members. Coordinates that an L1 penalty holds at zero stay
    there: for them only what exceeds the penalty counts.
    """
    count = min(2 * len(x_D), DRAWN)
    draw = torch.rand(count, len(x_D), generator=torch.Generator().manual_seed(0), dtype=x_D.dtype).to(x_D.device)
    held = (x_D == 0) & (l1_D > 0)
    away_SD = REACH * (2 * draw - 1) * x_D.abs().clamp(0.1, 1.0)
    away_SD[0] = 0
    points_SD = x_D + torch.where(held, 0, away_SD)
    with torch.no_grad():
        g_SD = evaluate(points_SD, torch.arange(count))[1] + l2_D * points_SD + l1_D * points_SD.sign()
    if not bool(g_SD.isfinite().all()):
        return float("inf")
    mixed_D = _mixture(g_SD[:, ~held].cpu().numpy()) @ g_SD.cpu().numpy()
    beyond = np.where(held.cpu(), np.maximum(np.abs(mixed_D) - l1_D.cpu().numpy(), 0), np.abs(mixed_D))
    return float(beyond.max())


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
