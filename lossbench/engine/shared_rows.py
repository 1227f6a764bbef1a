"""Rows of a large table that several folds share: never copied, scaled as they are gathered.

Each fold standardises its inputs by its own training part, which differs from another's by a factor and a shift a
column. So the table is held once, and a fold is the numbers of its rows with its factors and shifts: 4 bytes a row.

Shapes: M rows of the table, N rows of the fold, B gathered rows, D inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class GatheredRows:
    """`table_MD[index_N] * factor_D + shift_D`, and where that is NaN (a gap) `fill_D`, if there is one.

    It answers what the engine asks of a tensor `[N, D]`; only what is gathered comes to be.
    """

    table_MD: Tensor
    index_N: Tensor  # int32
    factor_D: Tensor
    shift_D: Tensor
    fill_D: Tensor | None = None

    def __len__(self) -> int:
        return len(self.index_N)

    @property
    def shape(self) -> torch.Size:
        """`[N, D]`."""
        return torch.Size((len(self.index_N), self.table_MD.shape[1]))

    @property
    def device(self) -> torch.device:
        """Where the table is."""
        return self.table_MD.device

    def numel(self) -> int:
        """N * D."""
        return self.shape.numel()

    def element_size(self) -> int:
        """Bytes of a number."""
        return self.table_MD.element_size()

    def new_empty(self, *size: int) -> Tensor:
        """A tensor of the table's kind."""
        return self.table_MD.new_empty(size)

    def new_ones(self, *size: int) -> Tensor:
        """Ones of the table's kind."""
        return self.table_MD.new_ones(size)

    def to(self, device: torch.device, dtype: torch.dtype) -> GatheredRows:
        """The same rows there; a table that is there already is not copied."""
        fill = None if self.fill_D is None else self.fill_D.to(device, dtype)
        return replace(
            self,
            table_MD=self.table_MD.to(device, dtype),
            index_N=self.index_N.to(device),
            factor_D=self.factor_D.to(device, dtype),
            shift_D=self.shift_D.to(device, dtype),
            fill_D=fill,
        )

    def gather(self, index_B: Tensor, out_BD: Tensor) -> None:
        """Put those of its rows there."""
        self._scale(torch.index_select(self.table_MD, 0, self.index_N[index_B], out=out_BD))

    def __getitem__(self, cut: slice) -> Tensor:
        """A stretch of its rows, as a tensor of its own."""
        out = torch.index_select(self.table_MD, 0, self.index_N[cut])
        self._scale(out)
        return out

    def _scale(self, rows_BD: Tensor) -> None:
        rows_BD.mul_(self.factor_D).add_(self.shift_D)
        if self.fill_D is not None:
            torch.where(rows_BD.isnan(), self.fill_D, rows_BD, out=rows_BD)


def plain(inputs: Tensor | GatheredRows) -> Tensor:
    """The inputs as a tensor: itself, or a copy of the rows."""
    return inputs if isinstance(inputs, Tensor) else inputs[:]


def select(inputs: Tensor | GatheredRows, index_B: Tensor, out_BD: Tensor) -> None:
    """Put the inputs' rows of those numbers there; they must be in range.

    On the processor by numpy, whose `take` copies narrow rows several times as fast as torch's `index_select`; `clip`
    spares it a check of the range.
    """
    if isinstance(inputs, GatheredRows):
        inputs.gather(index_B, out_BD)
    elif inputs.device.type == "cpu":
        np.take(inputs.numpy(), index_B.numpy(), axis=0, out=out_BD.numpy(), mode="clip")
    else:
        torch.index_select(inputs, 0, index_B, out=out_BD)
