"""Which rows or cells are corrupted: of one seed, those of a small share are among those of a larger one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def growing_share(entries: NDArray[Any], share: float, random: np.random.Generator) -> NDArray[Any]:
    """floor(share * entries + 1/2) of the entries, at random: the beginning of one order of all."""
    order: NDArray[Any] = random.permutation(entries)
    return order[: int(np.floor(share * len(entries) + 0.5))]
