"""Learning curves of every loss of a comparison, on the loss-neutral metric."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import FigureBase

from lossbench.record.comparison import SCORELESS, ComparisonRow
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.compare.plots.panels import draw_others, note_off_scale, panels, panels_height
from lossbench.report.compare.plots.plot import Plot, View
from lossbench.report.curves import draw_band, stacked, thinned
from lossbench.report.style import word_colour


def _chosen(view: View, row: ComparisonRow) -> Floats | None:
    """Validation curves of the trials that were chosen on their split."""
    entry = view.entry(row)
    chosen = [(m.split, m.lr, m.params) for m in entry.refits]
    trials = [m for m in entry.result.members if m.role == "trial" and (m.split, m.lr, m.params) in chosen]
    return stacked(trials, "val_score")


def _curves(view: View) -> dict[str, Floats]:
    rows = [row for row in view.table.rows if row.word not in SCORELESS]
    return {row.name: curve for row in rows if (curve := _chosen(view, row)) is not None}


def _draw(part: FigureBase, view: View, height: float) -> None:
    curves = _curves(view)
    rows = [row for row in view.table.rows if row.name in curves]
    means = {name: curve.mean(axis=0) for name, curve in curves.items()}
    sound = [curves[row.name] for row in rows if row.word != "broken"] or list(curves.values())
    low = min(float(np.quantile(curve, 0.02)) for curve in sound)
    high = max(float(np.quantile(curve, 0.98)) for curve in sound)
    margin = 0.08 * (high - low or 1)
    longest = max(map(len, means.values()))
    others = {
        name: np.stack([at + 1, mean[at]], axis=1) for name, mean in means.items() for at in [thinned(len(mean), 30)]
    }
    metric = view.protocol.select_metric
    for row, axes in panels(part, height, rows, "epoch", f"{metric} (validation)"):
        draw_others(axes, others, row.name)
        draw_band(axes, curves[row.name], word_colour(row.word))
        axes.set_xlim(1, max(2, longest))
        axes.set_ylim(low - margin, high + margin)
        note_off_scale(axes, means[row.name], word_colour(row.word))


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
    lambda view: panels_height(len(_curves(view))),
    _draw,
    _describe,
)
