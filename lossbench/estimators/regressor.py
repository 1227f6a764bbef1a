"""An MLP that predicts a number, or several.

N rows, D inputs, K targets.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import column_or_1d, validate_data

from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.data.target_scale import fit_target_scaling
from lossbench.estimators.mlp import Array, BaseMLP, rows_that_count


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """An MLP that predicts a number, trained with any regression loss.

    Parameters and attributes are those of `MLPClassifier`. Targets are scaled inside for losses that want that (as
    `target_scale: auto` does it) and predicted in their own units; losses of counts and of positive numbers see them
    as they are.
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on `X [N, D]` and numbers `y [N]`, or `[N, K]` of K targets; `UserError` for parameters that cannot be
        and where it diverges.

        The loss of several targets is the mean over them, each in a unit of its own. `sample_weight [N]`: what each row
        counts, 0 or more; a row of weight 0 is left out. With `batch_size=None` and without early stopping a row of
        weight 2 is two equal rows.
        """
        x_ND, value = validate_data(
            self, X, y, dtype=np.float64, y_numeric=True, multi_output=True, ensure_min_samples=2
        )
        if value.ndim == 2 and value.shape[1] == 1:
            value = column_or_1d(value, warn=True)
        x_ND, value, weight_N = rows_that_count(x_ND, value.astype(np.float64), sample_weight)
        targets = 1 if value.ndim == 1 else value.shape[1]
        pair = self._pair(Task.REGRESSION, targets=targets)
        self.target_center_: float | Array = 0.0
        self.target_scale_: float | Array = 1.0
        if pair.encoding is Encoding.FLOAT:
            units = [fit_target_scaling(one, weight_N=weight_N) for one in np.atleast_2d(value.T)]
            self.target_center_, self.target_scale_ = units[0].center, units[0].scale
            if targets > 1:
                self.target_center_ = np.array([unit.center for unit in units])
                self.target_scale_ = np.array([unit.scale for unit in units])
        return self._train(x_ND, (value - self.target_center_) / self.target_scale_, pair, weight_N)

    def __sklearn_tags__(self) -> Tags:
        """What scikit-learn asks: `y` may have several columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: ArrayLike) -> Array:
        """The predicted number of each row, `[N]` or `[N, K]`, in y's units."""
        point = self._read(X).point_PN
        assert point is not None, "a regression has points"
        return np.asarray(point[0].numpy() * self.target_scale_ + self.target_center_)
