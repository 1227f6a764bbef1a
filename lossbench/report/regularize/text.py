"""Text on a picture: its place, its width before it is drawn, and cut so that it fits."""

from __future__ import annotations

from functools import cache
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

from lossbench.report.fonts import families
from lossbench.report.regularize.style import INK, PAPER

FINE = 288  # dots per inch at which words are measured


def new_figure(width: float, height: float, dpi: int) -> Figure:
    """An empty sheet of paper, in inches."""
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def words(figure: Figure, x: float, y: float, text: str, size: float, colour: str = INK, **options: Any) -> Text:
    """Text whose baseline is `y` inches below the top; what comes from data is never read as a formula."""
    width, height = figure.get_size_inches()
    options = {
        "fontsize": size,
        "color": colour,
        "fontfamily": list(families(text)),
        "va": "baseline",
        "parse_math": False,
        **options,
    }
    return figure.text(x / width, 1 - y / height, text, **options)


@cache
def width_of(text: str, size: float, weight: str = "normal") -> float:
    """Inches that a line of so many points is wide."""
    font = FontProperties(family=list(families(text)), size=size, weight=weight)
    return float(_renderer().get_text_width_height_descent(text, font, False)[0]) / FINE


@cache
def _renderer() -> Any:
    return RendererAgg(1, 1, FINE)  # type: ignore[no-untyped-call]


def fitted(text: str, width: float, size: float, weight: str = "normal") -> str:
    """The text, or as much of its beginning as is no wider than so many inches, with … for the rest."""
    text = " ".join(text.split())
    if width_of(text, size, weight) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = width_of(text[:middle].rstrip() + "…", size, weight) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + "…"


def heading(figure: Figure, x: float, y: float, text: str, width: float, sizes: tuple[float, float]) -> Text:
    """A bold line in the largest size between the two that fits, cut where not even the smallest does."""
    largest, smallest = sizes
    size = min(largest, max(smallest, largest * width / max(width_of(text, largest, "bold"), 1e-9)))
    return words(figure, x, y, fitted(text, width, size, "bold"), size, fontweight="bold")
