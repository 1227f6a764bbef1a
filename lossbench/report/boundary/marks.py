"""What every picture of regions has: words at a place, the legend, the points, and numbers spelt in few letters."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from lossbench.report.boundary.story import Points, Story
from lossbench.report.boundary.style import CLASS_COLOURS, FONT, GREY, INK, MARKERS, PAPER


def new_figure(width: float, height: float, dpi: int) -> Figure:
    """An empty sheet of paper, in inches."""
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def words(figure: Figure, x: float, y: float, text: str, size: float, colour: str = INK, **options: Any) -> Text:
    """Text whose baseline is `y` inches below the top; what comes from data is never read as a formula."""
    width, height = figure.get_size_inches()
    options = {"fontsize": size, "color": colour, "fontfamily": FONT, "va": "baseline", "parse_math": False, **options}
    return figure.text(x / width, 1 - y / height, text, **options)


def end_of(text: Text) -> float:
    """Where a text ends, in inches from the left."""
    figure = text.get_figure(root=True)
    assert figure is not None
    canvas: Any = figure.canvas
    return float(text.get_window_extent(canvas.get_renderer()).x1) / figure.dpi


def heading(figure: Figure, story: Story, x: float = 0.14) -> None:
    """Title and subtitle of a still picture."""
    words(figure, x, 0.30, story.title, 12, fontweight="bold")
    words(figure, x, 0.49, story.subtitle, 8, GREY)


def legend(figure: Figure, story: Story, x: float, y: float, size: float) -> None:
    """Which class has which colour and marker, and which points are trained on; from (x, y) inches on."""
    width, height = figure.get_size_inches()

    def entry(x: float, label: str, marker: str, face: str, edge: str, colour: str) -> float:
        at = ([(x + 0.05) / width], [1 - (y - 0.042) / height])
        sign = Line2D(*at, marker=marker, ms=5.5, mfc=face, mec=edge, mew=1.2, ls="", transform=figure.transFigure)
        figure.add_artist(sign)
        return end_of(words(figure, x + 0.15, y, label, size, colour))

    for i, name in enumerate(story.classes):
        x = entry(x, shortened(name), MARKERS[i], CLASS_COLOURS[i], CLASS_COLOURS[i], INK) + 0.18
    x += 0.06
    for label, face in (("train", GREY), ("test", PAPER)):
        x = entry(x, label, "o", face, GREY, GREY) + 0.14
    if story.note:
        words(figure, x + 0.06, y, story.note, size, GREY)


def draw_points(ax: Axes, train: Points, test: Points, *, size: float = 26) -> list[Artist]:
    """The rows of the table on their plane: colour and marker say the class, filled ones are trained on."""
    made: list[Artist] = []
    for points, hollow in ((train, False), (test, True)):
        for c in np.unique(points.class_N):
            of = points.class_N == c
            made.append(
                ax.scatter(
                    points.x_N[of],
                    points.y_N[of],
                    size,
                    marker=MARKERS[c],
                    facecolors=PAPER if hollow else CLASS_COLOURS[c],
                    edgecolors=CLASS_COLOURS[c] if hollow else PAPER,
                    linewidths=1.3 if hollow else 0.7,
                )
            )
    return made


def shortened(name: str, longest: int = 24) -> str:
    """A name that fits into a legend."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def percent(share: float) -> str:
    """A share of 1 as 96.7%, without a needless .0."""
    return "–" if not np.isfinite(share) else f"{share:.1%}".replace(".0%", "%")


def spell(value: float) -> str:
    """A number with two or three digits: 0.012, 1.5e−5, 12.3."""
    if value == 0:
        return "0"
    if not np.isfinite(value):
        return "–"
    if 1e-3 <= abs(value) < 1e3:
        return f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}".replace("-", "−")
