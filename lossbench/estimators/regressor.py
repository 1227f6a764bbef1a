"""An MLP that predicts a number, or several.

N rows, D inputs, K targets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import column_or_1d

from lossbench.catalog.activations import Activation
from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.distributions import Distribution
from lossbench.catalog.loss import Loss
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.data.target_scale import fit_target_scaling
from lossbench.errors import UserError
from lossbench.estimators.columns import rows_that_count
from lossbench.estimators.loss_parameter import checked_parameters
from lossbench.estimators.mlp import AUTO, BaseMLP
from lossbench.estimators.training import Array
from lossbench.experiments.setup.target_weight import ALIKE

NUMBERS = {"y_numeric": True, "multi_output": True}  # what y may be
OF_VALUES = {"self", "__class__", "target_weight"}  # of the constructor, not of every MLP


class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """An MLP that predicts a number, trained with any regression loss.

    Parameters and attributes are those of `MLPClassifier`. Targets are scaled inside for losses that want that (as
    `target_scale: auto` does it) and predicted in their own units; losses of counts and of positive numbers see them
    as they are.

    `target_weight` is "lds" (label-distribution smoothing: a row counts the inverse of its target's smoothed density
    among the rows that are trained on) or "sqrt_lds" (the root of that).

    >>> from sklearn.datasets import load_diabetes
    >>> from lossbench import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> net = MLPRegressor(loss="huber", epochs=40, lr=0.01, random_state=0).fit(X, y)
    >>> net.predict(X.head(2)).shape
    (2,)
    >>> net.score(X, y) > 0.4
    True
    """

    def __init__(
        self,
        loss: str | Loss | Callable[..., Any] = "mse",
        *,
        loss_params: Mapping[str, Any] | None = None,
        target_encoding: str | None = None,
        decode: str | Decoder | Callable[..., Prediction] | None = None,
        last_act: str | Activation | Callable[..., Any] = AUTO,
        hidden: Sequence[int] = (64,),
        activation: str = "relu",
        optim: str = "adam",
        lr: float = 1e-3,
        batch_size: int | None = 32,
        epochs: int = 100,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        schedule: str = "constant",
        l1: float = 0.0,
        l2: float = 0.0,
        patience: int | None = None,
        min_delta: float = 0.0,
        keep: Literal["last", "best"] = "last",
        validation: float = 0.2,
        target_weight: Literal["none", "lds", "sqrt_lds"] | None = None,
        standardise: bool = True,
        preprocess: bool | Literal["auto"] = "auto",
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Any = None,
        device: str = "auto",
        threads: int | None = 1,
    ) -> None:
        own = {name: value for name, value in locals().items() if name not in OF_VALUES}
        super().__init__(**own)
        self.target_weight = target_weight

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on `X [N, D]` and numbers `y [N]`, or `[N, K]` of K targets; `UserError` for parameters that cannot be
        and where it diverges.

        The loss of several targets is the mean over them, each in a unit of its own. `sample_weight [N]`: what each row
        counts, 0 or more; a row of weight 0 is left out. With `batch_size=None` and without early stopping a row of
        weight 2 is two equal rows.
        """
        goes_on = self.warm_start and self._is_trained
        return self._learn(*self._checked(X, y, goes_on=goes_on, min_rows=2, **NUMBERS), sample_weight, goes_on=goes_on)

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train one pass over `X [N, D]` and numbers `y [N]` or `[N, K]`, from the present weights, as scikit-learn's
        MLP does.

        The first call scales the columns of `X` and of `y` by its own rows, so let these be typical, or scale before.
        The optimiser goes on from call to call; `epochs` does not matter. Early stopping, schedules and a
        `target_weight` need all rows: `UserError`.

        >>> from sklearn.datasets import load_diabetes
        >>> from lossbench import MLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> MLPRegressor(random_state=0).partial_fit(X, y).partial_fit(X, y).n_iter_
        2
        """
        if self.target_weight not in (None, ALIKE):
            with checked_parameters():
                what = f"partial_fit does not know how frequent values are, so it has no {self.target_weight!r}"
                raise UserError(what, where="target_weight", fix="leave it out, or give sample_weight")
        goes_on = self._is_trained
        return self._learn(
            *self._checked(X, y, goes_on=goes_on, **NUMBERS), sample_weight, goes_on=goes_on, one_pass=True
        )

    def _learn(
        self, x: Any, y: Array, sample_weight: ArrayLike | None, *, goes_on: bool, one_pass: bool = False
    ) -> Self:
        value = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        x, value, weight_N = rows_that_count(x, value.astype(np.float64), sample_weight)
        targets = 1 if value.ndim == 1 else value.shape[1]
        pair = self._pair(Task.REGRESSION, targets=targets)
        is_scaled = pair.encoding is Encoding.FLOAT
        if not goes_on:
            self._scale_target(value, weight_N, is_scaled=is_scaled)
        elif is_scaled != self._is_scaled:
            with checked_parameters():
                units = "scaled targets and now sees them as they are", "targets as they are and now sees them scaled"
                what = f"the net was trained on {units[is_scaled]}"
                raise UserError(what, where="loss", fix="fit it anew, with warm_start=False")
        elif targets != self.targets_:
            raise ValueError(f"y must have {self.targets_} target(s), as before; it has {targets}")
        given = (value - self.target_center_) / self.target_scale_
        return self._train(x, given, pair, weight_N, goes_on=goes_on, one_pass=one_pass)

    def _scale_target(self, value: Array, weight_N: Array | None, *, is_scaled: bool) -> None:
        """Learn the units that the loss is trained in, one for each target."""
        self._is_scaled = is_scaled
        self.target_center_: float | Array = 0.0
        self.target_scale_: float | Array = 1.0
        if not is_scaled:
            return
        units = [fit_target_scaling(one, weight_N=weight_N) for one in np.atleast_2d(value.T)]
        self.target_center_, self.target_scale_ = units[0].center, units[0].scale
        if value.ndim == 2:
            self.target_center_ = np.array([unit.center for unit in units])
            self.target_scale_ = np.array([unit.scale for unit in units])

    def __sklearn_tags__(self) -> Tags:
        """What scikit-learn asks: `y` may have several columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: ArrayLike) -> Array:
        """The predicted number of each row, `[N]` or `[N, K]`, in y's units."""
        point = self._in_units(X).point_PN
        assert point is not None, "a regression has points"
        return np.asarray(point[0].numpy())

    def predict_quantiles(self, X: ArrayLike, quantiles: Sequence[float] = (0.05, 0.5, 0.95)) -> Array:
        """Quantiles of each row's number, `[N, L]`, in y's units; `ValueError` where the loss does not predict them.

        >>> from sklearn.datasets import load_diabetes
        >>> from lossbench import MLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> MLPRegressor("laplace_nll", epochs=2, random_state=0).fit(X, y).predict_quantiles(X[:2], [0.1, 0.9]).shape
        (2, 2)
        """
        spread = self._in_units(X).spread
        if spread is None:
            raise ValueError("the loss predicts no quantiles; take one that does, such as multi_quantile")
        return np.asarray(spread.at(quantiles)[0].numpy())

    def pred_dist(self, X: ArrayLike) -> Distribution:
        """The distribution of each row's number, in y's units; `ValueError` where the loss predicts none.

        Its `mean`, `sd`, `cdf(y)`, `quantile(level)` are tensors `[1, N]`.
        """
        distribution = self._in_units(X).distribution
        if distribution is None:
            raise ValueError("the loss predicts no distribution; take one that does, such as laplace_nll")
        return distribution

    def _in_units(self, X: ArrayLike) -> Prediction:
        read = self._read(X)  # which looks first whether it is fitted
        scale, center = (torch.as_tensor(unit) for unit in (self.target_scale_, self.target_center_))
        return read.scaled(scale, center)
