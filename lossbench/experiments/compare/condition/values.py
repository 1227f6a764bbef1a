"""Conditions that corrupt numbers of training rows: a regression's targets, and features.

Every fold is corrupted as a training part is, so that inner folds are as a user's would be.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lossbench.data.corruption.values import (
    DEGREES,
    DISTANCE,
    feature_outliers,
    missing_values,
    number_cells,
    robust_scales,
    target_noise,
    target_outliers,
)
from lossbench.data.splits.rows import RowNumbers
from lossbench.data.table import Table
from lossbench.experiments.compare.condition.declaration import (
    Changed,
    Condition,
    Repetition,
    lacks_nothing,
    lacks_values,
)
from lossbench.record import ConditionRecord

_SAME = " Inner folds are corrupted, too; test parts stay clean. The same values are corrupted for every loss"
_GROWING = f"{_SAME}, those of a lower level among those of a higher one."
_T_MEDIAN = float(np.sqrt(2 / 3))  # of |t| with 2 degrees of freedom: F(t) = 1/2 + t / (2 sqrt(2 + t^2)) = 3/4


def _corrupted_target(whole: Repetition, corrupt: Callable[[np.ndarray, int, RowNumbers], np.ndarray]) -> Repetition:
    target = whole.table.target
    corrupted = target.astype(np.float64)
    for rows, seed in whole.training_rows():
        corrupted[rows] = corrupt(target, seed, rows)[rows]
    return whole.with_target(corrupted)


def _add_target_outliers(whole: Repetition, share: float) -> Changed:
    changed = _corrupted_target(whole, lambda target, seed, rows: target_outliers(target, share, seed, rows))
    return changed, whole.training_mean(changed.table.target != whole.table.target)


TARGET_OUTLIERS = Condition(
    ConditionRecord(
        name="target_outliers",
        label="target outliers",
        reference=0.0,
        reference_text="no target outliers",
        level_text="{level} target outliers",
        harsher="higher",
        kind=f"{DISTANCE:g} robust standard deviations off, up or down",
        realised_text="{share} of the training targets changed",
        plot="target-outliers",
        plot_title="Robustness to target outliers",
        plot_note="Test targets are always clean.",
        axis_label="share of the training targets that are outliers",
    ),
    changes="targets",
    change=_add_target_outliers,
    lacking=lacks_values,
    protocol=f"Target outliers: a share of the training targets is moved by {DISTANCE:g} robust standard deviations"
    f" (1.4826 MAD) of the target, up or down.{_GROWING}",
)


def _add_target_noise(whole: Repetition, size: float) -> Changed:
    """The realised level: the median size of the noise, over that of Student's t."""
    target = whole.table.target
    changed = _corrupted_target(whole, lambda target, seed, rows: target_noise(target, size, seed, rows))
    added_NK = np.abs(changed.table.target - target).reshape(len(target), -1) / robust_scales(target)
    medians = [np.median(added_NK[fold.train]) for fold in whole.folds]
    return changed, float(np.mean(medians)) / _T_MEDIAN


TARGET_NOISE = Condition(
    ConditionRecord(
        name="target_noise",
        label="heavy-tailed target noise",
        reference=0.0,
        reference_text="no target noise",
        level_text="heavy-tailed target noise of {level} robust standard deviations",
        number="plain",
        harsher="higher",
        kind=f"Student's t with {DEGREES:g} degrees of freedom",
        realised_text="{share} robust standard deviations of noise",
        plot="target-noise",
        plot_title="Robustness to heavy-tailed target noise",
        plot_note="Test targets are always clean.",
        axis_label="scale of the noise, in robust standard deviations of the target",
    ),
    changes="targets",
    change=_add_target_noise,
    lacking=lacks_values,
    protocol="Heavy-tailed target noise: the level, times the robust standard deviation (1.4826 MAD) of the target,"
    f" times a draw of Student's t with {DEGREES:g} degrees of freedom is added to each training target.{_SAME},"
    " by the same draws at every level.",
)


def _lacks_numbers(table: Table) -> str:
    any_number = number_cells(table.features, table.kinds).any()
    return "" if any_number else f"needs a column of numbers, and {table.name} has none"


def _add_feature_outliers(whole: Repetition, share: float) -> Changed:
    features = whole.table.features
    cells_NF = number_cells(features, whole.table.kinds)
    corrupted = features
    for rows, seed in whole.training_rows():
        corrupted = feature_outliers(corrupted, cells_NF, share, seed, rows)
    moved_NF = (corrupted != features).to_numpy()
    return whole.with_features(corrupted), whole.training_mean(np.where(cells_NF, moved_NF, np.nan))


FEATURE_OUTLIERS = Condition(
    ConditionRecord(
        name="feature_outliers",
        label="feature outliers",
        reference=0.0,
        reference_text="no feature outliers",
        level_text="{level} feature outliers",
        harsher="higher",
        kind=f"{DISTANCE:g} robust standard deviations off, up or down",
        realised_text="{share} of the numbers in training features changed",
        plot="feature-outliers",
        plot_title="Robustness to feature outliers",
        plot_note="Test features are always clean.",
        axis_label="share of the numbers in training features that are outliers",
    ),
    changes="features",
    change=_add_feature_outliers,
    lacking=_lacks_numbers,
    protocol=f"Feature outliers: a share of the numbers in training features is moved by {DISTANCE:g} robust standard"
    f" deviations (1.4826 MAD) of their column, up or down.{_GROWING}",
)


def _remove_values(whole: Repetition, share: float) -> Changed:
    left = whole.table.features
    there_NF = left.notna().to_numpy()
    for rows, seed in whole.training_rows():
        left = missing_values(left, share, seed, rows)
    gone_NF = there_NF & left.isna().to_numpy()
    return whole.with_features(left), whole.training_mean(np.where(there_NF, gone_NF, np.nan))


MISSING_VALUES = Condition(
    ConditionRecord(
        name="missing_values",
        label="missing values",
        reference=0.0,
        reference_text="no values removed",
        level_text="{level} missing values",
        harsher="higher",
        kind="completely at random",
        realised_text="{share} of the values in training features removed",
        plot="missing-values",
        plot_title="Robustness to missing values",
        plot_note="Test features are as they are.",
        axis_label="share of the values in training features removed",
    ),
    changes="features",
    change=_remove_values,
    lacking=lacks_nothing,
    protocol="Missing values: a share of the values in training features is removed, all equally likely (missing"
    f" completely at random); gaps are filled as in any table.{_GROWING}",
)
