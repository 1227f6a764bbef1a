"""boundary.png: the regions at some alphas side by side, a row for each penalty; for papers."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lossbench.report.boundary_frame import draw_points, legend, percent, spell
from lossbench.report.boundary_story import Panel, Story
from lossbench.report.boundary_style import FONT, GREY, INK, PAPER, boundaries, shade

DPI = 200
TILE, GAP = 1.72, 0.16  # inches
CAPTION = 0.36
LEFT, TOP, BOTTOM = 0.62, 0.98, 0.52
ACROSS = 4


def draw_sheet(story: Story) -> Figure:
    """Eight alphas (all, if there are fewer) from the weakest to the strongest."""
    shown = np.unique(np.linspace(0, len(story.alphas) - 1, min(8, len(story.alphas))).round().astype(int))
    one = len(story.panels) == 1
    across = min(ACROSS, len(shown)) if one else len(shown)
    rows = -(-len(shown) // across) if one else len(story.panels)
    width = LEFT + across * (TILE + GAP) + 0.1
    height = TOP + rows * (TILE + CAPTION) - CAPTION + BOTTOM
    figure = Figure(figsize=(max(width, 5.2), height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    title = {"fontfamily": FONT, "va": "baseline", "parse_math": False}
    figure.text(0.14 / figure.get_figwidth(), 1 - 0.30 / height, story.title, fontsize=12, fontweight="bold", color=INK, **title)
    figure.text(0.14 / figure.get_figwidth(), 1 - 0.49 / height, story.subtitle, fontsize=8, color=GREY, **title)
    legend(figure, story, x=0.14, y=0.70, size=8)
    for row in range(rows):
        panel = story.panels[0] if one else story.panels[row]
        for column in range(across):
            number = row * across + column if one else column
            if number >= len(shown):
                continue
            left, top = LEFT + column * (TILE + GAP), TOP + row * (TILE + CAPTION) + 0.02
            ax = figure.add_axes(
                (left / figure.get_figwidth(), 1 - (top + TILE) / height, TILE / figure.get_figwidth(), TILE / height)
            )
            below = row == rows - 1 or (one and number + across >= len(shown))
            _tile(ax, story, panel, int(shown[number]), below=below, first=column == 0)
            if column == 0 and not one:
                ax.set_ylabel(f"{panel.name}\n{story.axes[1].label}", fontsize=7.5, color=INK, fontfamily=FONT, parse_math=False)
    return figure


def _tile(ax: Axes, story: Story, panel: Panel, alpha: int, *, below: bool, first: bool) -> None:
    x, y = story.axes
    lead = panel.lead(alpha)
    pixels = round(TILE * DPI)
    ax.imshow(
        shade(lead, pixels, pixels), extent=(x.low, x.high, y.low, y.high), aspect="auto", interpolation="nearest"
    )
    lines = boundaries(lead, (x.low, y.low), (x.high, y.high))
    ax.add_collection(LineCollection(lines, colors=PAPER, linewidths=2.2), autolim=False)
    ax.add_collection(LineCollection(lines, colors=INK, linewidths=1.0), autolim=False)
    draw_points(ax, story.train, story.test, size=7)
    ax.set(xlim=(x.low, x.high), ylim=(y.low, y.high))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=6.5, colors=GREY, labelfontfamily=FONT, pad=2, labelleft=first, labelbottom=below)
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    label = {"fontsize": 7.5, "color": INK, "fontfamily": FONT, "labelpad": 2, "parse_math": False}
    if below:
        ax.set_xlabel(x.label, **label)
    if first:
        ax.set_ylabel(y.label, **label)
    mark = "" if panel.converged_A[alpha] else "  not converged"
    ax.set_title(f"α = {spell(story.alphas[alpha])}{mark}", fontsize=8, loc="left", color=INK, fontweight="bold", pad=4, fontfamily=FONT)
    test = panel.accuracy("test")[alpha]
    ax.set_title(f"test {percent(test)}", fontsize=7, loc="right", color=GREY, pad=4, fontfamily=FONT)
