"""What losses estimate of classes, given their parameters, where neither `proper` nor `consistent` says it.

Functions of a loss's parameters, in the words of `lossbench.catalog.estimands`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossbench.catalog.estimands import (
    BALANCED_CLASS,
    BALANCED_PROBABILITIES,
    BEST_F,
    BEST_F1,
    MOST_PROBABLE,
    ORDER,
    POWERS,
    PROBABILITIES,
    TILTED_CLASS,
    TILTED_PROBABILITIES,
    WEIGHTED_PROBABILITIES,
)

Params = Mapping[str, Any]


def by_pos_weight(params: Params) -> str:
    """It multiplies the odds of the second class."""
    return PROBABILITIES if params["pos_weight"] == 1 else WEIGHTED_PROBABILITIES


def by_threshold(params: Params) -> str:
    """Errors of classes lie within 1: where the only parameter is above, the loss is a squared error."""
    (threshold,) = params.values()
    return PROBABILITIES if threshold >= 1 else MOST_PROBABLE


def by_q(params: Params) -> str:
    """Of power 1 / (1 - q); at q = 1 the decision only."""
    return POWERS if params["q"] < 1 else MOST_PROBABLE


def square_roots(params: Params) -> str:
    """Whatever there is for parameters."""
    return POWERS


def tempered(params: Params) -> str:
    """At a temperature that is the loss's own."""
    return POWERS


def in_large_batches(params: Params) -> str:
    """Of few rows, up to their chance."""
    return PROBABILITIES


def by_tau(params: Params) -> str:
    """Probabilities over the shares to the power of tau."""
    return {0.0: PROBABILITIES, 1.0: BALANCED_PROBABILITIES}.get(params["tau"], TILTED_PROBABILITIES)


def by_tau_unless_scaled(params: Params) -> str:
    """Scaled class by class, scores have no one minimiser: which class is ahead there is not decided."""
    return "" if params["gamma"] else by_tau(params)


def by_beta(params: Params) -> str:
    """Probabilities times the weights, which are 1 at beta = 0; of focal values the decision only."""
    if params["gamma"]:
        return TILTED_CLASS if params["beta"] else MOST_PROBABLE
    return TILTED_PROBABILITIES if params["beta"] else PROBABILITIES


def by_inverse_counts(params: Params) -> str:
    """Weights of 1 / n_k whatever the parameters, and probabilities that are not the true ones."""
    return BALANCED_CLASS


def by_label_share(params: Params) -> str:
    """Labels alone are cross-entropy's target; what the net believes sharpens it."""
    return PROBABILITIES if params["beta"] == 1 else MOST_PROBABLE


def by_noise(params: Params) -> str:
    """Labels that are wrong alike in all classes keep the most probable one ahead; of a matrix that is not known."""
    if params["noise_matrix"] is not None:
        return ""
    return MOST_PROBABLE if params["noise_rate"] else PROBABILITIES


def whatever_margin(params: Params) -> str:
    """Margins move the boundary between few rows; of the minimiser by less than 0.02 in probability."""
    return MOST_PROBABLE


def best_f(params: Params) -> str:
    """Which F-measure, the parameters decide."""
    return BEST_F


def best_f1(params: Params) -> str:
    """Of the second class."""
    return BEST_F1


def order(params: Params) -> str:
    """Scores are compared with each other only."""
    return ORDER
