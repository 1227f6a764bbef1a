"""What a metric's numbers are measured by: its range, how large 1% of it is, and what a net that learnt nothing scores.

Shares of rows (accuracy, AUROC, ...) and correlations have a scale of their own: 0.01 is one row in a hundred. Errors
have none: 0.01 of a Brier score is little on one table and half of all there is on another. Their scale is the error
of the dummy: of the majority class, or of the target mean. The metric declares which of the two it has (`rope`).
"""

from __future__ import annotations

import math

from lossbench.record import MetricRecord, Scores


def unit_of(metric: MetricRecord, dummy: Scores) -> float:
    """What a share of 1 is in the metric's own unit: 1, or the dummy's error or error rate; 1 where that is 0."""
    if metric.rope == "absolute":
        return 1.0
    accuracy = dummy.get("accuracy")
    error_rate = None if accuracy is None else 1 - accuracy
    error = error_rate if metric.rope == "dummy_error_rate" else dummy.get(metric.name)
    return error if error is not None and error > 0 else 1.0


def floor_of(metric: MetricRecord, dummy: Scores) -> float | None:
    """What a net scores that has learnt nothing; None where the metric does not tell.

    The majority class, with the classes' shares as its probabilities, is calibrated whatever it knows: it is no lower
    limit for a calibration error.
    """
    return None if metric.rope == "dummy_error_rate" else dummy.get(metric.name)


def way_to_perfect(metric: MetricRecord, dummy: Scores) -> tuple[float, float]:
    """The dummy's score, and how far from there a perfect one is: (score - dummy) / way is 0 and 1 at the two.

    (0, unit) for a metric without a best value, or where the dummy is perfect.
    """
    best = metric.high if metric.better == "higher" else metric.low
    floor = floor_of(metric, dummy)
    if floor is None and metric.rope == "dummy_error_rate":
        floor = unit_of(metric, dummy)
    if best is None or floor is None or math.isclose(best, floor):
        return 0.0, unit_of(metric, dummy)
    return floor, abs(best - floor)


def within_range(metric: MetricRecord, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """A score's interval, cut at both ends of the metric's range."""
    if low is not None and metric.low is not None:
        low = max(low, metric.low)
    if high is not None and metric.high is not None:
        high = min(high, metric.high)
    return low, high
