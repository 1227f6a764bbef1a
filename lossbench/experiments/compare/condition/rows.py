"""Conditions that leave out training rows."""

from __future__ import annotations

import numpy as np

from lossbench.data.corruption.imbalance import imbalanced_subset, rarest_and_most_frequent
from lossbench.data.subset import growing_subset
from lossbench.errors import UserError
from lossbench.experiments.compare.condition.declaration import (
    Changed,
    Condition,
    Repetition,
    lacks_classes,
    lacks_nothing,
)
from lossbench.random_streams import generator
from lossbench.record import ConditionRecord


def _use_share(whole: Repetition, share: float) -> Changed:
    """The same share of every fold, so that inner folds are as small as training parts."""
    kept = [
        growing_subset(whole.table, rows, share, generator(seed, "train share"), what="rows of a fold")
        for rows, seed in whole.training_rows()
    ]
    smaller = whole.with_rows(np.concatenate(kept))
    before = sum(len(fold.train) for fold in whole.folds)
    return smaller, sum(len(fold.train) for fold in smaller.folds) / before


TRAIN_SHARE = Condition(
    ConditionRecord(
        name="train_share",
        label="training-set size",
        reference=1.0,
        reference_text="all training rows",
        level_text="{level} of the training rows",
        harsher="lower",
        plot="learning-curve",
        plot_title="Learning curve: test score by training-set size",
        plot_note="Test parts are the same at every size.",
        axis_label="share of the training rows used",
        axis_scale="log",
    ),
    changes="rows",
    change=_use_share,
    lacking=lacks_nothing,
    protocol="Training-set size: a share of each fold is trained on, stratified by class; test parts stay whole."
    " The same rows are used for every loss, those of a smaller share among those of a larger one.",
)


def _thin_out(whole: Repetition, ratio: float) -> Changed:
    """The same ratio in every fold, so that inner folds are as imbalanced as training parts."""
    table = whole.table
    rare, frequent = rarest_and_most_frequent(table.target, len(table.classes))
    kept = []
    for rows, seed in whole.training_rows():
        left = imbalanced_subset(table.target, rare, frequent, ratio, seed, rows)
        counts, before = np.bincount(table.target[left]), np.bincount(table.target[rows], minlength=len(table.classes))
        if before[rare] and not (table.target[left] == rare).any():
            raise UserError(
                f"a ratio of {ratio:g} leaves no row of class {table.classes[rare]!r} beside the {counts[frequent]} of"
                f" {table.classes[frequent]!r} in a fold of {table.name}",
                where="conditions.imbalance_ratio",
                fix=f"choose at most {2 * counts[frequent]}",
            )
        kept.append(left)
    thinner = whole.with_rows(np.concatenate(kept))
    counts_JC = [np.bincount(table.target[fold.train], minlength=len(table.classes)) for fold in thinner.folds]
    return thinner, float(np.mean([count[frequent] / count[rare] for count in counts_JC]))


IMBALANCE_RATIO = Condition(
    ConditionRecord(
        name="imbalance_ratio",
        label="class imbalance",
        reference=1.0,
        reference_text="the classes as they are",
        level_text="imbalance ratio {level}",
        number="plain",
        harsher="higher",
        realised_text="{share} rows of the most frequent class for each of the rarest",
        plot="imbalance",
        plot_title="Robustness to class imbalance",
        plot_note="The classes of test parts are as they are.",
        axis_label="rows of the most frequent class for each of the rarest (1: as they are)",
        axis_scale="log",
    ),
    changes="rows",
    change=_thin_out,
    lacking=lacks_classes,
    protocol="Class imbalance: rows of the rarest class are left out of each fold, until the most frequent class has at"
    " least as many times more as the imbalance ratio says; test parts stay whole. The same rows are left out for every"
    " loss, those of a lower ratio among those of a higher one.",
)
