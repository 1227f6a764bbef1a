"""The posterior over data sets that takes each one's mean as exact: what the hierarchical one is measured against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lossbench.random_streams import generator
from lossbench.report.compare.analysis.statistics.paired import Floats, Posterior


def signed_rank_posterior(
    gain_N: Sequence[float] | Floats, rope: float, *, seed: int = 0, samples: int = 20_000, prior: float = 0.5
) -> Posterior:
    """Bayesian signed-rank test: Dirichlet weights w over the gains and a prior gain of 0 with strength `prior`.

    theta_better = sum over i, j of w_i w_j [gain_i + gain_j > 2 rope], likewise worse and equal; a probability is
    the share of the samples in which its theta is the largest.
    Source: Benavoli et al. 2014, proceedings.mlr.press/v32/benavoli14.
    """
    gain = np.concatenate([[0.0], np.asarray(gain_N, dtype=float)])
    pair = gain[:, None] + gain[None, :]
    above = (pair > 2 * rope) + 0.5 * (pair == 2 * rope)
    below = (pair < -2 * rope) + 0.5 * (pair == -2 * rope)
    strength = np.ones(len(gain))
    strength[0] = prior
    weight_SN = generator(seed, "signed rank").dirichlet(strength, samples)
    better = np.einsum("si,ij,sj->s", weight_SN, above, weight_SN, optimize=True)
    worse = np.einsum("si,ij,sj->s", weight_SN, below, weight_SN, optimize=True)
    theta_S3 = np.round(np.stack([worse, 1 - worse - better, better], axis=1), 12)
    largest_S3 = theta_S3 == theta_S3.max(axis=1, keepdims=True)  # a tie counts for both, half each
    share = (largest_S3 / largest_S3.sum(axis=1, keepdims=True)).mean(axis=0)
    return Posterior(*(float(value) for value in share))
