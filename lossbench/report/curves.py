"""Curves over the epochs, as every picture of them draws one: the mean over members and the band of the middle 80%.

E epochs, M members. A member that stopped early keeps its last value, so that a mean is over the same members at
every epoch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lossbench.record import MemberRecord

MOST_POINTS = 150  # per curve; more cannot be seen


def stacked(members: Sequence[MemberRecord], curve: str) -> NDArray[np.float64] | None:
    """Curves of members with any finite value, `[M, E]`; gaps and early ends are filled with the value before."""
    raw = [np.array(m.curves.get(curve, []), dtype=float) for m in members]
    known = [values for values in raw if np.isfinite(values).any()]
    if not known:
        return None
    filled = np.empty((len(known), max(map(len, known))))
    for out, values in zip(filled, known, strict=True):
        here = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), -1))
        here[here < 0] = np.flatnonzero(np.isfinite(values))[0]
        out[: len(values)] = values[here]
        out[len(values) :] = out[len(values) - 1]
    return filled


def thinned(epochs: int, points: int = MOST_POINTS) -> np.ndarray:
    """At most so many epochs, counted from 0, evenly spread from the first to the last."""
    return np.unique(np.linspace(0, epochs - 1, min(epochs, points)).round().astype(int))


def draw_band(axes: Axes, value_ME: NDArray[np.float64], colour: str) -> None:
    """The mean over the members and the band that holds the middle 80% of them."""
    at = thinned(value_ME.shape[1])
    low, high = np.quantile(value_ME[:, at], [0.1, 0.9], axis=0)
    if len(value_ME) > 1:
        axes.fill_between(at + 1, low, high, color=colour, alpha=0.18, lw=0)
    axes.plot(at + 1, value_ME[:, at].mean(axis=0), color=colour)
