"""The score of every split, per loss: one dot a split, the mean and its interval beside them."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import FigureBase

from lossbench.random_streams import generator
from lossbench.record.comparison import SCORELESS, ComparisonRow
from lossbench.report.compare.plots.plot import Plot, View, note_scoreless
from lossbench.report.format import number
from lossbench.report.style import LIGHT, ROW, TEXT, TITLE, place, quiet, shortened, text_width, word_colour

_AXIS = 0.6


def _rows(view: View) -> list[ComparisonRow]:
    return [row for row in view.table.rows if row.scores or row.word == "failed"]


def _height(view: View) -> float:
    rows = _rows(view)
    return TITLE + ROW * len(rows) + _AXIS if any(row.word not in SCORELESS for row in rows) else 0


def _draw(part: FigureBase, view: View, height: float) -> None:
    rows, table = _rows(view), view.table
    names = [shortened(row.name) for row in rows]
    axes = place(part, height, 0.3 + text_width(names), 0.75, _AXIS, ROW * len(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    # The same height within its row for a split, whatever the loss: neighbours can be followed from row to row.
    jitter = generator(0, "distribution").uniform(-0.22, 0.22, max(len(row.scores) for row in rows))
    own = [row for row in rows if row.word not in SCORELESS]
    for y, row in enumerate(rows):
        colour = word_colour(row.word)
        if row not in own:
            note_scoreless(axes, y, row)
            continue
        axes.plot(row.scores, y + jitter[: len(row.scores)], "o", color=colour, ms=3, mew=0, alpha=0.3)
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [y, y], color=colour)
        axes.plot([float(np.mean(row.scores))], [y], "o", color=colour, ms=5.5)
        axes.text(
            1.02, y, number(row.mean, table.decimals), transform=axes.get_yaxis_transform(),
            va="center", size=TEXT - 1, color=colour,
        )  # fmt: skip
    baseline = next((row.mean for row in rows if row.word == "baseline"), None)
    if baseline is not None:
        axes.axvline(baseline, color=LIGHT["faint"], lw=1, zorder=0)
    spread = np.ptp([score for row in own for score in row.scores])
    low, high = axes.get_xlim()
    if table.dummy is not None and low - spread / 2 < table.dummy < high + spread / 2:
        axes.axvline(table.dummy, color=LIGHT["faint"], lw=1, ls=(0, (3, 3)), zorder=0)
        axes.text(
            table.dummy, -0.55, "dummy", size=TEXT - 1.5, color=LIGHT["soft"], ha="center", va="bottom", clip_on=False
        )
    axes.set_yticks(range(len(rows)), names)
    quiet(axes, grid="x")
    axes.set_xlabel(f"{view.setting.metric} on the test part of each split")


def _describe(view: View) -> str:
    return f"Test {view.setting.metric} of every split. " + "; ".join(
        f"{row.name}: {row.word}"
        if row.word in SCORELESS
        else f"{row.name}: mean {number(row.mean, view.table.decimals)},"
        f" from {number(min(row.scores), view.table.decimals)} to {number(max(row.scores), view.table.decimals)}"
        for row in _rows(view)
    ) + "."  # fmt: skip


DISTRIBUTION = Plot(
    "distribution",
    "Scores over the splits",
    "One faint dot per split, the mean and its 95% interval in front. Splits differ more than losses do: only paired "
    "differences tell losses apart. What failed or diverged has no scores of its own. A line called dummy, where it "
    "lies in reach, is the majority class or the target mean.",
    _height,
    _draw,
    _describe,
)
