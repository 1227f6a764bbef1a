"""What the pictures of `regularize-gif` show besides the nets."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lossbench.record.part import Finite, RecordPart


class AxisRecord(RecordPart):
    """One side of the plane that is drawn."""

    label: str
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        return self


class PointsRecord(RecordPart):
    """Rows of the table where they lie in the plane."""

    x: list[Finite]
    y: list[Finite]
    label: list[Annotated[int, Field(ge=0)]]  # class index

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not len(self.x) == len(self.y) == len(self.label):
            raise ValueError("x, y and label must be of one length")
        return self


class PictureRecord(RecordPart):
    """Titles, axes and points."""

    title: str
    subtitle: str
    note: str
    caption: str  # when a net counts as trained
    classes: list[str] = Field(min_length=2)
    shading: Literal["probability", "score"]
    grid: int  # points a side
    axes: tuple[AxisRecord, AxisRecord]
    points: dict[Literal["train", "test"], PointsRecord] = Field(min_length=2)

    @model_validator(mode="after")
    def _has_its_classes(self) -> Self:
        if any(label >= len(self.classes) for points in self.points.values() for label in points.label):
            raise ValueError("a label must be one of the classes")
        return self
