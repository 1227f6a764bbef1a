"""What the pictures of `regularize-gif` show besides the nets."""

from __future__ import annotations

from typing import Literal

from lossbench.record.part import RecordPart


class AxisRecord(RecordPart):
    """One side of the plane that is drawn."""

    label: str
    low: float
    high: float


class PointsRecord(RecordPart):
    """Rows of the table where they lie in the plane."""

    x: list[float]
    y: list[float]
    label: list[int]  # class index


class PictureRecord(RecordPart):
    """Titles, axes and points."""

    title: str
    subtitle: str
    note: str
    caption: str  # when a net counts as trained
    classes: list[str]
    shading: Literal["probability", "score"]
    grid: int  # points a side
    axes: list[AxisRecord]
    points: dict[Literal["train", "test"], PointsRecord]
