"""One frame for each alpha, all drawn on one figure: what never changes is drawn once, the rest again on top of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import NullLocator

from lossbench.report.regularize.canvas import DPI, EDGE, PLAIN, SMALL, Canvas
from lossbench.report.regularize.charts import Chart, alpha_axis, losses_chart, norms_chart, weights_chart
from lossbench.report.regularize.layout import HEAD, LINE, RIGHT, Box, PanelLayout
from lossbench.report.regularize.legend import (
    draw_key,
    draw_legend,
    draw_points,
    name_axes,
    percent,
    spell,
)
from lossbench.report.regularize.style import FAINT, GREY, INK, PAPER, WARNING, Pixels, boundaries, shade
from lossbench.report.regularize.text import fitted, heading
from lossbench.report.regularize.view_data import Panel, ViewData

ALPHA = 150  # pixels kept for the alpha at the top right
LARGE = 12.5  # points


class Frames(Canvas):
    """Draws the frames, one after the other, on one figure."""

    def __init__(self, view: ViewData) -> None:
        super().__init__(view)
        self._head()
        self.track = _Track(self)
        self.views = [
            _PanelView(self, panel, places) for panel, places in zip(view.panels, self.layout.panels, strict=True)
        ]
        for artist in self.changing:
            artist.set_animated(True)
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)

    def frame(self, alpha: int) -> Pixels:
        """The picture of that alpha (by its number), [H, W, 4]."""
        self.alpha_text.set_text(f"α = {spell(self.view.alphas[alpha])}")
        self.track.show(alpha)
        self.canvas.restore_region(self.background)
        pixels = np.asarray(self.canvas.buffer_rgba())  # the canvas itself, not a copy
        for view in self.views:
            view.show(alpha, pixels)
        for artist in self.changing:
            self.figure.draw_artist(artist)
        return pixels.copy()

    def _head(self) -> None:
        view, layout, right = self.view, self.layout, self.layout.width - RIGHT
        room = (right - EDGE - ALPHA) / DPI
        heading(self.figure, EDGE / DPI, 0.28, view.title, room, (LARGE, 9.0))
        self.text(EDGE, 47, fitted(view.subtitle, room, PLAIN), colour=GREY)
        self.alpha_text = self.text(right, 29, size=15, fontweight="bold", ha="right")
        self.text(right, 47, "strength of the penalty", colour=GREY, ha="right")
        self.will_change(self.alpha_text)
        draw_legend(self.figure, self.legend, EDGE / DPI, (HEAD - 9) / DPI, PLAIN, LINE / DPI)
        draw_key(self.figure, view, right / DPI, (HEAD - 9) / DPI, SMALL)
        caption = fitted(view.caption, (right - EDGE) / DPI, SMALL)
        self.text(EDGE, layout.height - 12, caption, size=SMALL, colour=GREY)


class _Track:
    """The scale of alphas below: how far the view is."""

    def __init__(self, canvas: Canvas) -> None:
        alphas = canvas.view.alphas
        ax = canvas.axes(canvas.layout.track)
        alpha_axis(ax, alphas)
        ax.set_ylim(-1, 1)
        ax.yaxis.set_major_locator(NullLocator())
        ax.plot(alphas[[0, -1]], [0, 0], color=FAINT, lw=3, solid_capstyle="round", clip_on=False)
        (self.past,) = ax.plot([], [], color=GREY, lw=3, solid_capstyle="round", clip_on=False)
        (self.now,) = ax.plot([], [], "o", ms=9, mfc=INK, mec=PAPER, mew=1.6, clip_on=False)
        canvas.will_change(self.past, self.now)
        track = canvas.layout.track
        canvas.text(track.x - 16, track.y + 10, "α", size=11, ha="right")
        self.alphas = alphas

    def show(self, alpha: int) -> None:
        self.past.set_data(self.alphas[: alpha + 1], np.zeros(alpha + 1))
        self.now.set_data(self.alphas[[alpha]], [0.0])


class _PanelView:
    """One penalty: its regions and its charts."""

    def __init__(self, canvas: Canvas, panel: Panel, places: PanelLayout) -> None:
        self.canvas, self.panel, self.view = canvas, panel, canvas.view
        self.parts = [panel.accuracy("train"), panel.accuracy("test")]
        self.box = places.regions
        self._regions(self.box)
        make = (losses_chart, places.losses), (norms_chart, places.norms), (weights_chart, places.weights)
        self.charts: list[Chart] = [chart(canvas, panel, box) for chart, box in make]

    def show(self, alpha: int, pixels: Pixels) -> None:
        lead = self.panel.lead(alpha)
        low, high = self.low_high
        box = self.box
        pixels[box.y : box.y + box.h, box.x : box.x + box.w] = shade(lead, box.w, box.h)
        lines = boundaries(lead, low, high)
        self.halo.set_segments(lines)
        self.contour.set_segments(lines)
        train, test = (part[alpha] for part in self.parts)
        self.score.set_text(f"accuracy {percent(train)} train, {percent(test)} test")
        self.warning.set_text(self.panel.warning(alpha))
        self.constant.set_text(self.panel.constant(alpha, self.view.classes))
        for chart in self.charts:
            chart.show(alpha)

    def _regions(self, box: Box) -> None:
        canvas, view = self.canvas, self.view
        first, second = view.axes
        self.low_high = (first.low, second.low), (first.high, second.high)
        ax = canvas.axes(box, xlim=(first.low, first.high), ylim=(second.low, second.high))
        name_axes(ax, view.axes, box.w / DPI, box.h / DPI, PLAIN, 7, 0.03)
        self.halo: Any = ax.add_collection(LineCollection([], colors=PAPER, linewidths=4), autolim=False)
        self.contour: Any = ax.add_collection(LineCollection([], colors=INK, linewidths=1.7), autolim=False)
        canvas.will_change(self.halo, self.contour, *draw_points(ax, view.train, view.test, size=view.point_size))
        canvas.text(box.x, box.y - 10, self.panel.name, size=PLAIN + 0.5, fontweight="bold")
        self.score = canvas.text(box.x + box.w, box.y - 10, ha="right")
        self.warning = canvas.text(box.x + box.w - 9, box.y + 19, colour=WARNING, fontweight="bold", ha="right")
        self.constant = canvas.text(box.x + 9, box.y + 19, fontweight="bold")
        for text in (self.warning, self.constant):
            text.set_bbox({"boxstyle": "round,pad=0.3", "fc": PAPER, "ec": "none"})
        canvas.will_change(self.score, self.warning, self.constant)
