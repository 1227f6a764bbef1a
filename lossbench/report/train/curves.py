"""curves.png of a training run: its loss on the training and validation part, and the metric."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from lossbench.record import LossResult, TrainRecord
from lossbench.report.curves import draw_band, stacked, thinned
from lossbench.report.style import LIGHT, TEXT, TITLE, WIDTH, new_figure, place, quiet, title

_LOSSES = {"train_loss": LIGHT["better"], "val_loss": LIGHT["worse"]}
_FAR = 100.0  # times the first loss: beyond it, a linear axis shows the end only


def train_curves(record: TrainRecord) -> Figure:
    """Curves of a training run: its loss on the training and validation part, and the metric; mean and band.

    Where a broken pair was compared with the one recommended, that one's metric is behind in grey. A run that has no
    finite loss says so.
    """
    result = record.results[0]
    metric = record.protocol.metric
    height = TITLE + 0.3 + 2.6 + 0.6
    figure = new_figure(height)
    seeds = len(result.members)
    title(figure, result.name, f"mean and the middle 80% of {seeds} seeds" if seeds > 1 else "one seed", height)
    both = stacked(result.members, "val_score") is not None
    half = (WIDTH - 2.5) / 2
    loss = place(figure, height, 0.7, WIDTH - 0.7 - half if both else 1.0, 0.6, 2.6)
    _loss_curves(loss, result)
    if both:
        score = place(figure, height, 0.7 + half + 1.45, 0.35, 0.6, 2.6)
        for other in record.results[1:]:
            _behind(score, other)
        _one(score, result, "val_score", LIGHT["better"])
        score.set_title(f"{metric} (validation)", loc="left", size=TEXT)
        _mark_best(score, result, record.protocol.keep)
    return figure


def _loss_curves(axes: Axes, result: LossResult) -> None:
    ends = {curve: _one(axes, result, curve, colour) for curve, colour in _LOSSES.items()}
    known = {curve: end for curve, end in ends.items() if end is not None}
    axes.set_title(f"loss: {result.loss.label}", loc="left", size=TEXT)
    if not known:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no epoch with a finite loss", transform=axes.transAxes, ha="center", color=LIGHT["soft"])
        return
    _scale(axes, result)
    for curve, (epochs, last) in known.items():
        # Said at the curve itself, a little apart where both end at the same place.
        apart = 0 if len(known) < 2 else 5 if last == max(end for _, end in known.values()) else -5
        axes.annotate(
            "training" if curve == "train_loss" else "validation", (epochs, last), (4, apart),
            textcoords="offset points", color=_LOSSES[curve], va="center", size=TEXT - 1,
        )  # fmt: skip
    if result.loss.floor is not None and axes.get_ylim()[0] < result.loss.floor:
        axes.axhline(result.loss.floor, color=LIGHT["soft"], lw=1, ls=(0, (3, 3)))
        axes.annotate(
            "its floor", (1, result.loss.floor), (0, 3), xycoords=("axes fraction", "data"),
            textcoords="offset points", color=LIGHT["soft"], ha="right", size=TEXT - 1,
        )  # fmt: skip


def _scale(axes: Axes, result: LossResult) -> None:
    """A loss that runs over orders of magnitude gets an axis that is logarithmic in both directions beyond 1: on a
    linear one the epoch in which it fell below its floor cannot be seen."""
    values = np.concatenate([c.ravel() for name in _LOSSES if (c := stacked(result.members, name)) is not None])
    if float(np.abs(values).max()) > _FAR * max(1.0, abs(float(values[0]))):
        axes.set_yscale("symlog", linthresh=1.0)
        low, high = (float(end) * (2.0 if abs(end) > 1 else 1.0) for end in (values.min(), values.max()))
        low, high = min(low, -1.0 if low < 0 else 0.0), max(high, 1.0)
        axes.set_ylim(low, high)
        reach = max(1, int(np.log10(max(abs(low), abs(high), 10))))
        powers = [10.0**p for p in range(0, reach + 1, max(1, reach // 4))]
        ticks = [-p for p in reversed(powers)] + [0.0, *powers]
        axes.yaxis.set_major_locator(FixedLocator([t for t in ticks if low <= t <= high]))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))


def _tick(value: float) -> str:
    """`0.25`, `−4e6`: what an axis would put into an offset above it is said at each tick."""
    text = f"{value:.4g}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def _behind(axes: Axes, result: LossResult) -> None:
    """The metric of a run that is there for comparison."""
    value_ME = stacked(result.members, "val_score")
    if value_ME is None:
        return
    mean, at = value_ME.mean(axis=0), thinned(value_ME.shape[1])
    axes.plot(at + 1, mean[at], color=LIGHT["faint"])
    axes.annotate(
        f"with {result.last_act}", (at[-1] + 1, mean[at[-1]]), (0, 4), textcoords="offset points",
        color=LIGHT["soft"], ha="right", size=TEXT - 1,
    )  # fmt: skip


def _one(axes: Axes, result: LossResult, curve: str, colour: str) -> tuple[int, float] | None:
    """Draw a curve; where its mean ends, None where there is none."""
    value_ME = stacked(result.members, curve)
    quiet(axes, grid="y")
    axes.set_xlabel("epoch")
    axes.tick_params(axis="y", labelcolor=LIGHT["soft"], labelsize=TEXT - 1)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if value_ME is None:
        axes.set_xlim(1, 2)
        return None
    draw_band(axes, value_ME, colour)
    axes.set_xlim(1, max(2, value_ME.shape[1]))
    return value_ME.shape[1], float(value_ME.mean(axis=0)[-1])


def _mark_best(axes: Axes, result: LossResult, keep: str) -> None:
    best = [m.best_epoch for m in result.members if m.best_epoch]
    if best:
        first, last, middle = min(best), max(best), float(np.median(best))
        right = middle > axes.get_xlim()[1] / 2
        kept = "" if keep == "best" else " (kept: the last)"
        axes.axvline(middle, color=LIGHT["faint"], lw=1, zorder=0)
        axes.annotate(
            (f"best epoch: {first}" if first == last else f"best epochs: {first} to {last}") + kept,
            (middle, 0.02), (-4 if right else 4, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", color=LIGHT["soft"], ha="right" if right else "left", size=TEXT - 1,
        )  # fmt: skip
