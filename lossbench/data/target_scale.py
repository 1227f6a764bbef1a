"""The unit that a regression's target is trained in: one rule for all losses, learnt from the training rows.

standard: (y - mean) / standard deviation. robust: (y - median) / (1.4826 MAD), MAD the median of |y - median|, which is
the standard deviation of a normal sample and which outliers cannot move. auto is robust where the standard deviation is
more than 6 times 1.4826 MAD, else standard. Of 4000 samples each of 100, 300, 1000 and 5000 rows it took for
heavy-tailed: none of a normal or an exponential distribution, at most 0.6% of a lognormal one (sigma 1, 100 rows; 0.1%
of 300 rows, none of more), at most 0.1% of Student's t with 3 degrees of freedom.

Where more than half of the values are equal, MAD is 0: auto is then standard (the others may be rare events, not
outliers), and robust takes the narrowest of the central 50%, 90% and 99% that is not empty, as of a normal sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lossbench.data.weights import weighted_mean, weighted_median, weighted_quantiles, weighted_std

TargetScale = Literal["auto", "standard", "robust"]

HEAVY = 6.0
_MAD = 1.482602218505602  # 1 / the normal's upper quartile
_CENTRAL = ((0.25, 1.3489795003921634), (0.05, 3.2897072539029457), (0.005, 5.151658607097801))  # widths of a normal


@dataclass(frozen=True)
class TargetScaling:
    """Trained on (y - center) / scale; `why` is a sentence where `auto` chose robust."""

    center: float = 0.0
    scale: float = 1.0
    why: str = ""
    statistic: Literal["mean", "median"] = "mean"  # that is the centre


def fit_target_scaling(
    target_N: NDArray[Any], how: TargetScale = "auto", weight_N: NDArray[Any] | None = None
) -> TargetScaling:
    """Learn centre and scale from the training rows' targets, weighted by `weight_N`; the scale of a constant is 1."""
    mean, spread = weighted_mean(target_N, weight_N), weighted_std(target_N, weight_N) or 1.0
    if how == "standard":
        return TargetScaling(mean, spread)
    median = weighted_median(target_N, weight_N)
    scale = _MAD * weighted_median(np.abs(target_N - median), weight_N)
    if how == "robust":
        return TargetScaling(median, scale or _central_width(target_N, weight_N) or spread, statistic="median")
    if scale == 0 or spread <= HEAVY * scale:
        return TargetScaling(mean, spread)
    why = (
        f"the target is scaled by its median ({median:g}) and 1.4826 MAD ({scale:g}), and scores are compared with the"
        f" median's; the standard deviation is {spread / scale:.3g} times as large, so a few values make it and the"
        " mean (--target-scale standard takes them)"
    )
    return TargetScaling(median, scale, why, "median")


def _central_width(target_N: NDArray[Any], weight_N: NDArray[Any] | None) -> float:
    for tail, width in _CENTRAL:
        low, high = weighted_quantiles(target_N, [tail, 1 - tail], weight_N)
        if high > low:
            return float(high - low) / width
    return 0.0


def fit_target_scalings(
    target: NDArray[Any], how: TargetScale, weight_N: NDArray[Any] | None, names: Sequence[str]
) -> list[TargetScaling]:
    """One for each of several targets `[N, K]`, whose names stand in the sentences; else one for `[N]`."""
    if not names:
        return [fit_target_scaling(target, how, weight_N)]
    found = [fit_target_scaling(target[:, k], how, weight_N) for k in range(len(names))]
    return [replace(one, why=f"{name}: {one.why}") if one.why else one for name, one in zip(names, found, strict=True)]


def target_statistic(
    target: NDArray[Any], how: TargetScale, weight_N: NDArray[Any] | None = None
) -> Literal["mean", "median"]:
    """What the centre is; of several targets the mean where it is that of all of them."""
    names = [str(k) for k in range(target.shape[1])] if target.ndim == 2 else []
    statistics = {one.statistic for one in fit_target_scalings(target, how, weight_N, names)}
    return "mean" if statistics == {"mean"} else "median"
