"""A picture as data: lines, dots, areas and texts in points, y downwards. `svg` and `png` write it.

A page of one table has a hundred small panels. Laid out by a plotting library they took 7 seconds a table, more than
everything else together; as plain marks they take a few hundredths, and the same marks make the page's SVG and the PNG.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.ticker import MaxNLocator

from lossbench.report import style

INCH = 72.0
WIDTH = style.WIDTH * INCH
TEXT = style.TEXT
ROW = style.ROW * INCH
_STEPS = [1, 2, 2.5, 5, 10]

Point = tuple[float, float]
Points = Sequence[Point]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: Points
    colour: str
    width: float = 1.6
    dash: str = ""  # "3 2": lengths of strokes and gaps
    opacity: float = 1.0


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    at: Point
    radius: float
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Area:
    """A filled polygon."""

    points: Points
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Text:
    """One line of text, its baseline at `at`; turned by so many degrees, counter-clockwise."""

    at: Point
    text: str
    colour: str
    size: float = TEXT
    anchor: Anchor = "start"
    bold: bool = False
    turn: float = 0.0


@dataclass(frozen=True)
class Repeated:
    """The same marks at several places: what all panels have behind them is written once."""

    marks: Sequence[Line]
    places: Points


Mark = Line | Dot | Area | Text | Repeated


@dataclass
class Drawing:
    """Marks in the order in which they are painted, on a paper as wide as every picture."""

    height: float
    marks: list[Mark] = field(default_factory=list)

    def add(self, *marks: Mark) -> None:
        """Paint over what is there."""
        self.marks += marks

    def text(
        self,
        x: float,
        y: float,
        text: str,
        colour: str = style.LIGHT["ink"],
        *,
        size: float = TEXT,
        anchor: Anchor = "start",
    ) -> None:
        """A text whose letters' middle is at a height."""
        self.add(Text((x, y + 0.36 * size), text, colour, size, anchor))


@dataclass(frozen=True)
class Scale:
    """Values along one side of a rectangle -> points on the paper."""

    low: float
    high: float
    start: float  # where `low` is
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value."""
        low, high, value = (math.log10(v) for v in (self.low, self.high, value)) if self.log else self._plain(value)
        return self.start + (self.end - self.start) * ((value - low) / (high - low) if high > low else 0.5)

    def _plain(self, value: float) -> tuple[float, float, float]:
        return self.low, self.high, value

    def holds(self, value: float) -> bool:
        """Whether a value lies on it."""
        return self.low <= value <= self.high

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Round values on it, at most so many intervals, each with its text."""
        values = [float(v) for v in MaxNLocator(most, steps=_STEPS).tick_values(self.low, self.high)]
        inside = [v for v in values if self.holds(v)]
        return list(zip(inside, _written(inside), strict=True))


def _written(values: Sequence[float]) -> list[str]:
    """Round values with as many decimals as tell them apart; a true minus sign."""
    largest = max(map(abs, values), default=0.0)
    if largest >= 1e5 or 0 < largest < 1e-3:
        return [f"{v:.3g}".replace("e-0", "e−").replace("e+0", "e").replace("-", "−") for v in values]
    decimals = next((d for d in range(6) if all(abs(round(v, d) - v) <= 1e-6 * largest for v in values)), 6)
    return [f"{v:.{decimals}f}".replace("-", "−") if round(v, decimals) else f"{0:.{decimals}f}" for v in values]


def inside(points: Points, low: float, high: float) -> list[Points]:
    """The parts of a line whose y lies in [low, high], cut where it leaves."""
    parts: list[list[Point]] = [[]]
    for a, b in itertools.pairwise(points):
        segment = _cut(a, b, low, high)
        if segment is None:
            continue
        if not parts[-1] or parts[-1][-1] != segment[0]:
            parts.append([segment[0]])
        parts[-1].append(segment[1])
    return [part for part in parts if len(part) > 1]


def _cut(a: Point, b: Point, low: float, high: float) -> tuple[Point, Point] | None:
    if max(a[1], b[1]) < low or min(a[1], b[1]) > high:
        return None

    def at(end: Point) -> Point:
        y = min(max(end[1], low), high)
        return end if y == end[1] else (a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]), y)

    return at(a), at(b)


def bounds(values: Iterable[float], margin: float) -> tuple[float, float]:
    """The least and the greatest of some values, with a share of their distance as room at both ends."""
    known = list(values)
    low, high = min(known), max(known)
    room = margin * (high - low or 1)
    return low - room, high + room
