"""Detects a loss whose value of a row depends on the other rows of its batch, and names the likely mistake.

A column `[B, 1]` against a row `[B]` broadcasts to `[B, B]`; a mean over the wrong axis then gives `[B]` again, so that
every shape is right and nothing is learnt. What it gives away is which of the two, outputs or targets, may change
places between the rows without any value noticing.

Shapes: P members, B rows, K outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

Values = Callable[["Tensor", "Tensor"], "Tensor"]  # outputs [..., B, K] and targets [..., B, ...] -> [..., B]


@dataclass(frozen=True)
class Coupling:
    """Rows that share what each should have of its own: what is seen, by what it comes about, and what to do."""

    what: str
    cause: str
    fix: str

    def __str__(self) -> str:
        """One line: what, how, and the fix."""
        return f"{self.what} ({self.cause}); {self.fix}"


PAIR_THEM = "give outputs and targets one shape, such as out.squeeze(-1) and target.squeeze(-1)"
EVERY_OUTPUT = Coupling(
    "every target is compared with every row's output", "a row [B] of outputs met a column [B, 1] of targets", PAIR_THEM
)
EVERY_TARGET = Coupling(
    "every output is compared with every row's target", "a column [B, 1] of outputs met a row [B] of targets", PAIR_THEM
)
MEAN_INSIDE = Coupling(
    "a row's value depends on the other rows",
    "a mean over the batch is hidden inside",
    "return every row's own value and leave the mean to the training",
)
COUNT_INSIDE = Coupling(
    "a row's value depends on how many rows there are",
    "it is divided by the size of the batch, or by something like it",
    "return every row's own value and leave the mean to the training",
)


def coupling(loss: Values, out: Tensor, target: Tensor, *, rows: int) -> Coupling | None:
    """How the rows of a batch are coupled; None where each has its own value. `rows` is the axis B of all three.

    The targets of neighbouring rows must differ. What a loss writes into its inputs couples no rows: it gets copies.
    """

    def values(out: Tensor, target: Tensor) -> Tensor:
        return loss(out.clone(), target.clone())

    before = values(out, target)

    def others_keep(value: Tensor) -> bool:
        last = value.shape[rows] - 1
        return _same(value.narrow(rows, 1, last), before.narrow(rows, 1, last))

    other = target.clone()
    other.select(rows, 0).copy_(target.select(rows, 1))
    moved = out.clone()
    moved.select(rows, 0).copy_(out.narrow(rows, 1, 2).mean(rows))  # between two rows: in the space that they live in
    if others_keep(values(out, other)) and others_keep(values(moved, target)):
        return None
    if _same(values(out.roll(1, rows), target), before):
        return EVERY_OUTPUT
    if _same(values(out, target.roll(1, rows)), before):
        return EVERY_TARGET
    return MEAN_INSIDE


def _same(a: Tensor, b: Tensor) -> bool:
    """Equal to within rounding, which float32 has more of: a value there may be a sum in another order."""
    tight = a.dtype == torch.float64
    return torch.allclose(a, b, rtol=1e-9 if tight else 1e-4, atol=1e-12 if tight else 1e-6, equal_nan=True)
