"""Conditions that exchange training labels: label noise of five kinds.

Labels of every fold are as noisy as those of a training part, so that inner folds are as noisy as a user's would be.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lossbench.data.corruption.dependent_noise import boundary_distance, boundary_noise, class_scores, instance_noise
from lossbench.data.corruption.label_noise import matrix_noise, pair_flip_noise, symmetric_noise
from lossbench.data.preparation import Preparation
from lossbench.data.splits.rows import RowNumbers
from lossbench.experiments.compare.condition.declaration import Changed, Condition, Repetition, lacks_classes
from lossbench.record import ConditionRecord

Target = np.ndarray
Noise = Callable[[Target, int, RowNumbers], Target]  # target [N], seed, rows -> noisy target [N]


def _exchanged(whole: Repetition, noise: Noise) -> Changed:
    """The noise on the labels of every fold, and the share of training labels that it has changed."""
    before = noisy = whole.table.target
    for rows, seed in whole.training_rows():
        noisy = noise(noisy, seed, rows)
    return whole.with_target(noisy), whole.training_mean(noisy != before)


def _symmetric(whole: Repetition, rate: float) -> Changed:
    classes = len(whole.table.classes)
    return _exchanged(whole, lambda target, seed, rows: symmetric_noise(target, classes, rate, seed, rows))


def _pair_flip(whole: Repetition, rate: float) -> Changed:
    classes = len(whole.table.classes)
    return _exchanged(whole, lambda target, seed, rows: pair_flip_noise(target, classes, rate, seed, rows))


def _matrix(whole: Repetition, strength: float) -> Changed:
    matrix_CC = whole.noise_matrix
    assert matrix_CC is not None, "a config that has levels of it has a matrix"
    return _exchanged(whole, lambda target, seed, rows: matrix_noise(target, matrix_CC, strength, seed, rows))


def _inputs(whole: Repetition) -> np.ndarray:
    """The features as standardised numbers, `[N, D]`: what noise that depends on them looks at."""
    preparation = Preparation.fit(whole.table, whole.used)
    return preparation.transform(whole.table.features)


def _boundary(whole: Repetition, rate: float) -> Changed:
    classes, distance_N = len(whole.table.classes), boundary_distance(_inputs(whole), whole.seed)
    return _exchanged(whole, lambda target, seed, rows: boundary_noise(target, classes, distance_N, rate, seed, rows))


def _instance(whole: Repetition, rate: float) -> Changed:
    score_NC = class_scores(_inputs(whole), whole.table.target, len(whole.table.classes), whole.seed)
    return _exchanged(whole, lambda target, seed, rows: instance_noise(target, score_NC, rate, seed, rows))


def _label_noise(
    name: str,
    change: Callable[[Repetition, float], Changed],
    *,
    label: str,
    reference_text: str,
    level_text: str,
    kind: str,
    plot: str,
    protocol: str,
    axis_label: str = "share of the training labels changed",
    parameter: str = "",
) -> Condition:
    words = ConditionRecord(
        name=name,
        label=label,
        reference=0.0,
        reference_text=reference_text,
        level_text=level_text,
        harsher="higher",
        kind=kind,
        realised_text="{share} of the training labels changed",
        plot=plot,
        plot_title=f"Robustness to {label}",
        plot_note="Test labels are always clean.",
        axis_label=axis_label,
    )
    shared = (
        " Labels of the inner folds are exchanged, too; test labels stay clean. The same labels are corrupted for every"
        " loss, those of a lower level among those of a higher one."
    )
    return Condition(words, "targets", change, lacks_classes, protocol + shared, parameter)


LABEL_NOISE = _label_noise(
    "label_noise",
    _symmetric,
    label="label noise",
    reference_text="clean labels",
    level_text="{level} symmetric label noise",
    kind="every other class equally likely",
    plot="robustness",
    protocol="Label noise: a share of the training labels is exchanged for another class, all equally likely (symmetric"
    " noise).",
)

PAIR_FLIP_NOISE = _label_noise(
    "pair_flip_noise",
    _pair_flip,
    label="pair-flip label noise",
    reference_text="no pair-flip noise",
    level_text="{level} pair-flip label noise",
    kind="each class becomes the next one",
    plot="pair-flip-noise",
    protocol="Pair-flip label noise: a share of the training labels is exchanged for the next class, the last class for"
    " the first.",
)

MATRIX_NOISE = _label_noise(
    "matrix_noise",
    _matrix,
    label="label noise by a matrix",
    reference_text="no matrix noise",
    level_text="{level} of the noise matrix",
    kind="class k becomes l with the probability in row k, column l of the noise matrix",
    plot="matrix-noise",
    axis_label="strength of the noise matrix (100%: as given)",
    protocol="Label noise by a matrix: a label of class k becomes l with the probability in row k, column l of the"
    " noise matrix {noise_matrix}; at a strength s it is (1 - s) I + s times that matrix.",
    parameter="noise_matrix",
)

BOUNDARY_NOISE = _label_noise(
    "boundary_noise",
    _boundary,
    label="boundary label noise",
    reference_text="no boundary noise",
    level_text="{level} label noise near a boundary",
    kind="the nearer to a random linear boundary the likelier, every other class equally likely",
    plot="boundary-noise",
    protocol="Boundary label noise: a share of the training labels is exchanged for another class, the likelier the"
    " nearer a row is to the median of a random linear projection of its features (Menon et al. 2018); each repetition"
    " has a projection of its own.",
)

INSTANCE_NOISE = _label_noise(
    "instance_noise",
    _instance,
    label="instance-dependent label noise",
    reference_text="no instance-dependent noise",
    level_text="{level} instance-dependent label noise",
    kind="each row has a rate of its own, and its features say which class it becomes",
    plot="instance-noise",
    axis_label="rate of instance-dependent label noise",
    protocol="Instance-dependent label noise: each training row has a rate of its own, from a normal distribution about"
    " the level with standard deviation 0.1 that is cut off outside of [0, 1]; a random linear map of its features says"
    " which class it becomes (Xia et al. 2020).",
)
