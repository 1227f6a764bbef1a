"""Numbers as one input: gaps filled with the median, then scaled."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict

from lossbench.data.cells import numbers, plain_number
from lossbench.data.encoders.saved import SAVED, Finite, Spread
from lossbench.data.weights import weighted_mean, weighted_median, weighted_quantiles, weighted_std
from lossbench.errors import UserError

Scale = Literal["standard", "quantile", "none"]

QUANTILES = 1000  # landmarks of the quantile scale, as in scikit-learn


def _ascending(marks: tuple[float, ...]) -> tuple[float, ...]:
    if len(marks) == 1 or any(b < a for a, b in itertools.pairwise(marks)):
        raise ValueError("quantiles must ascend")
    return marks


@dataclass(frozen=True)
class NumberEncoder:
    """(x - center) / scale, gaps as the training median; with `quantiles`, the normal score of x's rank among them."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED
    name: str
    median: Finite
    center: Finite = 0.0
    scale: Spread = 1.0
    quantiles: Annotated[tuple[Finite, ...], AfterValidator(_ascending)] = ()
    encoder: Literal["number"] = "number"

    @classmethod
    def fit(
        cls, name: str, values_N: NDArray[Any], scale: Scale, weight_N: NDArray[Any] | None = None
    ) -> NumberEncoder | str:
        """Median, then mean and standard deviation (ddof 0) or quantiles of the filled training values, each counted by
        its weight."""
        known, known_weight = values_N, weight_N
        gap_N = np.isnan(values_N)
        if has_gaps := bool(gap_N.any()):
            known, known_weight = values_N[~gap_N], None if weight_N is None else weight_N[~gap_N]
        if len(known) == 0:
            return "it has no value"
        if known.min() == known.max():
            return f"it is always {plain_number(float(known[0]))}"
        median = weighted_median(known, known_weight)
        filled = np.where(gap_N, median, values_N) if has_gaps else values_N
        if scale == "standard":
            return cls(name, median, weighted_mean(filled, weight_N), weighted_std(filled, weight_N) or 1.0)
        if scale == "quantile":
            marks = np.sort(filled)
            if len(marks) > QUANTILES or weight_N is not None:
                marks = np.maximum.accumulate(weighted_quantiles(filled, np.linspace(0, 1, QUANTILES), weight_N))
            return cls(name, median, quantiles=tuple(marks.tolist()))
        return cls(name, median)

    @property
    def inputs(self) -> list[str]:
        """One input, of the column's name."""
        return [self.name]

    def write(self, column: pd.Series, block_NW: NDArray[np.float32]) -> None:
        """Fill block [N, 1]; a value too large for float32 is a `UserError`."""
        values = numbers(column)
        values = np.where(np.isnan(values), self.median, values)
        with np.errstate(over="ignore"):  # said below, in words
            block_NW[:, 0] = self._normal_scores(values) if self.quantiles else (values - self.center) / self.scale
        wild = len(block_NW) - int(np.isfinite(block_NW[:, 0]).sum())
        if wild:
            raise UserError(
                f"column {self.name!r} has {wild} infinite value{'s' if wild > 1 else ''}", fix="correct or drop it"
            )

    def _normal_scores(self, values_N: NDArray[Any]) -> NDArray[Any]:
        from scipy.special import ndtri  # only this scale waits for scipy

        marks = np.array(self.quantiles)
        ranks = np.linspace(0, 1, len(marks))
        # a run of equal landmarks has many ranks: take the middle of the first and the last
        low, high = np.interp(values_N, marks, ranks), -np.interp(-values_N, -marks[::-1], -ranks[::-1])
        return np.asarray(ndtri(np.clip((low + high) / 2, 1e-7, 1 - 1e-7)))

    def unseen(self, column: pd.Series) -> Counter[str]:
        """A number is never unseen."""
        return Counter()
