"""The rows that an estimator is given, checked as scikit-learn checks them, and what its net sees of them.

Arrays are scaled; DataFrames, and what `preprocess=True` asks for, go through the preparation of the command line.
N rows, D columns or inputs.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.utils.validation import _check_sample_weight, _check_y, check_consistent_length, validate_data

from lossbench.data.preparation import Preparation
from lossbench.errors import UserError
from lossbench.estimators.inputs import fit_inputs, inputs_of
from lossbench.estimators.loss_parameter import checked_parameters
from lossbench.estimators.training import Array


class Columns:
    """From `X` to inputs; `preparation_`, or `center_` and `scale_`, are what was learnt."""

    preprocess: bool | Literal["auto"]
    standardise: bool

    def _checked(self, X: Any, y: Any, *, goes_on: bool, min_rows: int = 1, **of_y: Any) -> tuple[Any, Array]:
        """`X`, as float64 `[N, D]` or as the DataFrame that is to be prepared, and `y`; or ValueError."""
        if not self._prepares(X, fitted=goes_on):
            x, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=min_rows, reset=not goes_on, **of_y)
            return x, y
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        frame = self._frame(X, reset=not goes_on)
        y = _check_y(y, estimator=self, **of_y)
        check_consistent_length(frame, y)
        if len(frame) < min_rows:
            raise ValueError(f"Found array with {len(frame)} sample(s) while a minimum of {min_rows} is required.")
        return frame, y

    def _prepares(self, X: Any, *, fitted: bool) -> bool:
        """Whether `X` goes through the preparation of the command line."""
        if fitted:
            return hasattr(self, "preparation_")
        if not (isinstance(self.preprocess, bool) or self.preprocess == "auto"):
            with checked_parameters():
                raise UserError(f"must be 'auto', True or False, got {self.preprocess!r}", where="preprocess")
        frame = isinstance(X, pd.DataFrame)
        return frame if self.preprocess == "auto" else self.preprocess and (frame or not sparse.issparse(X))

    def _frame(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """`X` as a DataFrame, its names and their order checked as scikit-learn does."""
        if not hasattr(X, "shape"):
            X = np.asarray(X, dtype=object)
        if isinstance(X, pd.DataFrame) and X.columns.has_duplicates:
            name = str(X.columns[X.columns.duplicated()][0])
            with checked_parameters():
                raise UserError(f"several columns are named {name!r}", where="X", fix="give each its own name")
        validate_data(self, X, skip_check_array=True, reset=reset)
        if not isinstance(X, pd.DataFrame):
            X = pd.DataFrame(X, columns=getattr(self, "feature_names_in_", [f"x{i}" for i in range(X.shape[1])]))
        frame: pd.DataFrame = X.infer_objects()
        return frame

    def _fit_inputs(self, x: Any, rows: Array, weight_N: Array | None) -> None:
        """Learn from these rows how columns become inputs of mean 0 and deviation 1."""
        for before in ("preparation_", "center_", "scale_"):
            if hasattr(self, before):
                delattr(self, before)
        if isinstance(x, pd.DataFrame):
            self.preparation_: Preparation = fit_inputs(x, rows, weight_N, standardise=self.standardise)
            return
        self.center_, self.scale_ = np.zeros(x.shape[1]), np.ones(x.shape[1])
        if self.standardise:
            self.center_, spread = _moments(x[rows], None if weight_N is None else weight_N[rows])
            self.scale_ = np.where(spread > 0, spread, 1.0)

    def _inputs(self, x: Any, *, tells_unseen: bool = True) -> Array:
        """What the net sees of rows, `[N, D]`."""
        if not isinstance(x, pd.DataFrame):
            return np.asarray((x - self.center_) / self.scale_)
        with checked_parameters():
            return inputs_of(self.preparation_, x, tells_unseen=tells_unseen).astype(np.float64)

    def _new_rows(self, X: Any) -> Any:
        """Rows to predict, as float64 `[N, D]` or as a DataFrame."""
        if self._prepares(X, fitted=True):
            return self._frame(X, reset=False)
        return validate_data(self, X, dtype=np.float64, reset=False)


def rows_that_count(x: Any, y: Array, sample_weight: ArrayLike | None) -> tuple[Any, Array, Array | None]:
    """The rows of a weight above 0 with their weights; a row of weight 0 is no row."""
    if sample_weight is None:
        return x, y, None
    weight_N = _check_sample_weight(sample_weight, np.empty((len(x), 1)), dtype=np.float64, ensure_non_negative=True)
    rows = weight_N > 0
    return x[rows], y[rows], weight_N[rows]


def _moments(x_ND: Array, weight_N: Array | None) -> tuple[Array, Array]:
    """Mean and standard deviation of the columns, `[D]` each; exactly 0 of a constant."""
    if weight_N is None:
        return x_ND.mean(axis=0), x_ND.std(axis=0)
    mean = np.average(x_ND, axis=0, weights=weight_N)
    spread = np.sqrt(np.average((x_ND - mean) ** 2, axis=0, weights=weight_N))
    return mean, np.where(x_ND.min(axis=0) < x_ND.max(axis=0), spread, 0.0)
