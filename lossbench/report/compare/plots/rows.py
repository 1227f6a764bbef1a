"""A picture with a row for each loss: names at the left, an axis below, and what is drawn in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lossbench.report.compare.drawing import INCH, ROW, TEXT, WIDTH, Drawing, Line, Scale
from lossbench.report.style import LIGHT, shortened, text_width

_AXIS = 0.6 * INCH  # below the rows, for the axis and its label
_TOP = 0.2 * INCH


@dataclass(frozen=True)
class Rows:
    """The drawing, where its values lie, and where its rows do."""

    drawing: Drawing
    x: Scale
    top: float
    bottom: float

    def y(self, i: int) -> float:
        """The middle of a row."""
        return self.top + (i + 0.5) * ROW


def rows(
    names: Sequence[str], low: float, high: float, label: str, *, right: float, grid: bool = False, below: float = 0.0
) -> Rows:
    """A row for each name, the values from `low` to `high` along the axis, `right` points left free beside it."""
    left = 0.3 * INCH + text_width([shortened(name) for name in names]) * INCH
    bottom = _TOP + ROW * len(names)
    drawing = Drawing(bottom + _AXIS + below)
    found = Rows(drawing, Scale(low, high, left, WIDTH - right), _TOP, bottom)
    ticks = found.x.ticks(8)
    for value, text in ticks:
        x = found.x(value)
        if grid:
            drawing.add(Line([(x, _TOP), (x, bottom)], LIGHT["grid"], 0.8))
        drawing.add(Line([(x, bottom), (x, bottom + 3)], LIGHT["faint"], 0.8))
        drawing.text(x, bottom + 11, text, LIGHT["soft"], size=TEXT - 1, anchor="middle")
    drawing.add(Line([(left, bottom), (WIDTH - right, bottom)], LIGHT["faint"], 0.8))
    for i, name in enumerate(names):
        drawing.text(left - 7, found.y(i), shortened(name), anchor="end")
    drawing.text((left + WIDTH - right) / 2, bottom + 26, label, LIGHT["soft"], anchor="middle")
    return found
