"""The prepared splits of one table; a large table is kept once for all of them.

Each split's preparation is its own, fitted on its own training part. As long as they differ in numbers alone (the
centre, spread and median of columns, never which columns and levels there are), one float32 table serves all; see
`lossbench.engine.shared_rows`.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from lossbench.config.data import DataConfig
from lossbench.data.cells import numbers
from lossbench.data.encoders import NumberEncoder
from lossbench.data.preparation import Preparation
from lossbench.data.table import Table
from lossbench.engine.shared_rows import GatheredRows
from lossbench.experiments.setup.prepared_split import PreparedSplit, fit_preparation, prepare_split, same_width

SHARE_BYTES = 256 * 2**20  # what the splits' own copies may take together


def give_back() -> None:
    """Return freed memory to the system, where the C library would keep it for later (glibc does, in every thread)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


class OnDemand(Mapping[str, Tensor]):
    """Tensors that are made anew whenever one is used, and not kept."""

    def __init__(self, makers: Mapping[str, Callable[[], Tensor]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> Tensor:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def prepare_splits(
    table: Table, parts: Sequence[Mapping[str, np.ndarray]], *, data: DataConfig, share_bytes: int = SHARE_BYTES
) -> list[PreparedSplit]:
    """Prepare every split's named parts; all have as many inputs."""
    corrupted = table.clean_features is not None  # test rows have features of their own
    if corrupted or len(parts) == 1 or 4 * len(parts) * len(table) * table.features.shape[1] <= share_bytes:
        return same_width([prepare_split(table, rows, data=data) for rows in parts])
    fitted = [fit_preparation(table, rows["train"], data) for rows in parts]
    if not all(_alike(fitted[0], other) for other in fitted):
        return same_width([prepare_split(table, rows, data=data) for rows in parts])
    x_MD = torch.from_numpy(fitted[0].transform(table.features))
    has_gaps = _unfill(x_MD, fitted[0], table)
    return [_split(table, rows, fitted[0], own, x_MD, has_gaps) for rows, own in zip(parts, fitted, strict=True)]


def _alike(one: Preparation, other: Preparation) -> bool:
    """Whether they differ by factors, shifts and medians of number columns alone."""

    def outline(preparation: Preparation) -> list[object]:
        return [e.name if isinstance(e, NumberEncoder) and not e.quantiles else e for e in preparation.encoders]

    return outline(one) == outline(other)


def _places(preparation: Preparation) -> Iterator[tuple[int, NumberEncoder | None]]:
    """Every input's place, with its encoder if it is a number's."""
    place = 0
    for encoder in preparation.encoders:
        for _ in encoder.inputs:
            yield place, encoder if isinstance(encoder, NumberEncoder) and not encoder.quantiles else None
            place += 1


def _unfill(x_MD: Tensor, preparation: Preparation, table: Table) -> bool:
    """Make the gaps of number columns NaN again: each split fills them with its own median."""
    found = False
    for place, encoder in _places(preparation):
        if encoder is not None:
            gaps = np.isnan(numbers(table.features[encoder.name]))
            if gaps.any():
                x_MD[torch.from_numpy(gaps), place] = torch.nan
                found = True
    return found


def _split(
    table: Table,
    rows: Mapping[str, np.ndarray],
    first: Preparation,
    own: Preparation,
    x_MD: Tensor,
    has_gaps: bool,
) -> PreparedSplit:
    inputs = x_MD.shape[1]
    factor, shift, fill = np.ones(inputs), np.zeros(inputs), np.zeros(inputs)
    for (place, base), (_, encoder) in zip(_places(first), _places(own), strict=True):
        if base is not None and encoder is not None:
            factor[place] = base.scale / encoder.scale
            shift[place] = (base.center - encoder.center) / encoder.scale
            fill[place] = (encoder.median - encoder.center) / encoder.scale
    scales = [torch.from_numpy(values).float() for values in (factor, shift, fill)]
    whole = GatheredRows(
        x_MD, torch.arange(0, dtype=torch.int32), scales[0], scales[1], scales[2] if has_gaps else None
    )
    shared = {
        name: replace(whole, index_N=torch.from_numpy(numbers.astype(np.int32)))
        for name, numbers in rows.items()
        if len(numbers)
    }
    clean = table.truth if table.clean_target is None else table.clean_target

    def truth(name: str) -> Callable[[], Tensor]:
        values, index_N = clean if name == "test" else table.truth, shared[name].index_N
        return lambda: torch.from_numpy(values[index_N.numpy()])

    def weights_of(name: str) -> Callable[[], Tensor]:
        assert table.weights is not None, "asked for where there are weights"
        values, index_N = table.weights, shared[name].index_N
        return lambda: torch.from_numpy(values[index_N.numpy()])

    def inputs_of(name: str) -> Callable[[], Tensor]:
        return lambda: shared[name][:]

    return PreparedSplit(
        own,
        OnDemand({name: inputs_of(name) for name in shared}),
        OnDemand({name: truth(name) for name in shared}),
        own.target_center,
        own.target_scale,
        shared,
        OnDemand({name: weights_of(name) for name in shared} if table.weights is not None else {}),
    )
