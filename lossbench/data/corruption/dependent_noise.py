"""Label noise that depends on the features: near a linear boundary, or of each row's own rate (R rows, D features).

The features `x_ND` are numbers of comparable spread; what they are made of is the caller's choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, softmax

from lossbench.data.corruption.draw import drawn_class, number_of
from lossbench.data.splits.rows import RowNumbers
from lossbench.random_streams import generator

DECAY = 4.0  # one standard deviation away from the boundary a row is exp(4) = 55 times less prone to noise
SPREAD = 0.1  # standard deviation of the rows' own rates


def boundary_distance(x_ND: NDArray[Any], seed: int) -> NDArray[np.float64]:
    """How far each row is from the boundary, in standard deviations: the median of a random linear projection."""
    direction_D = generator(seed, "boundary noise, direction").normal(size=x_ND.shape[1])
    score_N = x_ND.astype(np.float64) @ direction_D
    distance_N: NDArray[np.float64] = np.abs(score_N - np.median(score_N)) / (score_N.std() or 1.0)
    return distance_N


def boundary_noise(
    target: NDArray[Any], classes: int, distance_N: NDArray[np.float64], rate: float, seed: int, rows: RowNumbers
) -> NDArray[Any]:
    """A noisy copy of target [N]: a share `rate` of the given rows gets another class, the sooner the nearer to the
    boundary they are, all other classes equally likely.

    Exactly floor(rate * rows + 1/2) of them change: the first of an exponential race with weights exp(-4 distance).
    The noise is boundary-consistent: the nearer, the likelier. Source: Menon, van Rooyen & Natarajan 2018,
    doi:10.1007/s10994-018-5715-3.
    """
    random = generator(seed, "boundary noise")
    log_time = np.log(random.exponential(size=len(rows))) + DECAY * distance_N[rows]
    step = random.integers(1, classes, len(rows))
    first = np.argsort(log_time, kind="stable")[: number_of(rate, rows)]
    noisy = target.copy()
    noisy[rows[first]] = (target[rows[first]] + step[first]) % classes
    return noisy


def class_scores(x_ND: NDArray[Any], target: NDArray[Any], classes: int, seed: int) -> NDArray[np.float64]:
    """How each row looks like each class, `[N, C]`: x times a matrix of standard normal numbers, one for each clean
    class; -inf for the clean class itself."""
    weight_CDC = generator(seed, "instance noise, weights").normal(size=(classes, x_ND.shape[1], classes))
    score_NC = np.empty((len(x_ND), classes))
    for k in range(classes):
        score_NC[target == k] = x_ND[target == k].astype(np.float64) @ weight_CDC[k]
    score_NC[np.arange(len(x_ND)), target] = -np.inf
    return score_NC


def instance_noise(
    target: NDArray[Any], score_NC: NDArray[np.float64], rate: float, seed: int, rows: RowNumbers
) -> NDArray[Any]:
    """A noisy copy of target [N]: each of the given rows gets another class with a rate of its own, drawn from a normal
    distribution of mean `rate` and standard deviation 0.1 that is cut off outside of [0, 1].

    Which class follows from its features: the softmax of `class_scores`. The share that changes is random, with the
    mean of the cut-off distribution. Source: Xia et al. 2020, arXiv:2006.07836.
    """
    random = generator(seed, "instance noise")
    place_R, chance_R, other_R = random.random((3, len(rows)))
    low, high = ndtr((0 - rate) / SPREAD), ndtr((1 - rate) / SPREAD)
    rate_R = rate + SPREAD * ndtri(low + place_R * (high - low))
    wrong = chance_R < rate_R
    noisy = target.copy()
    noisy[rows[wrong]] = drawn_class(softmax(score_NC[rows[wrong]], axis=1), other_R[wrong])
    return noisy
