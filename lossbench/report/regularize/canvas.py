"""The figure that frames are drawn on, in pixels from its top left corner: axes, text, and what will change."""

from __future__ import annotations

from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.text import Text

from lossbench.report.fonts import FONT
from lossbench.report.regularize.layout import Box, lay_out, width_for
from lossbench.report.regularize.legend import key_width, legend_rows
from lossbench.report.regularize.style import GREY, INK
from lossbench.report.regularize.text import new_figure, width_of, words
from lossbench.report.regularize.view_data import ViewData

DPI = 100
EDGE = 18  # pixels left of the words at the top
SMALL, PLAIN = 7.5, 8.5  # points


class Canvas:
    """A figure laid out for the panels of a view; artists that change are drawn anew on every frame."""

    def __init__(self, view: ViewData) -> None:
        self.view = view
        wide = (width_for(len(view.panels)) - EDGE - 40) / DPI - key_width(view, SMALL)
        self.legend = legend_rows(view, wide, PLAIN)
        self.layout = lay_out(len(view.panels), len(self.legend))
        self.figure = new_figure(self.layout.width / DPI, self.layout.height / DPI, DPI)
        canvas: Any = self.figure.canvas  # matplotlib has no types for what Agg can do
        self.canvas = canvas
        self.changing: list[Artist] = []

    def axes(self, box: Box, **options: Any) -> Axes:
        """Axes in a box, with quiet ticks and no frame."""
        width, height = self.layout.width, self.layout.height
        ax = self.figure.add_axes(
            (box.x / width, 1 - (box.y + box.h) / height, box.w / width, box.h / height), **options
        )
        ax.tick_params(length=0, labelsize=SMALL, colors=GREY, labelfontfamily=FONT, pad=4)
        ax.spines[:].set_visible(False)
        return ax

    def text(
        self, x: float, y: float, text: str = "", *, size: float = PLAIN, colour: str = INK, **options: Any
    ) -> Text:
        """Text at a pixel from the top left."""
        return words(self.figure, x / DPI, y / DPI, text, size, colour, **options)

    def width(self, text: str, size: float, weight: str = "normal") -> float:
        """Pixels that a text takes."""
        return width_of(text, size, weight) * DPI

    def will_change(self, *artists: Any) -> None:
        """These are drawn anew on every frame, in this order."""
        self.changing += artists
