"""path.png: accuracy, norms, exact zeros and every weight over alpha, a column for each penalty."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator, PercentFormatter

from lossbench.report.boundary_story import Panel, Story
from lossbench.report.boundary_style import FAINT, FONT, GREY, INK, LOSS_COLOUR, PAPER, PENALTY_COLOUR

DPI = 200
COLUMN, HEIGHT, GAP = 3.0, 1.15, 0.42
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
    width = LEFT + len(story.panels) * COLUMN + (len(story.panels) - 1) * BETWEEN + 0.3
    height = TOP + len(charts) * (HEIGHT + GAP) + BOTTOM - GAP + 0.5
    figure = Figure(figsize=(max(width, 5.0), height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    width = figure.get_figwidth()
    text = {"fontfamily": FONT, "va": "baseline", "parse_math": False}
    figure.text(0.14 / width, 1 - 0.30 / height, story.title, fontsize=12, fontweight="bold", color=INK, **text)
    figure.text(0.14 / width, 1 - 0.49 / height, story.subtitle, fontsize=8, color=GREY, **text)
    for column, panel in enumerate(story.panels):
        left = LEFT + column * (COLUMN + BETWEEN)
        wide = COLUMN if len(story.panels) > 1 else width - LEFT - 0.3
        figure.text(left / width, 1 - 0.80 / height, panel.name, fontsize=9, fontweight="bold", color=INK, **text)
        for row, (label, draw) in enumerate(charts):
            tall = HEIGHT + (0.5 if row == len(charts) - 1 else 0)
            top = TOP + row * (HEIGHT + GAP)
            ax = figure.add_axes((left / width, 1 - (top + tall) / height, wide / width, tall / height))
            _quiet(ax, story, last=row == len(charts) - 1)
            if column == 0:
                ax.set_ylabel(label, fontsize=8, color=INK, fontfamily=FONT)
            draw(ax, story, panel)
    return figure


def _quiet(ax: Axes, story: Story, *, last: bool) -> None:
    ax.set_xscale("log")
    ax.set_xlim(story.alphas[0], story.alphas[-1])
    ax.xaxis.set_major_locator(LogLocator(numticks=9))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.spines[:].set_visible(False)
    ax.grid(axis="y", color=FAINT, lw=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(length=0, labelsize=7.5, colors=GREY, labelfontfamily=FONT)
    if last:
        ax.set_xlabel("α, strength of the penalty", fontsize=8, color=INK, fontfamily=FONT)


def _curve(ax: Axes, story: Story, y: np.ndarray, colour: str) -> None:
    ax.plot(story.alphas, y, color=colour, lw=1.5, marker="o", ms=2.4, clip_on=False)


def _accuracy(ax: Axes, story: Story, panel: Panel) -> None:
    both = [panel.accuracy("train"), panel.accuracy("test")]
    low = min(float(np.nanmin(p.accuracy(part))) for p in story.panels for part in ("train", "test"))
    ax.set_ylim(min(low, 0.95) - 0.02, 1.02)
    _curve(ax, story, both[0], LOSS_COLOUR)
    _curve(ax, story, both[1], PENALTY_COLOUR)
    ax.text(0.0, 1.04, "train", color=LOSS_COLOUR, fontsize=7.5, transform=ax.transAxes, fontfamily=FONT)
    ax.text(0.1, 1.04, "test", color=PENALTY_COLOUR, fontsize=7.5, transform=ax.transAxes, fontfamily=FONT)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    unfinished = ~panel.converged_A
    if unfinished.any():
        ax.plot(story.alphas[unfinished], both[1][unfinished], "x", color="#a12a1c", ms=5, clip_on=False)
        ax.text(1, 1.04, "× not converged", color="#a12a1c", fontsize=7.5, transform=ax.transAxes, ha="right", fontfamily=FONT)


def _norms(ax: Axes, story: Story, panel: Panel) -> None:
    top = 1.3 * story.most_norm or 1.0
    ax.set_yscale("symlog", linthresh=top / 1e3, linscale=0.3)
    ax.set_ylim(0, top)
    highest = int(np.floor(np.log10(top)))
    ax.yaxis.set_major_locator(FixedLocator([0, *(10.0**k for k in range(highest - 2, highest + 1))]))
    ax.yaxis.set_minor_locator(NullLocator())
    for key, colour, name in (("l1_norm", LOSS_COLOUR, "‖w‖₁"), ("l2_norm", PENALTY_COLOUR, "‖w‖₂")):
        _curve(ax, story, panel.of(key), colour)
        x = 0.0 if key == "l1_norm" else 0.1
        ax.text(x, 1.04, name, color=colour, fontsize=7.5, transform=ax.transAxes, fontfamily=FONT)


def _zeros(ax: Axes, story: Story, panel: Panel) -> None:
    count = panel.weights_AW.shape[1]
    _curve(ax, story, (panel.weights_AW == 0).sum(1).astype(float), PENALTY_COLOUR)
    ax.set_ylim(-0.02 * count, 1.04 * count)
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.text(0.0, 1.04, f"of {count}", color=GREY, fontsize=7.5, transform=ax.transAxes, fontfamily=FONT)


def _weights(ax: Axes, story: Story, panel: Panel) -> None:
    """Every weight's path; a path turns purple where its weight is exactly zero."""
    paths_WA = panel.weights_AW.T
    step = -(-len(paths_WA) // ALL_DRAWN)
    shown = paths_WA[::step]
    lines = [np.column_stack([story.alphas, path]) for path in shown]
    faint = float(np.clip(6 / np.sqrt(len(shown)), 0.25, 0.9))
    ax.add_collection(LineCollection(lines, colors="#8c93a5", linewidths=0.9, alpha=faint), autolim=False)
    reach = 1.05 * story.widest_weight
    ax.set_ylim(-reach, reach)
    zero = (paths_WA == 0).any(0)
    ax.plot(story.alphas[zero], np.zeros(int(zero.sum())), "o", ms=2.6, color=PENALTY_COLOUR, clip_on=False)
    if step > 1:
        ax.text(0, 1.03, f"every {step}th of {len(paths_WA)}", color=GREY, fontsize=7.5, transform=ax.transAxes, fontfamily=FONT)
