"""Reliability: how often predictions made with some confidence are right, after the common temperature step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lossbench.record.comparison import SCORELESS, ComparisonRow
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.compare.drawing import INCH, TEXT, Drawing
from lossbench.report.compare.plots.panels import Axis, panels
from lossbench.report.compare.plots.plot import Plot, View
from lossbench.report.style import LIGHT, word_colour

_PANEL = 1.35 * INCH


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


def _draw(view: View) -> Drawing | None:
    found = _all(view)
    if not found:
        return None
    rows = [row for row in view.table.rows if row.name in found]
    low = min(float(r.confidence.min()) for r in found.values())
    low = 0.5 if low >= 0.5 else 0.0
    lowest = min(low, *(float(r.accuracy.min()) for r in found.values()))
    x, y = Axis("confidence", low, 1), Axis("share that is right", lowest - 0.03, 1.03)
    drawing, each = panels(rows, x, y, {}, height=_PANEL)
    for panel in each:
        mine, colour = found[panel.item.name], word_colour(panel.item.word)
        points = list(zip(mine.confidence.tolist(), mine.accuracy.tolist(), strict=True))
        panel.line([(low, low), (1, 1)], LIGHT["faint"], 1)
        panel.line(points, colour, 1.2)
        panel.dots(points, [math.sqrt(4 + 60 * share) / 2 for share in mine.count / mine.count.sum()], colour)
        drawing.text(
            panel.x.end - 4, panel.y.start - 9, f"ECE {mine.error:.3f}", LIGHT["soft"], size=TEXT - 1, anchor="end"
        )
    return drawing


def _describe(view: View) -> str:
    parts = [f"{name}: {found.error:.3f}" for name, found in _all(view).items()]
    return "Reliability diagrams after temperature scaling. Expected calibration error of " + "; ".join(parts) + "."


CALIBRATION = Plot(
    "calibration",
    "Calibration",
    "Share of right decisions against the confidence they were made with, after the same temperature step for every "
    "loss; on the grey line confidence means what it says. A dot's area is its share of the rows; ECE is the mean gap.",
    _draw,
    _describe,
)
