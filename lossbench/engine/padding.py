"""Padding and alignment: sizes that keep a member's numbers, bit for bit, independent of its neighbours.

Three things make a number depend on its place in memory: a loop of vector instructions that ends in a scalar tail
(which computes `exp` by other means), a matrix that starts off a 64-byte line (which a BLAS multiplies by another
kernel), and a matrix of one column (which it takes for a vector where there is one member). So rows per member come in
whole vectors, hidden widths in whole lines, inputs at least in pairs, and whatever must have an exact number of rows
gets spare members at its end, which take the tail and are thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

LINE = 16  # numbers; 64 bytes of float32
ROWS = (
    32 if "AVX512" in torch.backends.cpu.get_cpu_capability() else 16
)  # two vectors of float32: one turn of torch's loops


def round_up(count: int, unit: int) -> int:
    """The least multiple of `unit` that is not below `count`."""
    return -(-count // unit) * unit


def padding_members(rows: int, columns: int) -> int:
    """How many spare members of `[rows, columns]` hold the tail of a vector loop."""
    return -(-ROWS // max(1, rows * columns))


def pad_members(values: Tensor, count: int) -> Tensor:
    """`[P, ...]` with `count` copies of the last member behind it, contiguous; no gradient flows through them."""
    return torch.cat([values, values[-1:].detach().expand(count, *values.shape[1:])])


def pad_rows(rows: Tensor) -> Tensor:
    """`[N, ...]` with copies of its first row up to whole vectors; always a fresh, aligned copy."""
    out = rows.new_empty(round_up(len(rows), ROWS), *rows.shape[1:])
    out[: len(rows)] = rows
    out[len(rows) :] = rows[:1]
    return out


def stacked(tables: Sequence[Tensor]) -> Tensor:
    """`[P, B, ...]` from P tables `[N, ...]`, padded to whole vectors; one table for all is not repeated in memory."""
    made: dict[int, Tensor] = {id(t): t for t in tables}
    made = {key: pad_rows(t) for key, t in made.items()}
    if len(made) == 1:
        (only,) = made.values()
        return only.expand(len(tables), *only.shape)
    return torch.stack([made[id(t)] for t in tables])
