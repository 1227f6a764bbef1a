"""A record of `regularize-gif` as arrays: everything its pictures show, and the ranges that hold for all of them.

Shapes: P penalties, A alphas, G grid points a side, C classes, W weights, N points.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.record import LossResult, MemberRecord, PointsRecord, RegularizeRecord

Array = NDArray[np.float64]
LEVEL = 0.01  # leads that differ by less are one and the same in a picture


@dataclass(frozen=True)
class ViewAxis:
    """One side of the plane that is drawn."""

    label: str
    low: float
    high: float


@dataclass(frozen=True)
class Points:
    """Rows of the table where they lie in the plane."""

    x_N: Array
    y_N: Array
    class_N: NDArray[np.int64]


@dataclass(frozen=True)
class Panel:
    """One penalty over all alphas."""

    name: str
    result: LossResult

    def of(self, key: str) -> Array:
        """A number of each member's `path` -> [A]; NaN where it is missing."""
        return self._known([getattr(m.path_record(), key) for m in self.result.members])

    def accuracy(self, part: str) -> Array:
        """Train or test accuracy -> [A]."""
        scores = [(m.train if part == "train" else m.test).get("accuracy") for m in self.result.members]
        return np.array([np.nan if score is None else score for score in scores])

    @cached_property
    def weights(self) -> Array:
        """Every weight [A, W], biases excluded."""
        return self._known([m.path_record().weights for m in self.result.members])

    @cached_property
    def diverged(self) -> NDArray[np.bool_]:
        """Where the objective falls without end: what was reached on the way down means nothing [A]."""
        return np.array([m.status == "diverged" for m in self.result.members])

    def _known(self, values: list[Any]) -> Array:
        array = np.array(values, dtype=np.float64)
        array[self.diverged] = np.nan
        return array

    @cached_property
    def converged(self) -> NDArray[np.bool_]:
        """Which alphas are trained to the end [A]."""
        return np.array([m.path_record().converged for m in self.result.members])

    def warning(self, alpha: int) -> str:
        """What must be known of a net before it is believed; nothing where it is trained to the end."""
        if self.diverged[alpha]:
            return "diverged: no minimum"
        return "" if self.converged[alpha] else "not converged"

    def constant(self, alpha: int, classes: Sequence[str]) -> str:
        """What a net predicts wherever one is, in words; nothing where its regions have a shape."""
        lead = self.lead(alpha)
        if not np.abs(lead).max() >= LEVEL:
            return "constant: both equally likely" if len(classes) == 2 else "constant: all equally likely"
        flat = float(np.ptp(lead, axis=(1, 2)).max()) < LEVEL
        winner = int(lead[0].max() > 0) if len(classes) == 2 else int(lead.max((1, 2)).argmax())
        return f"constant: always {classes[winner]}" if flat else ""

    def lead(self, alpha: int) -> NDArray[np.float32]:
        """How far each class leads the best of the others, [C, G, G]; of two classes the second alone, [1, G, G]."""
        return self.result.regions[alpha].values()


@dataclass(frozen=True)
class ViewData:
    """All that the pictures of a record show."""

    title: str
    subtitle: str
    note: str
    caption: str  # when a net counts as trained
    classes: list[str]
    axes: tuple[ViewAxis, ViewAxis]
    train: Points
    test: Points
    alphas: Array
    panels: list[Panel]
    probabilities: bool  # whether a lead is a difference of probabilities (else of scores)

    @property
    def point_size(self) -> float:
        """The area of a point in square points: smaller where there are many."""
        return 26 if len(self.train.x_N) + len(self.test.x_N) <= 250 else 15

    @cached_property
    def most_loss(self) -> float:
        """The largest data loss or penalty of all members."""
        return _most(panel.of(key) for panel in self.panels for key in ("data_loss", "penalty"))

    @cached_property
    def most_norm(self) -> float:
        """The largest norm of all members."""
        return _most(panel.of(key) for panel in self.panels for key in ("l1_norm", "l2_norm"))

    @cached_property
    def widest_weight(self) -> float:
        """The largest absolute weight of all members."""
        return _most(np.abs(panel.weights) for panel in self.panels)


def _most(arrays: Iterable[Array]) -> float:
    """The largest of all numbers that are finite, 1 where that is none or 0."""
    known = np.concatenate([array[np.isfinite(array)] for array in arrays])
    return float(known.max(initial=0.0)) or 1.0


def read_view_data(record: RegularizeRecord) -> ViewData:
    """The view that a record of kind "regularize-gif" tells."""
    picture = record.analysis
    first, second = (ViewAxis(axis.label, axis.low, axis.high) for axis in picture.axes)
    return ViewData(
        title=picture.title,
        subtitle=picture.subtitle,
        note=picture.note,
        caption=picture.caption,
        classes=picture.classes,
        axes=(first, second),
        train=_points(picture.points["train"]),
        test=_points(picture.points["test"]),
        alphas=np.array([_alpha(m) for m in record.results[0].members]),
        panels=[Panel(result.penalty_record().title, result) for result in record.results],
        probabilities=picture.shading == "probability",
    )


def _points(points: PointsRecord) -> Points:
    return Points(np.array(points.x, float), np.array(points.y, float), np.array(points.label, np.int64))


def _alpha(member: MemberRecord) -> float:
    return member.path_record().alpha
