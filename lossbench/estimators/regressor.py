"""An MLP that predicts a number.

N rows, D inputs.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d, validate_data

from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.data.target_scale import fit_target_scaling
from lossbench.estimators.mlp import Array, BaseMLP


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """An MLP that predicts a number, trained with any regression loss.

    Parameters and attributes are those of `MLPClassifier`. Targets are scaled inside for losses that want that (as
    `target_scale: auto` does it) and predicted in their own units; losses of counts and of positive numbers see them
    as they are.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on `X [N, D]` and numbers `y [N]`; `UserError` for parameters that cannot be, and where it diverges."""
        x_ND, value_N = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        value_N = column_or_1d(value_N, warn=True).astype(np.float64)
        pair = self._pair(Task.REGRESSION)
        self.target_center_, self.target_scale_ = 0.0, 1.0
        if pair.encoding is Encoding.FLOAT:
            unit = fit_target_scaling(value_N)
            self.target_center_, self.target_scale_ = unit.center, unit.scale
        return self._train(x_ND, (value_N - self.target_center_) / self.target_scale_, pair, None)

    def predict(self, X: ArrayLike) -> Array:
        """The predicted number of each row, in y's units."""
        point = self._read(X).point_PN
        assert point is not None, "a regression has points"
        return np.asarray(point[0].numpy() * self.target_scale_ + self.target_center_)
