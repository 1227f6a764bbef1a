"""Label noise that depends on the class alone: symmetric, to the next class, or by a noise matrix (N rows, C classes).

Sources: Angluin & Laird 1988, doi:10.1007/BF00116829 (symmetric); Han et al. 2018, arXiv:1804.06872 (pair flip);
Patrini et al. 2017, arXiv:1609.03683 (noise matrix).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.data.corruption.draw import drawn_class, growing_share
from lossbench.data.splits.rows import RowNumbers
from lossbench.random_streams import generator


def symmetric_noise(target: NDArray[Any], classes: int, rate: float, seed: int, rows: RowNumbers) -> NDArray[Any]:
    """A noisy copy of target [N]: a share `rate` of the given rows gets another class, all others equally likely.

    Exactly floor(rate * rows + 1/2) of them change. The draw walks the classes in the order in which they first occur:
    their names change nothing.
    """
    random = generator(seed, "label noise")
    wrong = growing_share(rows, rate, random)
    first_seen = list(dict.fromkeys(target.tolist()))
    order = np.array([*first_seen, *(k for k in range(classes) if k not in first_seen)], dtype=target.dtype)
    place = np.argsort(order)
    noisy = target.copy()
    noisy[wrong] = order[(place[target[wrong]] + random.integers(1, classes, len(wrong))) % classes]
    return noisy


def pair_flip_noise(target: NDArray[Any], classes: int, rate: float, seed: int, rows: RowNumbers) -> NDArray[Any]:
    """A noisy copy of target [N]: a share `rate` of the given rows gets the next class, the last class the first one.

    Exactly floor(rate * rows + 1/2) of them change. Of two classes it is symmetric noise.
    """
    wrong = growing_share(rows, rate, generator(seed, "pair-flip noise"))
    noisy = target.copy()
    noisy[wrong] = (target[wrong] + 1) % classes
    return noisy


def matrix_noise(
    target: NDArray[Any], matrix_CC: NDArray[np.float64], strength: float, seed: int, rows: RowNumbers
) -> NDArray[Any]:
    """A noisy copy of target [N]: class k of the given rows becomes l with the probability in row k, column l of
    (1 - strength) I + strength * matrix.

    Each row by itself, so that the share that changes is random; `strength` is in [0, 1].
    """
    random = generator(seed, "matrix noise")
    chance, other = random.random(len(rows)), random.random(len(rows))
    stay_C = np.diag(matrix_CC)
    wrong = chance < strength * (1 - stay_C[target[rows]])
    others_CC = matrix_CC * (1 - np.eye(len(matrix_CC)))
    noisy = target.copy()
    noisy[rows[wrong]] = drawn_class(others_CC[target[rows[wrong]]], other[wrong])
    return noisy
