"""How much the learning rate matters to each loss: the validation score over the grid, and what was chosen."""

from __future__ import annotations

from collections import Counter

import numpy as np
from matplotlib.figure import FigureBase
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from lossbench.record import MemberRecord
from lossbench.record.comparison import SCORELESS
from lossbench.report.compare.plots.panels import draw_others, note_off_scale, panels, panels_height
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


def _draw(part: FigureBase, view: View, height: float) -> None:
    profiles = _profiles(view)
    rows = [row for row in view.table.rows if row.name in profiles]
    sound = [v for row in rows if row.word != "broken" for v in profiles[row.name][1]]
    scores = sound or [v for _, mean in profiles.values() for v in mean]
    others = {name: np.array(profile, dtype=float).T for name, profile in profiles.items()}
    margin = 0.12 * (max(scores) - min(scores) or 1)
    metric = view.protocol.select_metric
    for row, axes in panels(
        part, height, rows, "learning rate; a dot's area is the share of splits that chose it", f"{metric} (validation)"
    ):
        draw_others(axes, others, row.name)
        rates, mean = profiles[row.name]
        axes.plot(rates, mean, color=word_colour(row.word))
        entry = view.entry(row)
        chosen = Counter(m.lr for m in entry.refits if m.params == entry.params)
        total = max(1, len(entry.refits))
        areas = [90 * chosen.get(lr, 0) / total for lr in rates]
        low, high = min(scores) - margin, max(scores) + margin
        seen = [low <= value <= high for value in mean]
        axes.scatter(
            np.array(rates)[seen], np.array(mean)[seen], s=np.array(areas)[seen],
            color=word_colour(row.word), zorder=3, lw=0, clip_on=False,
        )  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(10))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda lr, _: learning_rate(lr)))
        axes.set_ylim(low, high)
        note_off_scale(axes, np.array(mean), word_colour(row.word))


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
    lambda view: panels_height(len(_profiles(view))),
    _draw,
    _describe,
)
