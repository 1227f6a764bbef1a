"""The plane that decision regions are drawn on: which two axes, and how a point of it becomes a net's input.

Shapes: N rows, G grid points a side, D inputs of the net.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossbench.config.data import DataConfig
from lossbench.data.source import columns_in
from lossbench.data.splits.rows import Split
from lossbench.data.table import Table
from lossbench.errors import UserError, unknown
from lossbench.experiments.setup.prepared_split import PreparedSplit, prepare_split

PCA = "pca"
MARGIN = 0.08  # of the points' range, beyond them on every side
Array = NDArray[np.float64]


@dataclass(frozen=True)
class PlaneAxis:
    """One side of the plane."""

    label: str
    low: float
    high: float

    def ticks(self, count: int) -> Array:
        """So many places from low to high."""
        return np.linspace(self.low, self.high, count)


@dataclass(frozen=True)
class Plane:
    """Prepared parts of a table, and the plane through its inputs."""

    split: PreparedSplit
    axes: tuple[PlaneAxis, PlaneAxis]
    places: dict[str, Array]  # part -> [N, 2], where its rows lie
    grid_ND: Tensor  # inputs of the G * G points, row by row from the lowest
    note: str


def pick_columns(table: Table, features: Sequence[str] | None, rest: str) -> tuple[Table, tuple[str, str] | None]:
    """The table that is trained on and the two columns that are drawn (None: principal components).

    `rest` "drop" trains on the two alone, "median" on all. Raises `UserError` for columns that there are not or that
    are no numbers, and where a table has no two numbers.
    """
    columns = [str(column) for column in table.features.columns]
    numbers = [column for column in columns if table.kinds[column] == "number"]
    if features == [PCA] and PCA not in columns:
        if len(columns) < 2:
            raise UserError("pca needs two columns at least", where="features")
        return table, None
    if features is None:
        if len(numbers) < 2:
            raise UserError(
                f"{table.name} has {len(numbers)} column{'s' * (len(numbers) != 1)} of numbers, and a plane needs two",
                where="features",
                fix="use pca" if len(columns) > 1 else "choose another table",
            )
        first, second = numbers[:2]
    else:
        features = columns_in(features, columns)
        for name in features:
            if name not in columns:
                raise unknown("feature", name, columns, where="features")
            if table.kinds[name] != "number":
                raise UserError(
                    f"{name!r} is {_KINDS[table.kinds[name]]}, and an axis needs numbers",
                    where="features",
                    fix=f"choose among {', '.join(numbers) or 'none: use pca'}",
                )
        if len(features) != 2:
            raise UserError(f"must be two columns or pca, got {features}", where="features", fix="name two")
        first, second = features
    if rest == "drop":
        kept = table.features[[first, second]]
        table = replace(table, features=kept, kinds={c: table.kinds[c] for c in (first, second)})
    return table, (first, second)


_KINDS = {"text": "text", "boolean": "a yes or no", "date": "a date"}


def draw_plane(table: Table, columns: tuple[str, str] | None, split: Split, data: DataConfig, grid: int) -> Plane:
    """Prepare a split and lay a grid of G x G points through it; whatever is fitted sees the training rows only."""
    rows = {"train": split.train, "test": split.test}
    prepared = prepare_split(table, rows, data=data)
    return _components(prepared, grid) if columns is None else _columns(table, columns, rows, prepared, grid)


def _columns(
    table: Table, columns: tuple[str, str], rows: dict[str, NDArray[Any]], prepared: PreparedSplit, grid: int
) -> Plane:
    train = table.features.iloc[rows["train"]]
    middle = {str(name): _middle(train[name]) for name in table.features.columns}
    places = {
        part: np.column_stack([table.features[c].iloc[numbers].fillna(middle[c]).astype(float) for c in columns])
        for part, numbers in rows.items()
    }
    axes = _axes(columns, places)
    x, y = np.meshgrid(axes[0].ticks(grid), axes[1].ticks(grid))
    # A median of whole numbers may lie between two.
    kinds = {name: float if table.kinds[str(name)] == "number" else dtype for name, dtype in train.dtypes.items()}
    points = pd.DataFrame({name: [value] for name, value in middle.items()}).astype(kinds)
    points = points.iloc[np.zeros(grid * grid, np.int64)].reset_index(drop=True)
    points[columns[0]], points[columns[1]] = x.ravel(), y.ravel()
    others = [name for name in prepared.preparation.kinds if name not in columns]
    many = f"{len(others)} other feature{'s are' if len(others) != 1 else ' is'}"
    note = f"the slice where {many} at the median" if others else ""
    return Plane(prepared, axes, places, torch.from_numpy(prepared.preparation.transform(points)), note)


def _middle(column: pd.Series[Any]) -> Any:
    """The median of numbers, the commonest of other values; None for a column of gaps."""
    known = column.dropna()
    if known.empty:
        return None
    if pd.api.types.is_numeric_dtype(known) and not pd.api.types.is_bool_dtype(known):
        return known.median()
    return known.mode().iloc[0]


def _components(prepared: PreparedSplit, grid: int) -> Plane:
    """Train on the first two principal components of the prepared inputs, and draw those."""
    if prepared.inputs < 2:
        raise UserError("pca needs two inputs at least", where="features")
    train = prepared.x_ND["train"].numpy().astype(np.float64)
    center = train.mean(0)
    _, singular, axes = np.linalg.svd(train - center, full_matrices=False)
    # The largest entry of a component is positive: the sign that a solver happens to choose means nothing.
    axes = axes[:2] * np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(1)])[:, None]
    places = {part: (x.numpy() - center) @ axes.T for part, x in prepared.x_ND.items()}
    share = np.square(singular) / np.square(singular).sum()
    labels = [f"principal component {i + 1} ({share[i]:.0%} of the variance)" for i in range(2)]
    sides = _axes((labels[0], labels[1]), places)
    x, y = np.meshgrid(sides[0].ticks(grid), sides[1].ticks(grid))
    split = replace(prepared, x_ND={part: torch.from_numpy(place) for part, place in places.items()})
    return Plane(split, sides, places, torch.from_numpy(np.column_stack([x.ravel(), y.ravel()])), "")


def _axes(labels: tuple[str, str], places: dict[str, Array]) -> tuple[PlaneAxis, PlaneAxis]:
    every = np.concatenate(list(places.values()))
    low, high = every.min(0), every.max(0)
    room = np.where(high > low, MARGIN * (high - low), 0.5)
    first, second = (
        PlaneAxis(label, float(low[i] - room[i]), float(high[i] + room[i])) for i, label in enumerate(labels)
    )
    return first, second
