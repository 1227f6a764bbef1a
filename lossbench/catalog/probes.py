"""The outputs and targets at which two objectives are compared: all that training can reach.

One block is one batch, of at most 64 rows but where the size itself is tried. The blocks are: normal linear outputs of
scale 1 (the middle, which comes first), batches of 1 to 300 rows, outputs of exactly -1, 0 and 1, and then normal
outputs, one-hot corners and equal outputs at scales from 2 to 1e4. Every class occurs in every block of several rows.

Shapes: R rows of a block, H units of a hidden layer, K outputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import floor, log10
from typing import TYPE_CHECKING

from lossbench.catalog.activations import Activation
from lossbench.catalog.loss import LAST_HIDDEN, Loss
from lossbench.catalog.targets import encode
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 64
SCALES = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1e3, 1e4)
REACH = SCALES[-1]  # how far out outputs are tried
BATCHES = (7, 64, 300)  # beside one row of each class
EXACT = (-1.0, 0.0, 1.0)
HIDDEN = (0.5, 1.0, 2.0)  # units of a last hidden layer, for a loss that takes it
ALL_PAIRS = 10  # up to so many classes every corner is tried with every class, beyond with its own and the next
OUTLIER = 30.0  # standard deviations: every other target of a regression is multiplied by it far out


@dataclass(frozen=True)
class Block:
    """One batch of probes: linear outputs `[R, K]`, classes (or values) `[R]`, and its meaning.

    `batch` is a number of rows that is tried for its own sake, `is_exact` says that the outputs are whole numbers.
    """

    z_RK: Tensor
    truth_R: Tensor
    batch: int = 0
    is_exact: bool = False


@cache
def blocks(task: Task, outputs: int, classes: int) -> tuple[Block, ...]:
    """All blocks for so many outputs; the middle one is the first. Always the same numbers, float64."""
    return tuple(_blocks(task, outputs, classes))


def _blocks(task: Task, outputs: int, classes: int) -> Iterator[Block]:
    generator = torch.Generator().manual_seed(0)

    def normal(rows: int, scale: float) -> Tensor:
        return scale * torch.randn(rows, outputs, generator=generator, dtype=torch.float64)

    def truth(rows: int, first: int = 0, outlier: float = 1.0) -> Tensor:
        if task.is_classification:
            return (torch.arange(rows) + first) % classes
        y = torch.randn(rows, generator=generator, dtype=torch.float64)
        y[1::2] *= outlier
        return y

    yield Block(normal(ROWS, 1.0), truth(ROWS))
    for first in range(min(classes, ALL_PAIRS) if task.is_classification else 1):
        yield Block(normal(1, 2.0), truth(1, first), batch=1)
    for rows in BATCHES:
        yield Block(normal(rows, 2.0), truth(rows), batch=rows)
    yield from _crossed(_exact(outputs), task, classes, is_exact=True)
    for scale in SCALES:
        outlier = OUTLIER if scale >= OUTLIER else 1.0
        yield Block(normal(ROWS, scale), truth(ROWS, outlier=outlier))
        yield from _crossed(scale * _corners(outputs), task, classes)


def _corners(outputs: int) -> Tensor:
    """One-hot rows and rows of equal outputs, of both signs."""
    some = torch.cat([torch.eye(outputs, dtype=torch.float64), torch.ones(1, outputs, dtype=torch.float64)])
    return torch.cat([some, -some])


def _exact(outputs: int) -> Tensor:
    """Rows of -1, 0 and 1 only: all of them for a few outputs, else corners and those of two kinds."""
    if outputs <= 4:
        axis = torch.tensor(EXACT, dtype=torch.float64)
        return torch.cartesian_prod(*[axis] * outputs).reshape(-1, outputs)
    corners = _corners(outputs)
    return torch.cat([corners, corners + 1, torch.zeros(1, outputs, dtype=torch.float64)]).clamp(-1, 1)


def _crossed(z_NK: Tensor, task: Task, classes: int, *, is_exact: bool = False) -> Iterator[Block]:
    """Every row with every class, or with every one of a few values; with two classes where there are many."""
    if task.is_classification:
        others = torch.arange(classes if classes <= ALL_PAIRS else 2)
        truth_NT = (torch.arange(len(z_NK))[:, None] + others) % classes
    else:
        truth_NT = torch.tensor([*EXACT, 2.5], dtype=torch.float64).expand(len(z_NK), -1)
    z_RK = z_NK.repeat_interleave(truth_NT.shape[1], 0)
    truth_R = truth_NT.flatten()
    for start in range(0, len(z_RK), ROWS):
        part = slice(start, start + ROWS)
        yield Block(z_RK[part], truth_R[part], is_exact=is_exact)


def gradient(loss: Loss, activation: Activation, task: Task, classes: int, block: Block) -> Tensor:
    """The gradient of the rows' summed loss with respect to linear outputs, `[R, K]` float64."""
    target = encode(_allowed(block.truth_R, loss.targets[task]), loss.targets[task], classes)
    if target.is_floating_point():
        target = target.double()
    # unequal, so that a loss that weights by them is not confused with one that does not
    counts = torch.arange(1.0, classes + 1, dtype=torch.float64)[None] * 10
    named = dict.fromkeys(loss.statistics, counts)
    if loss.last_hidden:  # unequal from row to row, likewise
        named[LAST_HIDDEN] = (
            torch.tensor(HIDDEN, dtype=torch.float64) * (1 + torch.arange(len(block.z_RK)) % 3)[:, None]
        )
    z_RK = block.z_RK.clone().requires_grad_()
    rows = len(z_RK)
    if loss.per == "batch":
        value = rows * loss(activation(z_RK), target, torch.ones(rows, dtype=torch.float64), **named)
    else:
        value = loss(activation(z_RK), target, **named).sum()
    if not value.requires_grad:  # nothing of the outputs reaches it
        return torch.zeros_like(z_RK)
    return torch.autograd.grad(value, z_RK)[0]


def _allowed(truth_R: Tensor, encoding: Encoding) -> Tensor:
    """Values made such as the encoding allows."""
    match encoding:
        case Encoding.NONNEGATIVE:
            return truth_R.abs()
        case Encoding.POSITIVE:
            return truth_R.abs().clamp_min(0.01)
        case _:
            return truth_R


def magnitude(size: float, digits: int = 2) -> str:
    """`1e4`, `7.9`: a size, rounded down."""
    if size <= 0:
        return "0"
    unit = 10.0 ** (floor(log10(size)) - digits + 1)
    return f"{floor(size / unit + 1e-9) * unit:.{digits}g}".replace("e+0", "e")
