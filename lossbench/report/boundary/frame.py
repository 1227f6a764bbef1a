"""One frame for each alpha, all drawn on one figure: what never changes is drawn once, the rest again on top of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from lossbench.report.boundary.layout import Box, PanelLayout, lay_out
from lossbench.report.boundary.marks import draw_points, end_of, legend, new_figure, percent, spell, words
from lossbench.report.boundary.story import Panel, Story
from lossbench.report.boundary.style import (
    BARS,
    FAINT,
    FONT,
    GREY,
    INK,
    LOSS_COLOUR,
    PAPER,
    PENALTY_COLOUR,
    WARNING,
    Pixels,
    boundaries,
    shade,
)

DPI = 100
BINS = 41  # odd: the middle one is around zero
SMALL, PLAIN, LARGE = 7.5, 8.5, 12.5  # points


class Stage:
    """The figure that the frames of a story are drawn on, one after the other."""

    def __init__(self, story: Story) -> None:
        self.story, self.layout = story, lay_out(len(story.panels))
        self.figure = new_figure(self.layout.width / DPI, self.layout.height / DPI, DPI)
        canvas: Any = self.figure.canvas  # matplotlib has no types for what Agg can do
        self.canvas = canvas
        self.changing: list[Artist] = []
        self._head()
        self.track = _Track(self)
        self.views = [
            _PanelView(self, panel, places) for panel, places in zip(story.panels, self.layout.panels, strict=True)
        ]
        for artist in self.changing:
            artist.set_animated(True)
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)

    def frame(self, alpha: int) -> Pixels:
        """The picture of that alpha (by its number), [H, W, 4]."""
        self.alpha_text.set_text(f"α = {spell(self.story.alphas[alpha])}")
        self.track.show(alpha)
        self.canvas.restore_region(self.background)
        pixels = np.asarray(self.canvas.buffer_rgba())  # the canvas itself, not a copy
        for view in self.views:
            view.show(alpha, pixels)
        for artist in self.changing:
            self.figure.draw_artist(artist)
        return pixels.copy()

    def axes(self, box: Box, **options: Any) -> Axes:
        """Axes in a box, with quiet ticks and no frame."""
        width, height = self.layout.width, self.layout.height
        ax = self.figure.add_axes(
            (box.x / width, 1 - (box.y + box.h) / height, box.w / width, box.h / height), **options
        )
        ax.tick_params(length=0, labelsize=SMALL, colors=GREY, labelfontfamily=FONT, pad=3)
        ax.spines[:].set_visible(False)
        return ax

    def text(
        self, x: float, y: float, text: str = "", *, size: float = PLAIN, colour: str = INK, **options: Any
    ) -> Text:
        """Text at a pixel from the top left."""
        return words(self.figure, x / DPI, y / DPI, text, size, colour, **options)

    def will_change(self, *artists: Any) -> None:
        """These are drawn anew on every frame, in this order."""
        self.changing += artists

    def _head(self) -> None:
        story, right = self.story, self.layout.width - 22
        self.text(18, 28, story.title, size=LARGE, fontweight="bold")
        self.text(18, 47, story.subtitle, size=PLAIN, colour=GREY)
        self.alpha_text = self.text(right, 29, size=15, fontweight="bold", ha="right")
        self.text(right, 47, "strength of the penalty", size=PLAIN, colour=GREY, ha="right")
        self.will_change(self.alpha_text)
        legend(self.figure, story, 18 / DPI, 69 / DPI, PLAIN)

    def after(self, text: Text) -> float:
        """Where a text ends, in pixels from the left."""
        return end_of(text) * DPI


class _Track:
    """The scale of alphas below: how far the story is."""

    def __init__(self, stage: Stage) -> None:
        alphas = stage.story.alphas
        ax = stage.axes(stage.layout.track)
        _alpha_axis(ax, alphas)
        ax.set_ylim(-1, 1)
        ax.yaxis.set_major_locator(NullLocator())
        ax.plot(alphas[[0, -1]], [0, 0], color=FAINT, lw=3, solid_capstyle="round", clip_on=False)
        (self.past,) = ax.plot([], [], color=PENALTY_COLOUR, lw=3, solid_capstyle="round", clip_on=False)
        (self.now,) = ax.plot([], [], "o", ms=9, mfc=PENALTY_COLOUR, mec=PAPER, mew=1.6, clip_on=False)
        stage.will_change(self.past, self.now)
        track = stage.layout.track
        stage.text(track.x - 16, track.y + 10, "α", size=11, ha="right")
        self.alphas = alphas

    def show(self, alpha: int) -> None:
        self.past.set_data(self.alphas[: alpha + 1], np.zeros(alpha + 1))
        self.now.set_data(self.alphas[[alpha]], [0.0])


class _PanelView:
    """One penalty: its regions and its charts."""

    def __init__(self, stage: Stage, panel: Panel, places: PanelLayout) -> None:
        self.stage, self.panel, self.story = stage, panel, stage.story
        self.parts = [panel.accuracy("train"), panel.accuracy("test")]
        self.losses = [panel.of("data_loss"), panel.of("penalty")]
        self.norms = [panel.of("l1_norm"), panel.of("l2_norm")]
        self.box = places.regions
        self._regions(self.box)
        self.loss_lines = self._lines(places.losses, (LOSS_COLOUR, PENALTY_COLOUR), (0, 1.06 * self.story.most_loss))
        self.loss_texts = self._title(places.losses, "data loss", "penalty")
        self.norm_lines = self._lines(
            places.norms, (LOSS_COLOUR, PENALTY_COLOUR), (0, 1.2 * self.story.most_norm), logarithmic=True
        )
        self.norm_texts = self._title(places.norms, "norm ‖w‖₁", "norm ‖w‖₂")
        self._histogram(places.weights)

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
        self.warning.set_text("" if self.panel.converged[alpha] else "not converged")
        upto = slice(0, alpha + 1)
        for lines_, curves in ((self.loss_lines, self.losses), (self.norm_lines, self.norms)):
            for (line, head), curve in zip(lines_, curves, strict=True):
                line.set_data(self.story.alphas[upto], curve[upto])
                head.set_data(self.story.alphas[[alpha]], curve[[alpha]])
        for texts, curves in ((self.loss_texts, self.losses), (self.norm_texts, self.norms)):
            for text, curve in zip(texts, curves, strict=True):
                text.set_text(spell(curve[alpha]))
        weights = self.panel.weights[alpha]
        zeros = int((weights == 0).sum())
        self.bars.set_data(np.histogram(weights[weights != 0], self.edges)[0])
        self.zero_bar.set_data([zeros])
        self.weight_texts[1].set_text(str(zeros))

    def _regions(self, box: Box) -> None:
        stage, story = self.stage, self.story
        first, second = story.axes
        self.low_high = (first.low, second.low), (first.high, second.high)
        ax = stage.axes(box, xlim=(first.low, first.high), ylim=(second.low, second.high))
        ax.set_xlabel(first.label, fontsize=PLAIN, color=INK, fontfamily=FONT, labelpad=4, parse_math=False)
        ax.set_ylabel(second.label, fontsize=PLAIN, color=INK, fontfamily=FONT, labelpad=4, parse_math=False)
        ax.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
        ax.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
        self.halo: Any = ax.add_collection(LineCollection([], colors=PAPER, linewidths=4), autolim=False)
        self.contour: Any = ax.add_collection(LineCollection([], colors=INK, linewidths=1.7), autolim=False)
        stage.will_change(self.halo, self.contour, *draw_points(ax, story.train, story.test, size=story.point_size))
        stage.text(box.x, box.y - 10, self.panel.name, size=PLAIN + 0.5, fontweight="bold")
        self.score = stage.text(box.x + box.w, box.y - 10, ha="right")
        self.warning = stage.text(box.x + box.w - 8, box.y + 18, colour=WARNING, fontweight="bold", ha="right")
        self.warning.set_bbox({"boxstyle": "round,pad=0.3", "fc": PAPER, "ec": "none"})
        stage.will_change(self.score, self.warning)

    def _lines(
        self, box: Box, colours: Iterable[str], limits: tuple[float, float], *, logarithmic: bool = False
    ) -> list[tuple[Line2D, Line2D]]:
        ax = self.stage.axes(box)
        _alpha_axis(ax, self.story.alphas, every=2)
        if logarithmic:
            ax.set_yscale("symlog", linthresh=limits[1] / 1e3, linscale=0.4)
            ax.yaxis.set_major_locator(FixedLocator([0, *_decades(limits[1])]))
            ax.yaxis.set_minor_locator(NullLocator())
        else:
            ax.yaxis.set_major_locator(MaxNLocator(3))
        ax.set_ylim(*limits)
        ax.grid(axis="y", color=FAINT, lw=0.7)
        ax.set_axisbelow(True)
        ax.set_xlabel("α", fontsize=SMALL, color=GREY, fontfamily=FONT, labelpad=1)
        made = []
        for colour in colours:
            (line,) = ax.plot([], [], color=colour, lw=1.8, clip_on=False, solid_capstyle="round")
            (head,) = ax.plot([], [], "o", ms=4.5, color=colour, clip_on=False)
            made.append((line, head))
            self.stage.will_change(line, head)
        return made

    def _title(self, box: Box, *labels: str) -> list[Text]:
        """Two names above a chart, in the colours of its curves, each followed by its number."""
        numbers = []
        for label, colour, y in zip(labels, (LOSS_COLOUR, PENALTY_COLOUR), (box.y - 22, box.y - 9), strict=True):
            name = self.stage.text(box.x, y, label, size=SMALL, colour=colour, fontweight="bold")
            numbers.append(self.stage.text(self.stage.after(name) + 6, y, size=SMALL, colour=colour))
        self.stage.will_change(*numbers)
        return numbers

    def _histogram(self, box: Box) -> None:
        ax = self.stage.axes(box)
        reach = 1.02 * self.story.widest_weight
        self.edges: NDArray[np.float64] = np.linspace(-reach, reach, BINS + 1)
        weights = self.panel.weights.shape[1]
        ax.set_yscale("function", functions=(_root, np.square))
        ax.set(xlim=(-reach, reach), ylim=(0, 1.1 * weights))
        ax.yaxis.set_major_locator(FixedLocator(sorted({0, max(1, 10 ** int(np.log10(weights / 3))), weights})))
        ax.xaxis.set_major_locator(MaxNLocator(5, symmetric=True))
        ax.grid(axis="y", color=FAINT, lw=0.7)
        ax.set_axisbelow(True)
        ax.set_xlabel("weight", fontsize=SMALL, color=GREY, fontfamily=FONT, labelpad=1)
        ax.set_ylabel("count", fontsize=SMALL, color=GREY, fontfamily=FONT, labelpad=2)
        bin_ = 2 * reach / BINS
        self.bars = ax.stairs(np.zeros(BINS), self.edges, fill=True, color=BARS)
        self.zero_bar = ax.stairs([0], [-bin_ / 2, bin_ / 2], fill=True, color=PENALTY_COLOUR)
        self.weight_texts = self._title(box, f"{weights} weights", "exactly zero")
        self.stage.will_change(self.bars, self.zero_bar)


def _alpha_axis(ax: Axes, alphas: NDArray[np.float64], every: int = 1) -> None:
    ax.set_xscale("log")
    ax.set_xlim(alphas[0], alphas[-1])
    ax.xaxis.set_major_locator(LogLocator(numticks=max(3, 9 // every)))
    ax.xaxis.set_minor_locator(NullLocator())


def _decades(top: float) -> list[float]:
    highest = int(np.floor(np.log10(top)))
    return [10.0**k for k in (highest, highest - 2) if 10.0**k > top / 200]


def _root(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.maximum(values, 0))
