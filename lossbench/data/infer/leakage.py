"""Columns that know the target: those that determine it, and those that alone predict it too well to be believed.

A column determines the target ("leak") if it is one-to-one with its classes or equal to its numbers up to scale and
shift; if it is a text whose every value has one class, which by chance happens less than once in a million; or if it
orders the rows as the target does (|Spearman| > 0.999). It is a possible leak if it alone scores above 0.99: AUROC of
two classes, R2 of a number, correlation ratio of more classes, balanced accuracy of a text's most frequent classes.

A sample of 4,000 rows is looked at first, so that a large table costs little more than a small one; what is remarkable
there is confirmed on all rows. Gaps excuse nothing:
the rows that have a value are examined, if they are at least 10.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lossbench.data.infer.target import Target
from lossbench.data.table import ColumnKind
from lossbench.deferred import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_ROWS = 10
SAMPLE = 4000
MONOTONE = 0.999  # |Spearman|
TOO_GOOD = 0.99
NEAR = 0.02  # a sample's score may be so much lower than that of all rows
CHANCE = math.log(1e-6)

Certainty = Literal["leak", "possible leak"]


@dataclass(frozen=True)
class Leak:
    """What a column knows of the target, as a clause about the column."""

    certainty: Certainty
    why: str


def find_leak(column: pd.Series, kind: ColumnKind, target: Target) -> Leak | None:
    """What the column knows of the target; None where it is nothing remarkable."""
    if kind == "date":
        return None
    if target.task != "regression":
        if _one_to_one(column, target.values, len(target.classes)):
            return Leak("leak", "it determines the target")
    elif kind == "number" and _copies(column, target.values):
        return Leak("leak", "it determines the target")
    known = ~column.isna().to_numpy()
    if known.sum() < max(2 * LEAST_ROWS, len(known) / 2):
        return None
    values, truth = column.to_numpy(), target.values
    if not known.all():
        values, truth = values[known], truth[known]
    if target.task == "regression":
        return _of_numbers(values, truth) if kind == "number" else _of_levels(values, truth)
    return _of_classes(values, truth, kind)


def _of_numbers(values: NDArray[Any], truth: NDArray[Any]) -> Leak | None:
    """A number and a number: the same order, or nearly a straight line."""
    values = values.astype(np.float64)
    if (rank := _score(_spearman, values, truth)) > MONOTONE:
        return Leak("leak", f"it determines the target: it orders the rows as the target does (Spearman {rank:.4f})")
    if (r2 := _score(_linear_r2, values, truth)) > TOO_GOOD:
        return Leak("possible leak", f"it alone predicts the target with R2 {r2:.3f}")
    return None


def _of_levels(values: NDArray[Any], truth: NDArray[Any]) -> Leak | None:
    """A text or a boolean and a number: rows of one level have nearly one value."""
    if not _repeats(values):
        return None
    share = _score(lambda v, y: _correlation_ratio(y, pd.factorize(v)[0]), values, truth)
    return Leak("possible leak", f"it alone predicts the target with R2 {share:.3f}") if share > TOO_GOOD else None


def _of_classes(values: NDArray[Any], truth: NDArray[Any], kind: ColumnKind) -> Leak | None:
    """A column and classes: every level has one class, or a score of the column alone is too good."""
    classes = int(truth.max()) + 1
    if _repeats(values):
        few = slice(None, None, len(values) // SAMPLE + 1)
        if _is_pure(values[few], truth[few], classes) and _is_pure(values, truth, classes):
            if _log_chance(values, truth, classes) < CHANCE:
                certainty: Certainty = "possible leak" if kind == "number" else "leak"
                return Leak(certainty, "it determines the target: all rows of one of its values have one class")
        elif kind != "number" and (share := _score(_balanced_accuracy, values, truth)) > TOO_GOOD:
            return Leak("possible leak", f"it alone predicts the target with balanced accuracy {share:.3f}")
    if kind != "number":
        return None
    numbers = values.astype(np.float64, copy=False)
    if classes == 2:
        if min(np.bincount(truth, minlength=2)) >= LEAST_ROWS and (auroc := _score(_auroc, numbers, truth)) > TOO_GOOD:
            return Leak("possible leak", f"it alone predicts the target with AUROC {auroc:.3f}")
    elif (share := _score(_correlation_ratio, numbers, truth)) > TOO_GOOD:
        return Leak("possible leak", f"it alone predicts the target with correlation ratio {share:.3f}")
    return None


Score = Callable[["NDArray[Any]", "NDArray[Any]"], float]


def _score(score: Score, values: NDArray[Any], truth: NDArray[Any]) -> float:
    """The score of all rows; 0 where that of a sample is far from remarkable."""
    step = len(values) // SAMPLE + 1
    if step > 1 and score(values[::step], truth[::step]) < TOO_GOOD - NEAR:
        return 0.0
    return score(values, truth)


def _copies(column: pd.Series, target: NDArray[Any]) -> bool:
    values = column.to_numpy(dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    few = known[:: len(known) // SAMPLE + 1]
    return _is_line(values[few], target[few], len(column)) and _is_line(values[known], target[known], len(column))


def _is_line(values: NDArray[Any], target: NDArray[Any], rows: int) -> bool:
    if len(values) < max(3, min(rows, LEAST_ROWS)) or values.std() == 0 or target.std() == 0:
        return False
    slope, shift = np.polyfit(values - values.mean(), target, 1)
    rest = target - (slope * (values - values.mean()) + shift)
    return bool(np.abs(rest).max() <= 1e-9 * target.std())


def _one_to_one(column: pd.Series, classes_N: NDArray[Any], classes: int) -> bool:
    if column.head(SAMPLE).nunique() > classes:
        return False
    codes, levels = pd.factorize(column.to_numpy())
    known = codes >= 0
    if len(levels) == classes - 1 and not known.all():  # the gap is the last class's level
        codes[~known] = classes - 1
        known[:] = True
    elif len(levels) != classes or known.sum() < min(len(codes), max(LEAST_ROWS, len(codes) / 2)):
        return False
    pairs = np.unique(codes[known] * classes + classes_N[known])
    return len(pairs) == classes and len(np.unique(classes_N[known])) == classes


def _repeats(values: NDArray[Any]) -> bool:
    """Whether its values come again: in a sample each twice, in the mean."""
    few = values[:: len(values) // SAMPLE + 1]
    return len(pd.unique(few)) * 2 <= len(few)


def _is_pure(values: NDArray[Any], truth: NDArray[Any], classes: int) -> bool:
    codes, levels = pd.factorize(values)
    return len(np.unique(codes * classes + truth)) == len(levels)


def _log_chance(values: NDArray[Any], truth: NDArray[Any], classes: int) -> float:
    """Log-probability that all rows of each level have one class, were classes assigned by their frequencies."""
    size_L = np.bincount(pd.factorize(values)[0])
    size, times = np.unique(size_L, return_counts=True)
    share_C = np.bincount(truth, minlength=classes) / len(truth)
    largest = share_C.max()
    log_p = size * np.log(largest) + np.log(((share_C / largest) ** size[:, None]).sum(axis=1))
    return float(times @ log_p)


def _balanced_accuracy(values: NDArray[Any], truth: NDArray[Any]) -> float:
    """Of each level's most frequent class: the mean over classes of the share of rows that it gives rightly."""
    codes, levels = pd.factorize(values)
    if len(levels) * LEAST_ROWS > len(values):
        return 0.0
    classes = int(truth.max()) + 1
    counts_LC = np.bincount(codes * classes + truth, minlength=len(levels) * classes).reshape(-1, classes)
    right_LC = counts_LC * (np.arange(classes) == counts_LC.argmax(axis=1)[:, None])
    size_C = counts_LC.sum(axis=0)
    present = size_C > 0
    return float((right_LC.sum(axis=0)[present] / size_C[present]).mean())


def _spearman(values: NDArray[Any], truth: NDArray[Any]) -> float:
    """|Spearman's rank correlation|; 0 where either is constant."""
    ranks, true_ranks = (pd.Series(v).rank().to_numpy() for v in (values, truth))
    return math.sqrt(_linear_r2(ranks, true_ranks))


def _linear_r2(values: NDArray[Any], truth: NDArray[Any]) -> float:
    """R2 of the best straight line: the squared correlation; 0 where either is constant."""
    x, y = values - values.mean(), truth - truth.mean()
    spread = float(x @ x) * float(y @ y)
    return min(float(x @ y) ** 2 / spread, 1.0) if spread > 0 and math.isfinite(spread) else 0.0


def _correlation_ratio(numbers: NDArray[Any], codes: NDArray[Any]) -> float:
    """Share of the numbers' variance that is between the groups (eta squared); 0 for groups of a single row."""
    size_L = np.bincount(codes)
    if (size_L > 0).sum() * 2 > len(codes):
        return 0.0
    centred = numbers - numbers.mean()
    total = float(centred @ centred)
    sum_L = np.bincount(codes, centred)
    return float((sum_L**2 / np.maximum(size_L, 1)).sum()) / total if total > 0 and math.isfinite(total) else 0.0


def _auroc(numbers: NDArray[Any], truth: NDArray[Any]) -> float:
    """Of the better direction."""
    rank = pd.Series(numbers).rank().to_numpy()
    positives = int(truth.sum())
    pairs = positives * (len(truth) - positives)
    if pairs == 0:
        return 0.0
    share = (float(rank[truth == 1].sum()) - positives * (positives + 1) / 2) / pairs
    return max(share, 1 - share)
