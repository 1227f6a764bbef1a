"""One temperature a net: the same calibration step for every loss, so that their probabilities can be compared.

P nets, N rows, C classes, G temperatures of a fixed grid. Losses differ in the scale of their scores (a hinge's margin,
a logit, a clamped logarithm); what they rank is theirs, how sure they are is fitted for all of them in the same way, on
rows that the nets were not trained on.

The log-loss is kept on a grid of temperatures rather than fitted to scores: means over rows can be pooled over folds,
so that the rows of all inner folds fit one temperature and no scores are kept.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from torch import Tensor

from lossbench.catalog.decoders import Prediction
from lossbench.catalog.metrics.rows import mean

LOG2_T = np.arange(-6.0, 11.0)  # from a hard decision to an even guess, for scores between 0.01 and 1000
PRIOR = 0.5  # standard deviation of ln T about T = 1

Floats = NDArray[np.float64]
PARTS = 32  # of a step: T within 1%
_FINE = np.linspace(LOG2_T[0], LOG2_T[-1], PARTS * (len(LOG2_T) - 1) + 1)


def _penalty(log2_t: Floats) -> Floats:
    return np.asarray((log2_t * math.log(2)) ** 2 / (2 * PRIOR**2))


def log_loss_by_temperature(score_PNC: Tensor, truth_PN: Tensor) -> Tensor:
    """Every row's log-loss of softmax(score / T) at every T of the grid, `[G, P, N]`; of probabilities as truth
    `[P, N, C]` the expected one."""
    if truth_PN.is_floating_point():
        own_PN1 = (score_PNC * truth_PN.to(score_PNC)).sum(-1, keepdim=True)
    else:
        own_PN1 = score_PNC.gather(-1, truth_PN[..., None])
    gap_CPN = (score_PNC - own_PN1).movedim(-1, 0).contiguous()
    top_PN = gap_CPN.amax(0)
    below_CPN = gap_CPN - top_PN
    has_two = len(gap_CPN) == 2
    if has_two:
        below_CPN = below_CPN.amin(0, keepdim=True)  # the other's is 0
    inverse_G = [2.0**-log2_t for log2_t in LOG2_T]
    power_CPN = torch.empty_like(below_CPN)  # exp(score / T), whose square is that at half the temperature
    loss_GPN = top_PN.new_empty(len(inverse_G), *top_PN.shape)
    for i in reversed(range(len(inverse_G))):
        # Every fourth is computed anew: rounding doubles with each square.
        power_CPN = torch.exp(below_CPN * inverse_G[i]) if i % 4 == 0 else power_CPN.square_()
        if has_two:
            torch.add(power_CPN[0], 1, out=loss_GPN[i])
        else:
            torch.sum(power_CPN, 0, out=loss_GPN[i])
    return loss_GPN.log_().add_(top_PN * top_PN.new_tensor(inverse_G)[:, None, None])


def mean_log_loss(loss_GPN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
    """Mean over rows, each counted by its weight, `[P, G]`; inf for scores that are not finite."""
    mean_PG = mean(loss_GPN, weight_PN).T
    return torch.where(mean_PG.isfinite(), mean_PG, torch.inf)


def smooth_log_loss(log_loss_PG: Tensor, rows: int) -> Tensor:
    """The least sum of log-loss and prior, per row, `[P]`: never 0, so it goes on falling where all rows are right."""
    return (log_loss_PG + log_loss_PG.new_tensor(_penalty(LOG2_T) / rows)).amin(-1)


def fit_temperature(log_loss_EG: Floats, rows: float) -> Floats:
    """The T that maximises likelihood times prior, `[E]`: rows * log_loss(T) + (ln T)^2 / (2 * 0.5^2) is least there.

    The prior draws T towards 1, where scores stay as they are. It counts as much as a few rows: 29 rows that are all
    decided rightly would ask for T = 0 without it, and a single error later for an infinite log-loss.
    Source: temperature scaling, Guo et al. 2017, arXiv:1706.04599.
    """
    fine_EH = _between(log_loss_EG)
    best_E = (rows * fine_EH + _penalty(_FINE)).argmin(-1)
    return np.where(np.isfinite(fine_EH).any(-1), 2.0 ** _FINE[best_E], 1.0)


def log_loss_at(log_loss_EG: Floats, temperature_E: Floats) -> Floats:
    """The log-loss at a temperature, `[E]`."""
    place_E = np.rint((np.log2(temperature_E) - _FINE[0]) * PARTS).astype(np.int64)
    return np.asarray(np.take_along_axis(_between(log_loss_EG), place_E[:, None], -1)[:, 0])


def _between(log_loss_EG: Floats) -> Floats:
    """The log-loss on a grid that is PARTS times as fine, by cubic splines; inf where one of the values is."""
    finite_E = np.isfinite(log_loss_EG).all(-1)
    fine_EH = np.full((len(log_loss_EG), len(_FINE)), np.inf)
    fine_EH[finite_E] = CubicSpline(LOG2_T, log_loss_EG[finite_E], axis=-1)(_FINE)
    return fine_EH


def at_temperature(prediction: Prediction, temperature_P: Tensor) -> Prediction:
    """The same decisions with the probabilities softmax(score / T)."""
    assert prediction.score_PNC is not None, "a regression has no temperature"
    score = prediction.score_PNC.double() / temperature_P[:, None, None]
    return Prediction(score, score.softmax(-1))
