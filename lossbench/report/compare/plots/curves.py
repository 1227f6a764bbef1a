"""Learning curves of every loss of a comparison, on the loss-neutral metric."""

from __future__ import annotations

import numpy as np

from lossbench.record.comparison import SCORELESS, ComparisonRow
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.compare.drawing import Drawing, Points
from lossbench.report.compare.plots.panels import Axis, panels
from lossbench.report.compare.plots.plot import Plot, View
from lossbench.report.curves import stacked, thinned
from lossbench.report.style import word_colour

_POINTS = 60  # per curve: a panel is 130 points wide


def _chosen(view: View, row: ComparisonRow) -> Floats | None:
    """Validation curves of the trials that were chosen on their split."""
    entry = view.entry(row)
    chosen = [(m.split, m.lr, m.params) for m in entry.refits]
    trials = [m for m in entry.result.members if m.role == "trial" and (m.split, m.lr, m.params) in chosen]
    return stacked(trials, "val_score")


def _curves(view: View) -> dict[str, Floats]:
    rows = [row for row in view.table.rows if row.word not in SCORELESS]
    return {row.name: curve for row in rows if (curve := _chosen(view, row)) is not None}


def _draw(view: View) -> Drawing | None:
    curves = _curves(view)
    if not curves:
        return None
    rows = [row for row in view.table.rows if row.name in curves]
    sound = [curves[row.name] for row in rows if row.word != "broken"] or list(curves.values())
    low = min(float(np.quantile(curve, 0.02)) for curve in sound)
    high = max(float(np.quantile(curve, 0.98)) for curve in sound)
    margin = 0.08 * (high - low or 1)
    means = {name: _line(curve.mean(axis=0)) for name, curve in curves.items()}
    x = Axis("epoch", 1, max(2, *(curve.shape[1] for curve in curves.values())))
    y = Axis(f"{view.protocol.select_metric} (validation)", low - margin, high + margin)
    drawing, each = panels(rows, x, y, means)
    for panel in each:
        curve, colour = curves[panel.item.name], word_colour(panel.item.word)
        if panel.note_off_scale([value for _, value in means[panel.item.name]], colour):
            continue
        if len(curve) > 1:
            least, most = np.quantile(curve, [0.1, 0.9], axis=0)
            panel.band(_line(least), _line(most), colour, 0.18)
        panel.line(means[panel.item.name], colour)
    return drawing


def _line(value_E: Floats) -> Points:
    """A curve as points: its epochs, counted from 1, and its values."""
    return [(float(epoch + 1), float(value_E[epoch])) for epoch in thinned(len(value_E), _POINTS)]


def _describe(view: View) -> str:
    curves = _curves(view)
    return "Validation curves of every loss at its chosen learning rate. " + "; ".join(
        f"{name}: from {curve[:, 0].mean():.3g} to {curve[:, -1].mean():.3g} in {curve.shape[1]} epochs"
        for name, curve in curves.items()
    ) + "."  # fmt: skip


CURVES = Plot(
    "curves",
    "Learning curves",
    "The loss-neutral metric on the inner folds, at the learning rate chosen on each split: mean, and the "
    "band that holds the middle 80% of the splits. The other losses are behind in grey.",
    _draw,
    _describe,
)
