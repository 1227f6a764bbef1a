"""What a loss estimates and what a metric is best for, by declaration, and whether the two agree.

An estimand is a property of the target's distribution given the features: "the mean", "the median", "the 0.9-quantile",
"the 0.9-expectile", "the mode"; of classes the most probable one. A loss declares the one that its expected value is
least at, a metric the one that its best prediction is (Gneiting 2011, doi:10.1198/jasa.2011.r10138).
"""

from __future__ import annotations

MEAN, MEDIAN, MODE = "the mean", "the median", "the mode"
BETWEEN = "a compromise between median and mean"
QUANTILE, EXPECTILE = "the {quantile:g}-quantile", "the {tau:g}-expectile"
LOG_MEAN, WEIGHTED_MEDIAN = "exp E log(1 + y) - 1", "the median weighted by 1 / y"
MOST_PROBABLE = "the most probable class"
OTHER_CLASS = "a class that need not be the most probable one"

_CENTRES = frozenset({MEAN, MEDIAN, MODE, BETWEEN})
_SAME = {"the 0.5-quantile": MEDIAN, "the 0.5-expectile": MEAN}


def canonical(estimand: str) -> str:
    """One name for one estimand: the 0.5-quantile is the median, the 0.5-expectile the mean."""
    return _SAME.get(estimand, estimand)


def differ(estimated: str, scored: str) -> bool:
    """Whether a loss of the first estimand has another best prediction than a metric of the second.

    What declares nothing ("") differs from nothing, and a compromise between mean and median is wrong for neither.
    """
    if not estimated or not scored or (estimated == BETWEEN and scored in {MEAN, MEDIAN}):
        return False
    return estimated != scored


def agree_if_symmetric(first: str, second: str) -> bool:
    """Whether the two are one number wherever the target's distribution given the features is symmetric."""
    return {first, second} <= _CENTRES


def is_off_centre(estimand: str) -> bool:
    """Whether it is another number than the mean even of a symmetric distribution, as the 0.9-quantile is."""
    return bool(estimand) and estimand not in _CENTRES
