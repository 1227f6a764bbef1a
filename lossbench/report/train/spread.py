"""Scores over the seeds of a training, as every table of them writes one."""

from __future__ import annotations

import math

from lossbench.record import LossResult, MetricRecord
from lossbench.report.format import number

PARTS = {"train": "train", "val": "validation", "test": "test"}  # a part's name in a member's record -> for readers


def spread(result: LossResult, part: str, metric: MetricRecord) -> str:
    """`0.805 ± 0.012` over the seeds; seeds without a value are counted."""
    values = [getattr(m, part).get(metric.name) for m in result.members]
    known = [v for v in values if v is not None]
    if not known:
        return "n/a"
    mean = sum(known) / len(known)
    text = figure(mean)
    if len(known) > 1:
        deviation = math.sqrt(sum((v - mean) ** 2 for v in known) / (len(known) - 1))
        text += f" ± {figure(deviation, scale=mean)}"
    return text + (f" ({len(values) - len(known)} n/a)" if len(known) < len(values) else "")


def figure(value: float | None, scale: float | None = None) -> str:
    """Three decimals, or as many as four digits of a larger number need."""
    size = abs(scale if scale is not None else value or 0)
    return number(value, 3 if size < 10 else max(0, 3 - int(math.log10(size))))
