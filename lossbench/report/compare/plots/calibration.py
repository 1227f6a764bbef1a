"""Reliability: how often predictions made with some confidence are right, after the common temperature step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import FigureBase

from lossbench.record.comparison import SCORELESS, ComparisonRow
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.compare.plots.panels import panels, panels_height
from lossbench.report.compare.plots.plot import Plot, View
from lossbench.report.style import LIGHT, TEXT, word_colour

_PANEL = 1.35


@dataclass(frozen=True)
class _Reliability:
    confidence: Floats
    accuracy: Floats
    count: Floats

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap, weighted by the rows in each bin."""
        return float((self.count * np.abs(self.accuracy - self.confidence)).sum() / self.count.sum())


def _reliability(view: View, row: ComparisonRow) -> _Reliability | None:
    bins = view.entry(row).result.reliability
    if bins is None:
        return None
    filled = [
        (confidence, accuracy, count)
        for confidence, accuracy, count in zip(bins.confidence, bins.accuracy, bins.count, strict=True)
        if count and confidence is not None and accuracy is not None
    ]
    return _Reliability(*(np.array(column, dtype=float) for column in zip(*filled, strict=True))) if filled else None


def _all(view: View) -> dict[str, _Reliability]:
    rows = [row for row in view.table.rows if row.word not in SCORELESS]
    return {row.name: found for row in rows if (found := _reliability(view, row)) is not None}


def _draw(part: FigureBase, view: View, height: float) -> None:
    found = _all(view)
    rows = [row for row in view.table.rows if row.name in found]
    low = min(float(r.confidence.min()) for r in found.values())
    low = 0.5 if low >= 0.5 else 0.0
    lowest = min(low, *(float(r.accuracy.min()) for r in found.values()))
    for row, axes in panels(part, height, rows, "confidence", "share that is right", _PANEL):
        mine = found[row.name]
        colour = word_colour(row.word)
        axes.plot([low, 1], [low, 1], color=LIGHT["faint"], lw=1)
        axes.plot(mine.confidence, mine.accuracy, color=colour, lw=1.2)
        axes.scatter(
            mine.confidence, mine.accuracy, s=4 + 60 * mine.count / mine.count.sum(), color=colour, lw=0, zorder=3
        )
        axes.set_xlim(low, 1)
        axes.set_ylim(lowest - 0.03, 1.03)
        axes.text(
            0.97,
            0.06,
            f"ECE {mine.error:.3f}",
            transform=axes.transAxes,
            ha="right",
            size=TEXT - 1,
            color=LIGHT["soft"],
        )


def _describe(view: View) -> str:
    parts = [f"{name}: {found.error:.3f}" for name, found in _all(view).items()]
    return "Reliability diagrams after temperature scaling. Expected calibration error of " + "; ".join(parts) + "."


CALIBRATION = Plot(
    "calibration",
    "Calibration",
    "Share of right decisions against the confidence they were made with, after the same temperature step for every "
    "loss; on the grey line confidence means what it says. A dot's area is its share of the rows; ECE is the mean gap.",
    lambda view: panels_height(len(_all(view)), _PANEL),
    _draw,
    _describe,
)
