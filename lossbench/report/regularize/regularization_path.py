"""path.png: accuracy, losses, norms, exact zeros and every weight over alpha, a column for each penalty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from lossbench.report.fonts import FONT, families
from lossbench.report.regularize.charts import alpha_axis, norm_axis
from lossbench.report.regularize.legend import tick
from lossbench.report.regularize.style import (
    BARS,
    FAINT,
    GREY,
    INK,
    LOSS_COLOUR,
    NORM_COLOUR,
    PENALTY_COLOUR,
    WARNING,
    ZERO_COLOUR,
)
from lossbench.report.regularize.text import fitted, heading, new_figure, width_of, words
from lossbench.report.regularize.view_data import Panel, ViewData

DPI = 160
COLUMN, HEIGHT, GAP = 3.0, 1.0, 0.34  # inches
EDGE, LEFT, TOP, BOTTOM, BETWEEN = 0.14, 0.86, 1.06, 0.72, 0.5
ALL_DRAWN = 600  # weights; of larger nets every k-th, so that lines stay distinct
NOTE = 7.5  # points
PathCurve = tuple[str, str, Any, NDArray[np.float64]]  # name, colour, style, value at each alpha
DASHED: Any = (0, (2.2, 1.2))


def draw_path(view: ViewData) -> Figure:
    """Five charts of each penalty, on scales that all penalties share."""
    charts: list[tuple[str, Callable[[Axes, ViewData, Panel], None]]] = [
        ("accuracy", _accuracy),
        ("loss", _losses),
        ("norm", _norms),
        ("exact zeros", _zeros),
        ("weight", _weights),
    ]
    column = COLUMN if len(view.panels) > 1 else 4.4
    width = LEFT + len(view.panels) * (column + BETWEEN) - BETWEEN + 0.3
    height = TOP + len(charts) * (HEIGHT + GAP) + BOTTOM - GAP + 0.5
    figure = new_figure(width, height, DPI)
    heading(figure, EDGE, 0.30, view.title, width - 2 * EDGE, (12, 8))
    words(figure, EDGE, 0.49, fitted(view.subtitle, width - 2 * EDGE, 8), 8, GREY)
    words(figure, EDGE, height - 0.1, fitted(view.caption, width - 2 * EDGE, 6.5), 6.5, GREY)
    for number, panel in enumerate(view.panels):
        left = LEFT + number * (column + BETWEEN)
        words(figure, left, 0.76, panel.name, 9, fontweight="bold")
        for row, (label, draw) in enumerate(charts):
            last = row == len(charts) - 1
            tall = HEIGHT + (0.5 if last else 0)
            bottom = height - TOP - row * (HEIGHT + GAP) - tall
            ax = figure.add_axes((left / width, bottom / height, column / width, tall / height))
            _quiet(ax, view)
            ax.tick_params(labelbottom=last)
            if last:
                ax.set_xlabel("α, strength of the penalty", fontsize=8, color=INK, fontfamily=FONT)
            if number == 0:
                ax.set_ylabel(fitted(label, tall, 8), fontsize=8, color=INK, fontfamily=list(families(label)))
                ax.yaxis.set_label_coords(-0.6 / column, 0.5)
            draw(ax, view, panel)
    return figure


def _quiet(ax: Axes, view: ViewData) -> None:
    alpha_axis(ax, view.alphas)
    ax.spines[:].set_visible(False)
    ax.grid(axis="y", color=FAINT, lw=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(length=0, labelsize=7.5, colors=GREY, labelfontfamily=FONT)
    ax.tick_params(axis="y", pad=6)


def _curves(ax: Axes, view: ViewData, curves: Sequence[PathCurve]) -> None:
    """Curves over alpha, their names above in their colours."""
    x = 0.0
    wide = ax.get_position().width * _figure_width(ax)
    for name, colour, style, y in curves:
        ax.plot(view.alphas, y, color=colour, ls=style, lw=1.5, marker="o", ms=2.4, clip_on=False)
        _note(ax, x / wide, name, colour)
        x += width_of(name, NOTE) + 0.14


def _figure_width(ax: Axes) -> float:
    """Inches of the figure that axes are on."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(figure.get_size_inches()[0])


def _note(ax: Axes, x: float, text: str, colour: str, ha: str = "left") -> None:
    """Words above a chart, in the colour of what they speak of."""
    font = list(families(text))
    ax.text(x, 1.05, text, color=colour, fontsize=NOTE, transform=ax.transAxes, fontfamily=font, ha=ha)


def _accuracy(ax: Axes, view: ViewData, panel: Panel) -> None:
    known = np.concatenate([p.accuracy(part) for p in view.panels for part in ("train", "test")])
    ax.set_ylim(min(float(known[np.isfinite(known)].min(initial=1.0)), 0.95) - 0.02, 1.02)
    _curves(
        ax,
        view,
        [("train", GREY, "-", panel.accuracy("train")), ("test", INK, DASHED, panel.accuracy("test"))],
    )
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    unfinished = ~panel.converged
    if unfinished.any():
        test = panel.accuracy("test")[unfinished]
        ax.plot(view.alphas[unfinished], test, "x", color=WARNING, ms=5, clip_on=False)
        _note(ax, 1.0, "× not converged", WARNING, ha="right")


def _losses(ax: Axes, view: ViewData, panel: Panel) -> None:
    ax.set_ylim(0, 1.06 * view.most_loss)
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    _curves(
        ax,
        view,
        [
            ("data loss", LOSS_COLOUR, "-", panel.of("data_loss")),
            ("penalty", PENALTY_COLOUR, "-", panel.of("penalty")),
        ],
    )


def _norms(ax: Axes, view: ViewData, panel: Panel) -> None:
    norm_axis(ax, view.most_norm)
    _curves(
        ax,
        view,
        [("‖w‖₁", NORM_COLOUR, "-", panel.of("l1_norm")), ("‖w‖₂", NORM_COLOUR, DASHED, panel.of("l2_norm"))],
    )


def _zeros(ax: Axes, view: ViewData, panel: Panel) -> None:
    count = panel.weights.shape[1]
    _curves(ax, view, [(f"of {count}", ZERO_COLOUR, "-", panel.of("zeros"))])
    ax.set_ylim(-0.02 * count, 1.04 * count)
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def _weights(ax: Axes, view: ViewData, panel: Panel) -> None:
    """Every weight's path, and a dot where one of them is exactly zero."""
    paths_WA = panel.weights.T
    step = -(-len(paths_WA) // ALL_DRAWN)
    lines = [np.column_stack([view.alphas, path]) for path in paths_WA[::step]]
    faint = float(np.clip(6 / np.sqrt(len(lines)), 0.25, 0.9))
    ax.add_collection(LineCollection(lines, colors=BARS, linewidths=0.9, alpha=faint), autolim=False)
    reach = 1.05 * view.widest_weight
    ax.set_ylim(-reach, reach)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    zero = (paths_WA == 0).any(0)
    ax.plot(view.alphas[zero], np.zeros(int(zero.sum())), "o", ms=2.6, color=ZERO_COLOUR, clip_on=False)
    if zero.any():
        _note(ax, 1.0, "● some weight is exactly zero", ZERO_COLOUR, ha="right")
    if step > 1:
        _note(ax, 0.0, f"one of {step} of {len(paths_WA)}", GREY)
