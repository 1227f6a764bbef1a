"""Which rows or cells are corrupted, those of a small share among those of a larger one, and what they become."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def number_of(share: float, entries: NDArray[Any]) -> int:
    """floor(share * entries + 1/2): how many entries a share of them is."""
    return int(np.floor(share * len(entries) + 0.5))


def growing_share(entries: NDArray[Any], share: float, random: np.random.Generator) -> NDArray[Any]:
    """A share of the entries, at random: the beginning of one order of all."""
    order: NDArray[Any] = random.permutation(entries)
    return order[: number_of(share, entries)]


def drawn_class(chance_RC: NDArray[np.float64], place_R: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class [R] in which a place in [0, 1) falls, when classes share that range as their chances are.

    A class of chance 0 is never drawn: sums are scaled by the last one, which rounding may leave a little off the
    whole.
    """
    sums_RC = np.cumsum(chance_RC, axis=1)
    found: NDArray[np.int64] = (sums_RC <= place_R[:, None] * sums_RC[:, -1:]).sum(axis=1)
    return found
