"""How much the learning rate matters to each loss: the validation score over the grid, and what was chosen."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from lossbench.record import MemberRecord
from lossbench.record.comparison import SCORELESS
from lossbench.report.compare.drawing import Drawing, bounds
from lossbench.report.compare.plots.panels import Axis, panels
from lossbench.report.compare.plots.plot import Plot, View
from lossbench.report.format import learning_rate
from lossbench.report.style import word_colour

Profile = tuple[list[float], list[float]]  # learning rates, mean validation scores


def _score(member: MemberRecord, view: View) -> float | None:
    metric = view.protocol.select_metric
    score = member.val.get(metric)
    if score is not None:
        return score
    curve = [v for v in member.curves.get("val_score", []) if v is not None]
    return (max if view.setting.better == "higher" else min)(curve, default=None)


def _profiles(view: View) -> dict[str, Profile]:
    profiles = {}
    for row in view.table.rows:
        by_lr: dict[float, list[float]] = {}
        entry = view.entry(row)
        for member in entry.result.members:
            tried = member.role == "trial" and member.params == entry.params
            if tried and member.lr and (score := _score(member, view)) is not None:
                by_lr.setdefault(member.lr, []).append(score)
        if len(by_lr) > 1 and row.word not in SCORELESS:
            rates = sorted(by_lr)
            profiles[row.name] = (rates, [float(np.mean(by_lr[lr])) for lr in rates])
    return profiles


def _draw(view: View) -> Drawing | None:
    profiles = _profiles(view)
    if not profiles:
        return None
    rows = [row for row in view.table.rows if row.name in profiles]
    scores = [v for row in rows if row.word != "broken" for v in profiles[row.name][1]]
    low, high = bounds(scores or [v for _, mean in profiles.values() for v in mean], 0.12)
    tried = sorted({lr for rates, _ in profiles.values() for lr in rates})
    x = Axis(
        "learning rate; a dot's area is the share of splits that chose it",
        tried[0] / _room(tried),
        tried[-1] * _room(tried),
        log=True,
        ticks=_powers(tried),
    )
    y = Axis(f"{view.protocol.select_metric} (validation)", low, high)
    lines = {name: list(zip(*profile, strict=True)) for name, profile in profiles.items()}
    drawing, each = panels(rows, x, y, lines)
    for panel in each:
        points, colour = lines[panel.item.name], word_colour(panel.item.word)
        if panel.note_off_scale([score for _, score in points], colour):
            continue
        panel.line(points, colour)
        entry = view.entry(panel.item)
        chosen = Counter(m.lr for m in entry.refits if m.params == entry.params)
        total = max(1, len(entry.refits))
        panel.dots(points, [math.sqrt(90 * chosen.get(lr, 0) / total) / 2 for lr, _ in points], colour)
    return drawing


def _room(tried: list[float]) -> float:
    """What the least rate is divided by, so that the first dot is whole."""
    return float((tried[-1] / tried[0]) ** 0.06)


def _powers(tried: list[float]) -> list[tuple[float, str]]:
    """The powers of ten among the rates, every other of many; where there is only one, the ends of the grid."""
    powers = [
        10.0**e for e in range(math.ceil(math.log10(tried[0]) - 1e-9), math.floor(math.log10(tried[-1]) + 1e-9) + 1)
    ]
    shown = powers[:: math.ceil(len(powers) / 4)] if len(powers) > 1 else [tried[0], tried[-1]]
    return [(lr, learning_rate(lr)) for lr in shown]


def _describe(view: View) -> str:
    profiles = _profiles(view)
    better = max if view.better_sign > 0 else min
    parts = []
    for name, (rates, mean) in profiles.items():
        parts.append(
            f"{name}: best at {learning_rate(rates[mean.index(better(mean))])}, {min(mean):.3g} to {max(mean):.3g}"
        )
    return "Mean validation score at each learning rate. " + "; ".join(parts) + "."


LR_SENSITIVITY = Plot(
    "lr-sensitivity",
    "Sensitivity to the learning rate",
    "Mean validation score of the trials at each learning rate, with the parameters that a loss chose most often; the "
    "larger a dot, the more splits chose it. "
    "A loss that is good at one rate only is a harder loss to use.",
    _draw,
    _describe,
)
