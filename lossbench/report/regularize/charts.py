"""The charts of one penalty that grow with alpha: losses, norms and the weights' histogram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from lossbench.report.fonts import FONT, families
from lossbench.report.regularize.canvas import SMALL, Canvas
from lossbench.report.regularize.layout import Box
from lossbench.report.regularize.legend import spell, tick
from lossbench.report.regularize.style import (
    BARS,
    FAINT,
    GREY,
    INK,
    LOSS_COLOUR,
    NORM_COLOUR,
    PENALTY_COLOUR,
    ZERO_COLOUR,
)
from lossbench.report.regularize.view_data import Panel

WIDEST = "8.88e−8"  # number beside a name
BINS = 41  # odd: the middle one is around zero
DECADES = 3  # below the largest norm that are drawn on a log scale; what is less is nearly zero
Line = tuple[str, str, str, NDArray[np.float64]]  # name, colour, style, value at each alpha


class Chart(Protocol):
    """What changes from frame to frame."""

    def show(self, alpha: int) -> None:
        """Draw it up to that alpha (by its number)."""


def losses_chart(canvas: Canvas, panel: Panel, box: Box) -> Chart:
    """Data loss and penalty, the two parts of the objective."""
    lines: list[Line] = [
        ("data loss", LOSS_COLOUR, "-", panel.of("data_loss")),
        ("penalty", PENALTY_COLOUR, "-", panel.of("penalty")),
    ]
    ax = _axes(canvas, box, "loss")
    ax.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    ax.set_ylim(0, 1.06 * canvas.view.most_loss)
    alpha_axis(ax, canvas.view.alphas, every=2)
    ax.tick_params(labelbottom=False)
    return _Lines(canvas, ax, box, lines)


def norms_chart(canvas: Canvas, panel: Panel, box: Box) -> Chart:
    """The norms that the penalties are made of."""
    lines: list[Line] = [
        ("‖w‖₁", NORM_COLOUR, "-", panel.of("l1_norm")),
        ("‖w‖₂", NORM_COLOUR, (0, (2.2, 1.2)), panel.of("l2_norm")),  # type: ignore[list-item]  # dashes
    ]
    ax = _axes(canvas, box, "norm")
    norm_axis(ax, canvas.view.most_norm)
    alpha_axis(ax, canvas.view.alphas, every=2)
    return _Lines(canvas, ax, box, lines)


def weights_chart(canvas: Canvas, panel: Panel, box: Box) -> Chart:
    """How the weights are spread, those that are exactly zero apart."""
    return _Histogram(canvas, panel, box)


def norm_axis(ax: Axes, most: float) -> None:
    """A log scale down to zero, its powers of ten named."""
    top = 1.25 * most
    ax.set_yscale("symlog", linthresh=top / 10**DECADES, linscale=0.5)
    ax.set_ylim(0, top)
    highest = int(np.floor(np.log10(top)))
    decades = [10.0**k for k in range(highest - DECADES + 1, highest + 1)]
    ax.yaxis.set_major_locator(FixedLocator([0, *decades]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    ax.yaxis.set_minor_locator(NullLocator())


def alpha_axis(ax: Axes, alphas: NDArray[np.float64], every: int = 1) -> None:
    """Alpha from the weakest to the strongest."""
    ax.set_xscale("log")
    ax.set_xlim(alphas[0], alphas[-1])
    ax.xaxis.set_major_locator(LogLocator(numticks=max(3, 9 // every)))
    ax.xaxis.set_minor_locator(NullLocator())


class _Lines:
    """Curves over alpha, each with a point at its head and its number above."""

    def __init__(self, canvas: Canvas, ax: Axes, box: Box, lines: Sequence[Line]) -> None:
        self.alphas, self.curves, self.drawn = canvas.view.alphas, [line[3] for line in lines], []
        for _, colour, style, _ in lines:
            (line,) = ax.plot([], [], color=colour, ls=style, lw=1.8, clip_on=False)
            (head,) = ax.plot([], [], "o", ms=4.5, color=colour, clip_on=False)
            self.drawn.append((line, head))
            canvas.will_change(line, head)
        self.texts = _titles(canvas, box, [(name, colour) for name, colour, _, _ in lines])

    def show(self, alpha: int) -> None:
        for (line, head), text, curve in zip(self.drawn, self.texts, self.curves, strict=True):
            line.set_data(self.alphas[: alpha + 1], curve[: alpha + 1])
            head.set_data(self.alphas[[alpha]], curve[[alpha]])
            text.set_text(spell(curve[alpha]))


class _Histogram:
    """Weights that are not zero as bars, those that are as a stem, so that neither hides the other."""

    def __init__(self, canvas: Canvas, panel: Panel, box: Box) -> None:
        self.panel = panel
        ax = _axes(canvas, box, "count (√)")
        reach = 1.02 * canvas.view.widest_weight
        self.edges: NDArray[np.float64] = np.linspace(-reach, reach, BINS + 1)
        weights = panel.weights.shape[1]
        ax.set_yscale("function", functions=(_root, np.square))
        ax.set(xlim=(-reach, reach), ylim=(0, 1.1 * weights))
        ax.yaxis.set_major_locator(FixedLocator(sorted({0, max(1, 10 ** int(np.log10(weights / 3))), weights})))
        ax.xaxis.set_major_locator(MaxNLocator(5, symmetric=True))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
        ax.set_xlabel("weight", fontsize=SMALL, color=GREY, fontfamily=FONT, labelpad=1)
        self.bars = ax.stairs(np.zeros(BINS), self.edges, fill=True, color=BARS)
        (self.stem,) = ax.plot([], [], color=ZERO_COLOUR, lw=2.2, solid_capstyle="butt")
        (self.top,) = ax.plot([], [], "o", ms=4.5, color=ZERO_COLOUR, clip_on=False)
        self.zeros = _titles(canvas, box, [(f"{weights} weights", INK), ("exactly zero", ZERO_COLOUR)])[1]
        canvas.will_change(self.bars, self.stem, self.top)

    def show(self, alpha: int) -> None:
        weights = self.panel.weights[alpha]
        zeros = int((weights == 0).sum())
        self.bars.set_data(np.histogram(weights[np.isfinite(weights) & (weights != 0)], self.edges)[0])
        self.stem.set_data([0, 0] if zeros else [], [0, zeros] if zeros else [])
        self.top.set_data([0] if zeros else [], [zeros] if zeros else [])
        self.zeros.set_text(str(zeros))


def _axes(canvas: Canvas, box: Box, label: str) -> Axes:
    ax: Axes = canvas.axes(box)
    ax.tick_params(pad=7)
    ax.tick_params(axis="x", pad=5)
    ax.grid(axis="y", color=FAINT, lw=0.7)
    ax.set_axisbelow(True)
    ax.set_ylabel(label, fontsize=SMALL, color=GREY, fontfamily=list(families(label)))
    place: Any = ax.yaxis
    place.set_label_coords(-46 / box.w, 0.5)
    return ax


def _titles(canvas: Canvas, box: Box, names: Sequence[tuple[str, str]]) -> list[Text]:
    """Names above a chart in the colours of their curves, each followed by its number, which stays at its place."""
    numbers = []
    x: float = box.x
    for name, colour in names:
        canvas.text(x, box.y - 8, name, size=SMALL, colour=colour, fontweight="bold")
        x += canvas.width(name, SMALL, "bold") + 5
        numbers.append(canvas.text(x, box.y - 8, size=SMALL, colour=colour))
        x += canvas.width("" if name[0].isdigit() else WIDEST, SMALL) + 7  # "64 weights" has its number before it
    canvas.will_change(*numbers)
    return numbers


def _root(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.maximum(values, 0))
