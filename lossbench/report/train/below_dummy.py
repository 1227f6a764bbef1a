"""The alarm of a training whose loss falls while its scores are worse than those of a net that learnt nothing.

A wrong sign, swapped classes, or a scale that is off lets the loss fall all the same; what shows it is the score.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lossbench.record import LossResult, MetricRecord
from lossbench.report.format import listed, number
from lossbench.report.scale import floor_of

_CLEAR = 0.05  # how far below, for metrics other than the primary one: more than chance on a small test part


def below_dummy(result: LossResult, metrics: Sequence[MetricRecord], primary: str, dummy_name: str) -> str:
    """`worse than the majority class on the test part: accuracy 0.410 (majority class 0.594), while the loss fell ...`.

    "" where the primary metric is no worse than the dummy's and no other share or correlation is clearly worse. Means
    over the nets, on the test part or the last part there is.
    """
    part, label = next(
        ((name, label) for name, label in _PARTS if any(getattr(m, name) for m in result.members)),
        ("train", "training"),
    )
    worse = []
    for metric in sorted(metrics, key=lambda metric: metric.name != primary):
        values = [v for m in result.members if (v := getattr(m, part).get(metric.name)) is not None]
        floor = floor_of(metric, result.dummy.get(part, {}))
        if not values or floor is None or (metric.name != primary and metric.better == "lower"):
            continue
        mean = float(np.mean(values))
        gap = mean - floor if metric.better == "higher" else floor - mean
        if gap < (0 if metric.name == primary else -_CLEAR):
            worse.append(f"{metric.name} {number(mean)} ({dummy_name} {number(floor)})")
    if not worse:
        return ""
    return f"worse than the {dummy_name} on the {label} part: {listed(worse)}{_while_falling(result)}"


_PARTS = (("test", "test"), ("val", "validation"), ("train", "training"))


def _while_falling(result: LossResult) -> str:
    """`, while the training loss fell from 0.69 to 0.12`, the mean over the nets; "" where it did not."""
    curves = [c for m in result.members if len(c := m.curves.get("train_loss", [])) > 1]
    ends = [(c[0], c[-1]) for c in curves if c[0] is not None and c[-1] is not None]
    if not ends:
        return ""
    first, last = (float(np.mean([end[i] for end in ends])) for i in (0, 1))
    return f", while the training loss fell from {number(first)} to {number(last)}" if last < first else ""
