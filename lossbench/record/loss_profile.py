"""A loss along one line of outputs: what a picture of it is drawn from."""

from __future__ import annotations

from typing import Any, Literal

from lossbench.record.part import Number, RecordPart

ProfileAxis = Literal["margin", "probability", "residual", "prediction"]
What = Literal["value", "gradient", "curvature"]
WHATS: tuple[What, ...] = ("value", "gradient", "curvature")

AXIS_TEXT: dict[ProfileAxis, str] = {
    "margin": "margin: linear output of the true class minus the others'",
    "probability": "probability of the true class",
    "residual": "residual: prediction minus target",
    "prediction": "prediction, where the target is 1",
}


class LossProfile(RecordPart):
    """One loss on one axis; `value` and its derivatives along the axis are null where they are no numbers.

    `note` says what was held fixed beside the axis ("variance 1").
    """

    label: str  # "focal(gamma=3) + identity"
    axis: ProfileAxis
    note: str = ""
    x: list[float]
    value: list[Number]
    gradient: list[Number]
    curvature: list[Number]

    def thinned(self, step: int) -> LossProfile:
        """Every `step`-th point, six digits of each number."""

        def some(values: list[Any]) -> list[Any]:
            return [None if v is None else float(f"{v:.6g}") for v in values[::step]]

        curves: dict[str, Any] = {what: some(self.curve(what)) for what in WHATS}
        return self.model_copy(update={"x": some(self.x), **curves})

    def curve(self, what: What) -> list[float | None]:
        """The value, the gradient or the curvature, at each x."""
        found: list[float | None] = getattr(self, what)
        return found
