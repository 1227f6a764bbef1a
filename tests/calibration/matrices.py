"""Scores of many losses on the splits of one table, without training: what a comparison's statistics see.

Row i is decided rightly by loss k on a split where base_i + own_ik + learnt_ks + noise > 0: `own` is what loss k finds
hard whatever split it is trained on, which no number of repeats averages away; `learnt` is what it learns from its
training rows, which overlap between splits; `noise` is of its first weights and batches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def accuracies(
    rng: np.random.Generator,
    losses: int,
    *,
    rows: int = 500,
    folds: int = 5,
    repeats: int = 5,
    own: float = 0.6,
    learnt: float = 0.5,
    noise: float = 0.4,
    gain_K: Floats | None = None,
) -> Floats:
    """Accuracies [J, K] of losses that are exchangeable but for `gain_K`, a shift of the latent margin."""
    base = rng.normal(0.9, 1.0, rows)
    margin_NK = base[:, None] + own * rng.standard_normal((rows, losses)) + (0.0 if gain_K is None else gain_K)
    pull_NK = learnt * rng.standard_normal((rows, losses))
    found = []
    for _ in range(repeats):
        for test in np.array_split(rng.permutation(rows), folds):
            effect_K = (pull_NK.sum(axis=0) - pull_NK[test].sum(axis=0)) / (rows - len(test))
            margin = margin_NK[test] + effect_K + noise * rng.standard_normal((len(test), losses))
            found.append((margin > 0).mean(axis=0))
    return np.array(found)
