"""Attributes of a fitted estimator under the names that scikit-learn's own MLPs have for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class FittedAttributes:
    """What follows from the weights and the curves."""

    state_: dict[str, Array]
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    best_epoch_: int | None

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each layer, `[in, out]`."""
        return [values.T for name, values in self.state_.items() if name.endswith(".weight")]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each layer, `[out]`."""
        return [values for name, values in self.state_.items() if name.endswith(".bias")]

    @property
    def n_layers_(self) -> int:
        """Layers, the inputs counted as one."""
        return len(self.coefs_) + 1

    @property
    def n_outputs_(self) -> int:
        """Outputs of the net."""
        return len(self.intercepts_[-1])

    @property
    def loss_(self) -> float:
        """The mean training loss of the last epoch."""
        return self.loss_curve_[-1]

    @property
    def best_loss_(self) -> float | None:
        """The least of `loss_curve_`; None where rows were held out."""
        return float(np.min(self.loss_curve_)) if self.validation_scores_ is None else None

    @property
    def best_validation_score_(self) -> float | None:
        """The validation score of `best_epoch_`; None where no row was held out."""
        if self.validation_scores_ is None or self.best_epoch_ is None:
            return None
        return self.validation_scores_[self.best_epoch_ - 1]
