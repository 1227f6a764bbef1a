"""boundary.png: the regions at some alphas side by side, a row for each penalty; for papers."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from lossbench.report.fonts import FONT, families
from lossbench.report.regularize.legend import (
    draw_key,
    draw_legend,
    draw_points,
    key_width,
    legend_rows,
    name_axes,
    percent,
    spell,
)
from lossbench.report.regularize.style import GREY, INK, PAPER, WARNING, boundaries, shade
from lossbench.report.regularize.text import fitted, heading, new_figure, words
from lossbench.report.regularize.view_data import Panel, ViewData

DPI = 160
TILE, GAP = 1.72, 0.16  # inches
CAPTION = 0.36
EDGE, LEFT, TOP, LINE, BOTTOM = 0.14, 0.66, 0.98, 0.17, 0.62
NARROWEST = 5.2
MOST, ACROSS = 8, 4
STILL = 0.02  # of all change: what two alphas are apart by even if the regions are the same


def draw_small_multiples(view: ViewData) -> Figure:
    """Eight alphas at most, chosen so that the regions change as much from tile to tile; one penalty takes two rows."""
    shown = shown_alphas(view)
    one = len(view.panels) == 1
    across = min(ACROSS, len(shown)) if one else len(shown)
    tiles = [(panel, alpha) for panel in view.panels for alpha in shown]
    rows = -(-len(tiles) // across)
    width = max(LEFT + across * (TILE + GAP) + 0.1, NARROWEST)
    legend = legend_rows(view, width - 2 * EDGE - 0.3 - key_width(view, 7.5), 8)
    top = TOP + LINE * (len(legend) - 1)
    height = top + rows * (TILE + CAPTION) - CAPTION + BOTTOM
    figure = new_figure(width, height, DPI)
    heading(figure, EDGE, 0.30, view.title, width - 2 * EDGE, (12, 8))
    words(figure, EDGE, 0.49, fitted(view.subtitle, width - 2 * EDGE, 8), 8, GREY)
    draw_legend(figure, legend, EDGE, 0.70, 8, LINE)
    draw_key(figure, view, width - EDGE, 0.70, 7.5)
    for number, (panel, alpha) in enumerate(tiles):
        row, column = divmod(number, across)
        left, down = LEFT + column * (TILE + GAP), top + row * (TILE + CAPTION) + 0.02
        ax = figure.add_axes((left / width, 1 - (down + TILE) / height, TILE / width, TILE / height))
        _tile(ax, view, panel, alpha)
        ax.tick_params(labelleft=not column, labelbottom=number + across >= len(tiles))
        if not column:
            ax.set_ylabel(
                fitted(view.axes[1].label, TILE, 7.5),
                fontsize=7.5,
                color=INK,
                fontfamily=list(families(view.axes[1].label)),
            )
            ax.yaxis.set_label_coords(-0.34 / TILE, 0.5)
            if not one:
                words(figure, 0.13, down + TILE / 2, panel.name, 8, rotation=90, ha="center", va="center",
                      fontweight="bold")  # fmt: skip
    reach = across * (TILE + GAP) - GAP
    below = top + rows * (TILE + CAPTION) - CAPTION + 0.3
    label = fitted(view.axes[0].label, reach, 7.5)
    words(figure, LEFT + reach / 2, below, label, 7.5, ha="center")
    words(figure, EDGE, height - 0.1, fitted(view.caption, width - 2 * EDGE, 6.5), 6.5, GREY)
    return figure


def shown_alphas(view: ViewData) -> list[int]:
    """Which alphas have a tile, first and last among them: equally far apart in what changes from one to the next."""
    count = len(view.alphas)
    if count <= MOST:
        return list(range(count))
    step = np.zeros(count - 1)
    for panel in view.panels:
        before = panel.lead(0)[:, ::4, ::4]
        for alpha in range(1, count):
            now = panel.lead(alpha)[:, ::4, ::4]
            step[alpha - 1] += np.abs(now - before).mean()
            before = now
    way = np.concatenate([[0.0], np.cumsum(step + (STILL * step.sum() or 1.0) / count)])
    shown = [0, count - 1]
    while len(shown) < MOST:
        shown.append(int(np.abs(way[:, None] - way[shown]).min(1).argmax()))
    return sorted(shown)


def _tile(ax: Axes, view: ViewData, panel: Panel, alpha: int) -> None:
    x, y = view.axes
    lead = panel.lead(alpha)
    pixels = round(TILE * DPI)
    ax.imshow(
        shade(lead, pixels, pixels), extent=(x.low, x.high, y.low, y.high), aspect="auto", interpolation="nearest"
    )
    lines = boundaries(lead, (x.low, y.low), (x.high, y.high))
    ax.add_collection(LineCollection(lines, colors=PAPER, linewidths=2.2), autolim=False)
    ax.add_collection(LineCollection(lines, colors=INK, linewidths=1.0), autolim=False)
    draw_points(ax, view.train, view.test, size=10, ring=0.9)
    ax.set(xlim=(x.low, x.high), ylim=(y.low, y.high))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=6.5, colors=GREY, labelfontfamily=FONT, pad=2)
    name_axes(ax, view.axes, TILE, TILE, 7.5, 4, 0.08)
    ax.set(xlabel="", ylabel="")
    font: dict[str, Any] = {"fontfamily": FONT, "parse_math": False, "pad": 4}
    ax.set_title(f"α = {spell(view.alphas[alpha])}", fontsize=8, loc="left", color=INK, fontweight="bold", **font)
    warning, constant = panel.warning(alpha), panel.constant(alpha, view.classes)
    test = f"test {percent(panel.accuracy('test')[alpha])}"
    ax.set_title(test, fontsize=7, loc="right", color=GREY, **font)
    inside: dict[str, Any] = {
        "transform": ax.transAxes,
        "fontsize": 6.5,
        "parse_math": False,
        "va": "top",
    }
    box = {"boxstyle": "round,pad=0.25", "fc": PAPER, "ec": "none"}
    for text, at, colour in ((constant, 0.96, INK), (warning, 0.85 if constant else 0.96, WARNING)):
        if text:
            ax.text(
                0.04,
                at,
                fitted(text, 0.9 * TILE, 6.5),
                color=colour,
                bbox=box,
                fontfamily=list(families(text)),
                **inside,
            )
