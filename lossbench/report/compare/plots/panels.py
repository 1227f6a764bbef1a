"""Small multiples: one small panel per loss, all on the same axes, the others in grey behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from lossbench.report.compare.drawing import (
    INCH,
    TEXT,
    WIDTH,
    Area,
    Dot,
    Drawing,
    Line,
    Points,
    Repeated,
    Scale,
    inside,
)
from lossbench.report.style import LIGHT, shortened

COLUMNS = 4
PANEL = 1.05 * INCH  # the height of one
_LEFT, _RIGHT, _GAP, _BOTTOM = 0.62 * INCH, 0.2 * INCH, 0.22 * INCH, 0.56 * INCH
_NAME = 0.3 * INCH  # above a panel
_TOP = 0.44 * INCH  # above all panels, for what their upright axis is: beside one row of panels there is no room


class Titled(Protocol):
    """What a panel can be of."""

    @property
    def name(self) -> str:
        """Stands above the panel."""


Item = TypeVar("Item", bound=Titled)


@dataclass(frozen=True)
class Axis:
    """One axis of all panels; `ticks` where round values would say less."""

    label: str
    low: float
    high: float
    log: bool = False
    ticks: Sequence[tuple[float, str]] = ()

    def scale(self, start: float, end: float) -> Scale:
        """The axis along one side of a panel."""
        return Scale(self.low, self.high, start, end, self.log)


@dataclass(frozen=True)
class Panel(Generic[Item]):
    """The panel of one loss: values in, marks on the drawing."""

    item: Item
    drawing: Drawing
    x: Scale
    y: Scale

    def line(self, points: Points, colour: str, width: float = 1.6, dash: str = "", opacity: float = 1.0) -> None:
        """A line through values, as much of it as the panel holds."""
        for part in inside(points, self.y.low, self.y.high):
            self.drawing.add(Line([(self.x(a), self.y(b)) for a, b in part], colour, width, dash, opacity))

    def dots(self, points: Points, radii: Sequence[float], colour: str) -> None:
        """Dots where the panel holds the values."""
        for (a, b), radius in zip(points, radii, strict=True):
            if self.y.holds(b):
                self.drawing.add(Dot((self.x(a), self.y(b)), radius, colour))

    def band(self, low: Points, high: Points, colour: str, opacity: float) -> None:
        """The area between two lines over the same places."""
        edge = [*low, *reversed(high)]
        held = [(self.x(a), self.y(min(max(b, self.y.low), self.y.high))) for a, b in edge]
        self.drawing.add(Area(held, colour, opacity))

    def note_off_scale(self, values: Sequence[float], colour: str) -> bool:
        """Say what lies wholly above or below the panel; whether it does."""
        least, most = min(values), max(values)
        if most >= self.y.low and least <= self.y.high:
            return False
        place = 0.08 if most < self.y.low else 0.92
        note = f"{least:.3g} to {most:.3g}, off the scale".replace("-", "−")
        y = self.y.start + place * (self.y.end - self.y.start)
        self.drawing.text((self.x.start + self.x.end) / 2, y, note, colour, size=TEXT - 1, anchor="middle")
        return True


def panels(
    items: Sequence[Item], x: Axis, y: Axis, behind: Mapping[str, Points], *, height: float = PANEL
) -> tuple[Drawing, Iterator[Panel[Item]]]:
    """A drawing and a panel on it for every item, best first; `behind` is in grey in all of them.

    Numbers stand only along the left and lower edge.
    """
    lines = math.ceil(len(items) / COLUMNS)
    drawing = Drawing(_TOP + lines * (height + _NAME) + _BOTTOM)
    wide = (WIDTH - _LEFT - _RIGHT - (COLUMNS - 1) * _GAP) / COLUMNS
    places = [
        (_LEFT + column * (wide + _GAP), _TOP + line * (height + _NAME) + _NAME)
        for line, column in (divmod(i, COLUMNS) for i in range(len(items)))
    ]
    at_x, at_y = x.scale(0, wide), y.scale(height, 0)
    x_ticks, y_ticks = x.ticks or at_x.ticks(4), y.ticks or at_y.ticks(4)
    drawing.add(Repeated(_behind(at_x, at_y, x_ticks, y_ticks, behind), places))
    for i, (left, top) in enumerate(places):
        drawing.text(left, top - 9, shortened(items[i].name, 22))
        if i % COLUMNS == 0:
            for value, text in y_ticks:
                drawing.text(left - 7, top + at_y(value), text, LIGHT["soft"], size=TEXT - 1, anchor="end")
        if i + COLUMNS >= len(items):
            for k, (value, text) in enumerate(x_ticks):
                if k < len(x_ticks) - 1 or at_x(value) < wide - 8 or len(x_ticks) < 3:  # the next panel begins there
                    drawing.text(
                        left + at_x(value), top + height + 11, text, LIGHT["soft"], size=TEXT - 1, anchor="middle"
                    )
    used = min(len(items), COLUMNS)
    middle = _LEFT + (used * wide + (used - 1) * _GAP) / 2
    drawing.text(middle, drawing.height - 11, x.label, LIGHT["soft"], anchor="middle")
    drawing.text(0.02 * WIDTH, 0.24 * INCH, y.label, LIGHT["soft"])
    return drawing, (
        Panel(item, drawing, x.scale(left, left + wide), y.scale(top + height, top))
        for item, (left, top) in zip(items, places, strict=True)
    )


def _behind(
    x: Scale,
    y: Scale,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    behind: Mapping[str, Points],
) -> list[Line]:
    """Grid, axis and the lines of all losses, once for all panels."""
    marks = [Line([(0, y(value)), (x.end, y(value))], LIGHT["grid"], 0.8) for value, _ in y_ticks]
    marks += [Line([(x(value), y.start), (x(value), y.start + 3)], LIGHT["faint"], 0.8) for value, _ in x_ticks]
    marks.append(Line([(0, y.start), (x.end, y.start)], LIGHT["faint"], 0.8))
    for points in behind.values():
        for part in inside(points, y.low, y.high):
            marks.append(Line([(x(a), y(b)) for a, b in part], LIGHT["grid"], 0.8))
    return marks
