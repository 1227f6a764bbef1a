"""path.png: accuracy, norms, exact zeros and every weight over alpha, a column for each penalty."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator, PercentFormatter
from numpy.typing import NDArray

from lossbench.report.boundary.marks import heading, new_figure, words
from lossbench.report.boundary.story import Panel, Story
from lossbench.report.boundary.style import BARS, FAINT, FONT, GREY, INK, LOSS_COLOUR, PENALTY_COLOUR, WARNING

DPI = 160
COLUMN, HEIGHT, GAP = 3.0, 1.15, 0.42  # inches
LEFT, TOP, BOTTOM, BETWEEN = 0.78, 0.98, 0.5, 0.62
ALL_DRAWN = 600  # weights; of larger nets every k-th, so that lines can be told apart


def draw_path(story: Story) -> Figure:
    """Four charts of each penalty, on scales that all penalties share."""
    charts: list[tuple[str, Callable[[Axes, Story, Panel], None]]] = [
        ("accuracy", _accuracy),
        ("norm of the weights", _norms),
        ("weights exactly zero", _zeros),
        ("weight", _weights),
    ]
    column = COLUMN if len(story.panels) > 1 else 4.2
    width = LEFT + len(story.panels) * (column + BETWEEN) - BETWEEN + 0.3
    height = TOP + len(charts) * (HEIGHT + GAP) + BOTTOM - GAP + 0.5
    figure = new_figure(width, height, DPI)
    heading(figure, story)
    for number, panel in enumerate(story.panels):
        left = LEFT + number * (column + BETWEEN)
        words(figure, left, 0.78, panel.name, 9, fontweight="bold")
        for row, (label, draw) in enumerate(charts):
            last = row == len(charts) - 1
            tall = HEIGHT + (0.5 if last else 0)
            bottom = height - TOP - row * (HEIGHT + GAP) - tall
            ax = figure.add_axes((left / width, bottom / height, column / width, tall / height))
            _quiet(ax, story)
            if last:
                ax.set_xlabel("α, strength of the penalty", fontsize=8, color=INK, fontfamily=FONT)
            if number == 0:
                ax.set_ylabel(label, fontsize=8, color=INK, fontfamily=FONT)
            draw(ax, story, panel)
    return figure


def _quiet(ax: Axes, story: Story) -> None:
    ax.set_xscale("log")
    ax.set_xlim(story.alphas[0], story.alphas[-1])
    ax.xaxis.set_major_locator(LogLocator(numticks=9))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.spines[:].set_visible(False)
    ax.grid(axis="y", color=FAINT, lw=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(length=0, labelsize=7.5, colors=GREY, labelfontfamily=FONT)


def _curve(ax: Axes, story: Story, y: NDArray[np.float64], colour: str) -> None:
    ax.plot(story.alphas, y, color=colour, lw=1.5, marker="o", ms=2.4, clip_on=False)


def _note(ax: Axes, x: float, text: str, colour: str, ha: str = "left") -> None:
    """Words above a chart, in the colour of what they speak of."""
    ax.text(x, 1.04, text, color=colour, fontsize=7.5, transform=ax.transAxes, fontfamily=FONT, ha=ha)


def _accuracy(ax: Axes, story: Story, panel: Panel) -> None:
    low = min(float(np.nanmin(p.accuracy(part))) for p in story.panels for part in ("train", "test"))
    ax.set_ylim(min(low, 0.95) - 0.02, 1.02)
    for x, part, colour in ((0.0, "train", LOSS_COLOUR), (0.11, "test", PENALTY_COLOUR)):
        _curve(ax, story, panel.accuracy(part), colour)
        _note(ax, x, part, colour)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    unfinished = ~panel.converged
    if unfinished.any():
        test = panel.accuracy("test")[unfinished]
        ax.plot(story.alphas[unfinished], test, "x", color=WARNING, ms=5, clip_on=False)
        _note(ax, 1.0, "× not converged", WARNING, ha="right")


def _norms(ax: Axes, story: Story, panel: Panel) -> None:
    top = 1.3 * story.most_norm
    ax.set_yscale("symlog", linthresh=top / 1e3, linscale=0.3)
    ax.set_ylim(0, top)
    highest = int(np.floor(np.log10(top)))
    ax.yaxis.set_major_locator(FixedLocator([0, *(10.0**k for k in range(highest - 2, highest + 1))]))
    ax.yaxis.set_minor_locator(NullLocator())
    for x, key, colour, name in (
        (0.0, "l1_norm", LOSS_COLOUR, "‖w‖₁"),
        (0.11, "l2_norm", PENALTY_COLOUR, "‖w‖₂"),
    ):
        _curve(ax, story, panel.of(key), colour)
        _note(ax, x, name, colour)


def _zeros(ax: Axes, story: Story, panel: Panel) -> None:
    count = panel.weights.shape[1]
    _curve(ax, story, panel.of("zeros"), PENALTY_COLOUR)
    ax.set_ylim(-0.02 * count, 1.04 * count)
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    _note(ax, 0.0, f"of {count}", GREY)


def _weights(ax: Axes, story: Story, panel: Panel) -> None:
    """Every weight's path, and a dot where one of them is exactly zero."""
    paths_WA = panel.weights.T
    step = -(-len(paths_WA) // ALL_DRAWN)
    lines = [np.column_stack([story.alphas, path]) for path in paths_WA[::step]]
    faint = float(np.clip(6 / np.sqrt(len(lines)), 0.25, 0.9))
    ax.add_collection(LineCollection(lines, colors=BARS, linewidths=0.9, alpha=faint), autolim=False)
    reach = 1.05 * story.widest_weight
    ax.set_ylim(-reach, reach)
    zero = (paths_WA == 0).any(0)
    ax.plot(story.alphas[zero], np.zeros(int(zero.sum())), "o", ms=2.6, color=PENALTY_COLOUR, clip_on=False)
    if zero.any():
        _note(ax, 1.0, "● some weight is exactly zero", PENALTY_COLOUR, ha="right")
    if step > 1:
        _note(ax, 0.0, f"one of {step} of {len(paths_WA)}", GREY)
