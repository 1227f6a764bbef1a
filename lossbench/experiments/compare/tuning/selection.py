"""The choice of a trial and its number of epochs from curves of validation scores: averaged, smoothed, cautious.

F inner folds, E epochs, G temperatures. The best of hundreds of noisy scores is the luckiest one. So the folds' curves
are averaged, smoothed over epochs, and a trial other than the default is taken only where it is better by one standard
error over the folds (Breiman et al. 1984, section 3.4.3). All losses are chosen for by this one rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lossbench.config.parts import Keep
from lossbench.experiments.scoring.temperature import Floats, fit_temperature, log_loss_at

WINDOW = 15  # epochs of the moving average, at most
ROUNDING = 1e-5  # scores are kept in single precision: what differs by less is equal


@dataclass(frozen=True, eq=False)
class TrialCurves:
    """One trial's scores on its inner folds, epoch by epoch; larger is better in `score_EF`.

    `log_loss_EG` is that of all folds' rows together, on the grid of temperatures (None: a regression). `failed`: a net
    diverged, or there is no score. `rows_F`: the validation rows of each fold, or the sum of their weights, which
    have a mean of 1 over the table.
    """

    score_EF: Floats
    rows_F: Floats
    log_loss_EG: Floats | None = None
    failed: bool = False
    keep: Keep = "best"

    @property
    def window(self) -> int:
        """Of the moving average over its epochs."""
        return window_of(len(self.score_EF))

    @cached_property
    def smoothed_EF(self) -> Floats:  # noqa: N802 - its shape is part of its name
        """Moving average over the epochs, shorter at both ends."""
        return smoothed(self.score_EF, self.window)

    @cached_property
    def mean_E(self) -> Floats:  # noqa: N802
        """Smoothed score over the rows of all folds."""
        return np.asarray(self.smoothed_EF @ (self.rows_F / self.rows_F.sum()))

    @cached_property
    def calibrated_log_loss_E(self) -> Floats:  # noqa: N802
        """The log-loss of all folds' rows after the common temperature of each epoch."""
        assert self.log_loss_EG is not None, "a regression has no log-loss"
        return log_loss_at(self.log_loss_EG, fit_temperature(self.log_loss_EG, float(self.rows_F.sum())))

    @cached_property
    def best_epoch(self) -> int:
        """The epoch, from 1, of the best smoothed score; of equal ones the one with the lowest calibrated log-loss.

        The last one, where `keep` says so.
        """
        if self.keep == "last":
            return len(self.score_EF)
        mean_E = self.mean_E
        best = (
            np.flatnonzero(mean_E >= mean_E.max() - ROUNDING) if np.isfinite(mean_E).any() else np.arange(len(mean_E))
        )
        if self.log_loss_EG is None or len(best) == 1:
            return int(best[0]) + 1
        log_loss = smoothed(self.calibrated_log_loss_E, self.window)[best]
        return int(best[np.argmax(log_loss <= log_loss.min() + ROUNDING)]) + 1

    def temperature(self, epoch: int) -> float | None:
        """The common temperature after so many epochs, fitted to the rows of all folds; None for a regression."""
        if self.log_loss_EG is None:
            return None
        return float(fit_temperature(self.log_loss_EG[[epoch - 1]], float(self.rows_F.sum()))[0])


@dataclass(frozen=True)
class ScoredTrial:
    """What a trial is, for the choice: its distance from the default decides where scores do not."""

    lr: float
    param_set: int
    curves: TrialCurves


def choose_trial(tried: Sequence[ScoredTrial], default_lr: float) -> int:
    """The place of the trial that is chosen.

    Of the trials that are within one standard error of the best one (of their difference over the folds, each at its
    own best epoch) the one nearest to the default: default parameters first, then the rate nearest on a log scale,
    the smaller of two. Failed trials are not chosen while there is another.
    """
    able = [i for i, c in enumerate(tried) if not c.curves.failed] or list(range(len(tried)))
    at_best = {i: tried[i].curves.smoothed_EF[tried[i].curves.best_epoch - 1] for i in able}
    mean = {i: float(tried[i].curves.mean_E[tried[i].curves.best_epoch - 1]) for i in able}
    best = max(able, key=lambda i: mean[i] if math.isfinite(mean[i]) else -math.inf)

    def is_as_good(i: int) -> bool:
        with np.errstate(invalid="ignore"):  # scores of nets without finite outputs
            gap_F = at_best[best] - at_best[i]
        if not np.isfinite(gap_F).all():
            return i == best or not math.isfinite(mean[best])  # nothing is known of any: the default
        error = float(gap_F.std(ddof=1)) / math.sqrt(len(gap_F)) if len(gap_F) > 1 else 0.0
        return mean[i] >= mean[best] - error - 1e-12

    def distance(i: int) -> tuple[float, ...]:
        lr = tried[i].lr
        return (tried[i].param_set, round(abs(math.log(lr / default_lr)), 9), lr)

    return min((i for i in able if is_as_good(i)), key=distance)


def window_of(epochs: int) -> int:
    """How many epochs are averaged: of few epochs about half, so that an average over all of them hides no rise."""
    return 2 * min(WINDOW // 2, epochs // 4) + 1


def smoothed(values_E: Floats, window: int = WINDOW) -> Floats:
    """Centred moving average along the first axis, of as many values of the window as there are."""
    reach = window // 2
    around = [(reach, reach), *[(0, 0)] * (values_E.ndim - 1)]
    sums_E = sliding_window_view(np.pad(values_E, around), 2 * reach + 1, axis=0).sum(axis=-1)
    counts_E = sliding_window_view(np.pad(np.ones(len(values_E)), reach), 2 * reach + 1).sum(axis=-1)
    return np.asarray(sums_E / counts_E.reshape(-1, *[1] * (values_E.ndim - 1)))


def carried_on(values_E: Floats, epochs: int) -> Floats:
    """A curve that stopped early, its last value carried on to so many epochs: it no longer got better."""
    return np.concatenate([values_E, np.repeat(values_E[-1:], max(0, epochs - len(values_E)), axis=0)])[:epochs]


def stopped(lower_E: Floats, patience: int | None, min_delta: float = 0.0) -> int:
    """How many epochs there are until the lowest value is `patience` epochs old (None: all)."""
    best, best_epoch = math.inf, 0
    for epoch, value in enumerate(lower_E.tolist(), 1):
        if value < best - min_delta:
            best, best_epoch = value, epoch
        if patience is not None and epoch - best_epoch >= patience:
            return epoch
    return len(lower_E)
