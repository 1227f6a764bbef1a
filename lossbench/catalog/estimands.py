"""What a loss estimates and what a metric is best for, by declaration, and whether the two agree.

An estimand is a property of the target's distribution given the features: "the mean", "the median", "the 0.9-quantile",
"the 0.9-expectile", "the mode"; of classes the most probable one, or the probabilities. A loss declares the one that
its expected value is least at, a metric the one that its best prediction is (Gneiting 2011,
doi:10.1198/jasa.2011.r10138). Weights change what a loss estimates: `weighted` and `weighted_by_density` say into what.
"""

from __future__ import annotations

from collections.abc import Sequence

MEAN, MEDIAN, MODE = "the mean", "the median", "the mode"
BETWEEN = "a compromise between median and mean"
NEAR_MEAN, NEAR_MEDIAN = "the mean to within epsilon", "the median to within epsilon"
BALANCED_MEAN = "the mean with all target values equally frequent"
TILTED_MEAN = "the mean with rarer target values ahead"
QUANTILE, EXPECTILE = "the {quantile:g}-quantile", "the {tau:g}-expectile"
M_QUANTILE = "the {quantile:g}-M-quantile"  # of Huber's influence function: between quantile and expectile
LOG_MEAN, WEIGHTED_MEDIAN = "exp E log(1 + y) - 1", "the median weighted by 1 / y"
PROBABILITIES = "the class probabilities"
POWERS = "powers of the class probabilities"  # which the common temperature undoes
MOST_PROBABLE = "the most probable class"
MEDIAN_CLASS = "the median class"  # of classes in an order
OTHER_CLASS = "a class that need not be the most probable one"
# "balanced": as if all classes were equally frequent
BALANCED_PROBABILITIES = "the class probabilities over the classes' shares of the rows"
BALANCED_CLASS = "the class that is most probable for its share of the rows"
BALANCED_MEDIAN = "the median class if all classes were equally frequent"
# with rarer classes ahead, but not by their shares
TILTED_PROBABILITIES = "the class probabilities with rarer classes ahead"
TILTED_CLASS = "the most probable class with rarer classes ahead"
WEIGHTED_PROBABILITIES = "the class probabilities times the classes' weights"
WEIGHTED_CLASS = "the class that is most probable after its weight"
BEST_F = "the decisions of the best mean F-measure"
BEST_F1 = "the decisions of the best F1 of the second class"
ORDER = "the order of rows by the probability of the second class"

_CENTRES = frozenset({MEAN, MEDIAN, MODE, BETWEEN, NEAR_MEAN, NEAR_MEDIAN})
_SAME = {"the 0.5-quantile": MEDIAN, "the 0.5-expectile": MEAN, "the 0.5-M-quantile": BETWEEN}
# What has the first has the others as well; a compromise between mean and median is wrong for neither.
_IMPLIES = {
    PROBABILITIES: {MOST_PROBABLE, MEDIAN_CLASS},
    POWERS: {MOST_PROBABLE, MEDIAN_CLASS, PROBABILITIES},
    BALANCED_PROBABILITIES: {BALANCED_CLASS, BALANCED_MEDIAN},
    BETWEEN: {MEAN, MEDIAN},
    NEAR_MEAN: {MEAN},
    NEAR_MEDIAN: {MEDIAN},
}
_OF_EVEN = {
    BALANCED_PROBABILITIES: PROBABILITIES,
    BALANCED_CLASS: MOST_PROBABLE,
    BALANCED_MEDIAN: MEDIAN_CLASS,
    TILTED_PROBABILITIES: PROBABILITIES,
    TILTED_CLASS: MOST_PROBABLE,
}
_BY_SHARE_POWER = {
    0.5: {PROBABILITIES: TILTED_PROBABILITIES, MOST_PROBABLE: TILTED_CLASS, POWERS: TILTED_CLASS},
    1.0: {PROBABILITIES: BALANCED_PROBABILITIES, MOST_PROBABLE: BALANCED_CLASS, POWERS: BALANCED_CLASS},
}
_WEIGHTED = {
    **dict.fromkeys((PROBABILITIES, BALANCED_PROBABILITIES, TILTED_PROBABILITIES), WEIGHTED_PROBABILITIES),
    **dict.fromkeys((MOST_PROBABLE, POWERS, BALANCED_CLASS, TILTED_CLASS), WEIGHTED_CLASS),
}


def canonical(estimand: str) -> str:
    """One name for one estimand: the 0.5-quantile is the median, the 0.5-expectile the mean."""
    return _SAME.get(estimand, estimand)


def weighted(estimand: str, share_power: float | None) -> str:
    """What a loss of that estimand estimates when each class weighs the inverse of its share to that power (0: none
    does), or whatever it was given (None)."""
    if share_power == 0:
        return estimand
    found = {} if share_power is None else _BY_SHARE_POWER[share_power]
    return found.get(estimand) or _WEIGHTED.get(estimand, estimand)


def weighted_by_density(estimand: str, power: float) -> str:
    """What a loss of values of that estimand estimates when each row weighs the inverse of its target's density to
    that power (0: none does); of a loss that evens values out itself, 1 as well only moves rarer ones ahead."""
    if not estimand or power == 0:
        return estimand
    if estimand == BALANCED_MEAN:
        return TILTED_MEAN
    return (BALANCED_MEAN if power == 1 else TILTED_MEAN).replace(MEAN, canonical(estimand), 1)


def are_even(class_counts: Sequence[float]) -> bool:
    """Whether classes are about equally frequent: shares then move no boundary by more than 0.1 in log-odds."""
    return bool(class_counts) and max(class_counts) <= 1.1 * min(class_counts)


def differ(estimated: str, scored: str, *, even: bool = False) -> bool:
    """Whether a loss of the first estimand has another best prediction than a metric of the second.

    What declares nothing ("") differs from nothing. `even`: classes are equally frequent, so that their shares change
    nothing.
    """
    if even:
        estimated, scored = (_OF_EVEN.get(estimand, estimand) for estimand in (estimated, scored))
    return bool(estimated and scored) and estimated != scored and scored not in _IMPLIES.get(estimated, ())


def agree_if_symmetric(first: str, second: str) -> bool:
    """Whether the two are one number wherever the target's distribution given the features is symmetric."""
    return {first, second} <= _CENTRES


def is_off_centre(estimand: str) -> bool:
    """Whether it is another number than the mean even of a symmetric distribution, as the 0.9-quantile is."""
    return bool(estimand) and estimand not in _CENTRES
