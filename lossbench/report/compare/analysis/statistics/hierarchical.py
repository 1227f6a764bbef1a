"""What the gains on several data sets say of the next one, each known only as well as its splits allow (N data sets).

The gain on data set i is measured with an error: gain_i ~ N(delta_i, se_i), and the data sets differ among themselves:
delta_i ~ N(mu, tau). A test that takes gain_i for delta_i is surer than any of the data sets is.
"""

from __future__ import annotations

import numpy as np

from lossbench.deferred import stats
from lossbench.report.compare.analysis.statistics.paired import Floats, Posterior

PRIOR = 5.0  # ROPEs: half of the prior of tau lies below this many
_TAUS, _MEANS = 160, 201  # points of the grid


def next_data_set(gain_N: Floats, error_N: Floats, df_N: Floats, rope: float) -> Posterior:
    """P(worse), P(practically equal), P(better) on the next data set: which of the three is the most probable there.

    For every (mu, tau) the next data set's delta ~ N(mu, tau) is below, within or above the ROPE; a probability is the
    posterior share of the (mu, tau) for which its outcome is the most probable. Priors: mu flat, tau half-Cauchy with
    scale `PRIOR` ROPEs. `error_N`: standard errors of the gains (NaN: unknown, taken as 0), whose Student t with `df_N`
    degrees of freedom is matched in variance by a normal (df > 2; below, its quartiles are matched). Deterministic:
    mu is integrated in closed form at every tau of a grid.
    Source: the decision and the two levels are those of Corani et al. 2017, doi:10.1007/s10994-017-5641-9, and Benavoli
    et al. 2017, jmlr.org/papers/v18/16-305, with a normal in place of their Student t and no sampling; Gelman 2006,
    doi:10.1214/06-BA117A, on the prior.
    """
    gain = np.asarray(gain_N, dtype=float)
    variance = np.nan_to_num(np.asarray(error_N, dtype=float) ** 2 * _inflation(np.asarray(df_N, dtype=float)))
    tau, weight = _posterior_of_tau(gain, variance, PRIOR * rope)
    precision = 1 / (variance[None, :] + tau[:, None] ** 2)
    mean = (precision * gain).sum(axis=1) / precision.sum(axis=1)
    spread = 1 / np.sqrt(precision.sum(axis=1))
    z = stats.norm.ppf((np.arange(_MEANS) + 0.5) / _MEANS)
    mu = mean[:, None] + spread[:, None] * z[None, :]
    worse = stats.norm.cdf((-rope - mu) / tau[:, None])
    better = stats.norm.sf((rope - mu) / tau[:, None])
    outcome = np.stack([worse, 1 - worse - better, better])
    most_probable = outcome == outcome.max(axis=0)
    share = (most_probable / most_probable.sum(axis=0)).mean(axis=2) @ weight
    return Posterior(*(float(value) for value in share))


def _inflation(df: Floats) -> Floats:
    """The variance of Student's t; where it is infinite, that of the normal with the same quartiles."""
    safe = np.where(df > 2, df, 3.0)
    return np.where(df > 2, safe / (safe - 2), (stats.t.ppf(0.75, np.maximum(df, 1)) / stats.norm.ppf(0.75)) ** 2)


def _posterior_of_tau(gain: Floats, variance: Floats, scale: float) -> tuple[Floats, Floats]:
    """A grid over tau, even in the prior's probability, and the posterior weights of its points."""
    tau = scale * np.tan(np.pi / 2 * (np.arange(_TAUS) + 0.5) / _TAUS)  # quantiles of the half-Cauchy
    total = variance[None, :] + tau[:, None] ** 2
    precision = 1 / total
    mean = (precision * gain).sum(axis=1) / precision.sum(axis=1)
    log = -0.5 * (np.log(total).sum(axis=1) + np.log(precision.sum(axis=1)))
    log -= 0.5 * (precision * (gain[None, :] - mean[:, None]) ** 2).sum(axis=1)
    weight = np.exp(log - log.max())
    return tau, weight / weight.sum()
