"""One temperature a net: the same calibration step for every loss, so that their probabilities can be compared.

P nets, N rows, C classes. Losses differ in the scale of their scores (a hinge's margin, a logit, a clamped logarithm);
what they rank is theirs, how sure they are is fitted for all of them in the same way, on validation rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossbench.catalog.links import Prediction

COLDEST, HOTTEST = 1e-3, 1e3  # in units of the scores' own spread: from a hard decision to an even guess
HALVINGS = 60  # of ln(1e6): below the spacing of double precision


def fit_temperature(score_PNC: Tensor, truth_PN: Tensor) -> Tensor:
    """The temperature T that minimises the log-loss of softmax(score / T) against softened truths, `[P]` float64.

    The log-loss is convex in 1/T, so its derivative mean(E_p[score] - E_target[score]) has one root, found by
    bisection. The truth's share of the target is (N + 1) / (N + C), the rest is spread evenly: rows that are all
    decided rightly would else ask for T = 0, and a single error later for an infinite log-loss.
    Scores that are not finite, or say nothing, give T = 1.
    Sources: Guo et al. 2017, arXiv:1706.04599; the softened target: Platt 1999.
    """
    score = score_PNC.double()
    rows, classes = score.shape[-2:]
    target = torch.full_like(score, 1 / (rows + classes))
    target.scatter_(-1, truth_PN[..., None], (rows + 1) / (rows + classes))
    spread = (score - score.mean(-1, keepdim=True)).square().mean((-1, -2)).sqrt()
    usable = torch.isfinite(spread) & (spread > 0)
    spread = torch.where(usable, spread, torch.ones_like(spread))
    score = torch.where(usable[:, None, None], score / spread[:, None, None], torch.zeros_like(score))
    wanted = (target * score).sum(-1)
    low = torch.full_like(spread, -math.log(HOTTEST))
    high = torch.full_like(spread, -math.log(COLDEST))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        p = (score * middle.exp()[:, None, None]).softmax(-1)
        too_sure = ((p * score).sum(-1) - wanted).mean(-1) > 0
        low, high = torch.where(too_sure, low, middle), torch.where(too_sure, middle, high)
    temperature = (-(low + high) / 2).exp()
    return torch.where(usable, temperature * spread, torch.ones_like(temperature))


def at_temperature(prediction: Prediction, temperature_P: Tensor) -> Prediction:
    """The same decisions with the probabilities softmax(score / T)."""
    assert prediction.score_PNC is not None, "a regression has no temperature"
    score = prediction.score_PNC.double() / temperature_P[:, None, None]
    return Prediction(score, score.softmax(-1))
