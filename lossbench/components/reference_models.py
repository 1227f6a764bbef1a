"""Reference models: what another model than a net reaches on the same rows, so that one sees what the net limits.

They are scikit-learn's, with their defaults, and are in no test. To add one, add one declaration here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lossbench.registry import Registry


@dataclass(frozen=True)
class ReferenceModel:
    """A model for classes and one for values; each function gives an unfitted scikit-learn estimator for a seed."""

    name: str
    description: str
    classifier: Callable[[int], Any] = field(repr=False)
    regressor: Callable[[int], Any] = field(repr=False)


REFERENCE_MODELS: Registry[ReferenceModel] = Registry("reference model", has_command=False)


def _logistic_regression(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000, random_state=seed)


def _ridge(seed: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(random_state=seed)


def _boosted_classes(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(random_state=seed)


def _boosted_values(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(random_state=seed)


for _model in (
    ReferenceModel(
        "linear",
        "scikit-learn's LogisticRegression, or Ridge for values",
        _logistic_regression,
        _ridge,
    ),
    ReferenceModel(
        "boosting",
        "scikit-learn's HistGradientBoostingClassifier or -Regressor",
        _boosted_classes,
        _boosted_values,
    ),
):
    REFERENCE_MODELS.add(_model)
