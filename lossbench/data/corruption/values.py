"""Corrupted numbers: outliers and heavy-tailed noise, in units of a column's robust standard deviation, 1.4826 MAD.

N rows; a target of several columns is corrupted column by column, in the same rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.data.corruption.draw import growing_share
from lossbench.data.splits.rows import RowNumbers
from lossbench.data.target_scale import fit_target_scaling
from lossbench.random_streams import generator

DISTANCE = 10.0  # robust standard deviations from a value to the outlier in its place
DEGREES = 2.0  # of freedom of Student's t: a mean, but no variance


def robust_scale(values_N: NDArray[Any]) -> float:
    """1.4826 times the median absolute deviation; where that is 0, the standard deviation of wider quantiles."""
    return fit_target_scaling(values_N, "robust").scale


def robust_scales(target: NDArray[Any]) -> NDArray[np.float64]:
    """The robust scale of a target [N] `[1]`, or of each column of [N, K] `[K]`."""
    return np.array([robust_scale(column) for column in target.reshape(len(target), -1).T])


def target_outliers(target: NDArray[Any], share: float, seed: int, rows: RowNumbers) -> NDArray[Any]:
    """A copy of target [N] or [N, K] in which a share of the given rows lies 10 robust standard deviations off, up or
    down: exactly floor(share * rows + 1/2).

    Source: Huber 1964, doi:10.1214/aoms/1177703732 (gross errors).
    """
    random = generator(seed, "target outliers")
    wrong = growing_share(np.arange(len(rows)), share, random)
    columns = target.reshape(len(target), -1)
    sign_RK = generator(seed, "target outliers, signs").choice([-1.0, 1.0], size=(len(rows), columns.shape[1]))
    corrupted = columns.astype(np.float64)
    corrupted[rows[wrong]] += DISTANCE * robust_scales(target) * sign_RK[wrong]
    return corrupted.reshape(target.shape)


def target_noise(target: NDArray[Any], size: float, seed: int, rows: RowNumbers) -> NDArray[Any]:
    """A copy of target [N] or [N, K] with `size` robust standard deviations times Student's t (2 degrees of freedom)
    added to the given rows.

    Source: Lange, Little & Taylor 1989, doi:10.1080/01621459.1989.10478852.
    """
    columns = target.reshape(len(target), -1)
    t_RK = generator(seed, "target noise").standard_t(DEGREES, size=(len(rows), columns.shape[1]))
    noisy = columns.astype(np.float64)
    noisy[rows] += size * robust_scales(target) * t_RK
    return noisy.reshape(target.shape)


def number_cells(features: pd.DataFrame, kinds: Any) -> NDArray[np.bool_]:
    """Which cells hold a number that may become an outlier, `[N, F]`: no gap, in a column of numbers that vary."""
    usable = [kinds[name] == "number" and features[name].nunique() > 1 for name in features.columns]
    cells: NDArray[np.bool_] = features.notna().to_numpy() & np.array(usable)
    return cells


def feature_outliers(
    features: pd.DataFrame, cells_NF: NDArray[np.bool_], share: float, seed: int, rows: RowNumbers
) -> pd.DataFrame:
    """A copy of the features in which a share of the given rows' cells lies 10 robust standard deviations of its column
    off, up or down: exactly floor(share * cells + 1/2).

    Cells by themselves, not whole rows. Source: Alqallaf et al. 2009, doi:10.1214/07-AOS588 (independent
    contamination).
    """
    places = np.argwhere(cells_NF[rows])
    wrong = growing_share(np.arange(len(places)), share, generator(seed, "feature outliers"))
    sign = generator(seed, "feature outliers, signs").choice([-1.0, 1.0], size=len(places))
    corrupted = features.copy()
    for f in np.unique(places[wrong, 1]):
        column = features.iloc[:, f].to_numpy(dtype=np.float64, copy=True)
        own = wrong[places[wrong, 1] == f]
        column[rows[places[own, 0]]] += DISTANCE * robust_scale(column[~np.isnan(column)]) * sign[own]
        corrupted[features.columns[f]] = column
    return corrupted


def missing_values(features: pd.DataFrame, share: float, seed: int, rows: RowNumbers) -> pd.DataFrame:
    """A copy of the features in which a share of the given rows' values is missing: exactly floor(share * values + 1/2)
    of those that are there, all equally likely (missing completely at random).

    Source: Rubin 1976, doi:10.1093/biomet/63.3.581.
    """
    places = np.argwhere(features.notna().to_numpy()[rows])
    gone = growing_share(places, share, generator(seed, "missing values"))
    mask_NF = np.zeros(features.shape, dtype=bool)
    mask_NF[rows[gone[:, 0]], gone[:, 1]] = True
    return features.mask(mask_NF)
