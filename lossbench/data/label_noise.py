"""Label noise: training labels that are corrupted on purpose, to test how robust a loss is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.data.splits.rows import RowNumbers
from lossbench.errors import UserError
from lossbench.random_streams import generator


def label_noise(
    target: NDArray[Any], classes: int, rate: float, seed: int, rows: RowNumbers
) -> tuple[NDArray[Any], float]:
    """Symmetric noise: a share `rate` of the given rows gets another class, all others equally likely.

    The draw walks the classes in the order in which they first occur: their names change nothing.
    Returns the noisy copy of target [N] and the realised rate: exactly floor(rate * rows + 1/2) rows change, none
    outside `rows`.
    Raises `UserError` for a rate outside [0, 1) and for a regression.
    """
    if not 0 <= rate < 1:
        raise UserError(f"a label noise of {rate} is not in [0, 1)", where="label_noise")
    if classes < 2:
        raise UserError("label noise needs classes, the task is a regression", where="label_noise", fix="use 0")
    random = generator(seed, "label noise")
    wrong = random.permutation(rows)[: int(np.floor(rate * len(rows) + 0.5))]
    first_seen = list(dict.fromkeys(target.tolist()))
    order = np.array([*first_seen, *(k for k in range(classes) if k not in first_seen)], dtype=target.dtype)
    place = np.argsort(order)
    noisy = target.copy()
    noisy[wrong] = order[(place[target[wrong]] + random.integers(1, classes, len(wrong))) % classes]
    return noisy, len(wrong) / len(rows)
