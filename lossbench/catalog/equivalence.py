"""Pairs of a loss and a last activation with identical gradients.

A net learns from the gradient with respect to its last linear outputs and from nothing else. Two pairs on the same task
with the same number of outputs K are taken for one objective where no probe (see `probes`) shows a difference of these
gradients, and for multiples of one objective where they differ by one factor only. No number of probes proves it: what
was tried is said, and a comparison whose scores differ all the same treats the two as different losses.

Most pairs differ at the first block of probes, so that a gradient is calculated when somebody looks at it.

Shapes: R rows of a block of probes, K outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, overload

from lossbench.catalog.activations import Activation
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.probes import REACH, Block, blocks, gradient, magnitude
from lossbench.catalog.verdicts import sound_activations
from lossbench.catalog.vocabulary import Task
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 1e-9  # of float64 gradients, whose own rounding is some 1e-13 of their size


@dataclass(frozen=True)
class Probed:
    """A block of probes and a pair's gradient there, `[R, K]`."""

    block: Block
    gradient_RK: Tensor


Gradients = Sequence[Probed]  # the middle block first


class ProbedWhenRead(Sequence[Probed]):
    """Gradients at blocks of probes, each calculated when it is first read: `calculate` has a function for each."""

    def __init__(self, calculate: Iterable[Callable[[], Probed]]) -> None:
        self._calculate = tuple(calculate)
        self._probed: dict[int, Probed] = {}

    def __len__(self) -> int:
        return len(self._calculate)

    @overload
    def __getitem__(self, index: int) -> Probed: ...
    @overload
    def __getitem__(self, index: slice) -> Gradients: ...
    def __getitem__(self, index: int | slice) -> Probed | Gradients:
        if isinstance(index, slice):
            return ProbedWhenRead(partial(self.__getitem__, position) for position in range(len(self))[index])
        position = range(len(self))[index]
        if position not in self._probed:
            self._probed[position] = self._calculate[position]()
        return self._probed[position]


@dataclass(frozen=True)
class Relation:
    """Two pairs whose gradients agree in the middle: the first's is `factor` times the second's.

    `probes`: rows that were compared. `reach`: the |z| of linear outputs up to which no difference was found.
    `differs`: where one was found: "beyond" that size, or "in batches of 300 rows"; "" where none was.
    """

    factor: float
    probes: int
    reach: float
    differs: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether no probe shows a difference, but for the factor."""
        return not self.differs

    @property
    def is_one_objective(self) -> bool:
        """Whether no probe shows a difference, without any rescaling."""
        return self.is_complete and abs(self.factor - 1) <= TOLERANCE

    @property
    def extent(self) -> str:
        """`1,034 probes up to |z| = 1e4`."""
        return f"{self.probes:,} probes up to |z| = {magnitude(self.reach)}"


def known_as(
    loss: Loss, activation: Activation, task: Task, classes: int = 3
) -> list[tuple[Loss, Activation, Relation]]:
    """The sound pairs of the catalogue that a pair equals in the middle, at least up to scale; not itself."""
    classes = 2 if task is Task.BINARY else classes
    own = probe_gradients(loss, activation, task, classes)
    outputs = loss.width(task, classes)
    found = []
    for known, act, known_gradients in _catalogue(task, classes):
        if known.width(task, classes) != outputs:  # then nothing needs to be calculated
            continue
        relation = compare(own, known_gradients)
        if relation is not None and (known, act) != (loss, activation):
            found.append((known, act, relation))
    return found


@cache
def _catalogue(task: Task, classes: int) -> list[tuple[Loss, Activation, Gradients]]:
    return [
        (loss, activation, probe_gradients(loss, activation, task, classes))
        for loss in LOSSES
        if task in loss.tasks
        for activation in sound_activations(loss, task)
    ]


def probe_gradients(loss: Loss, activation: Activation, task: Task, classes: int) -> Gradients:
    """A pair's gradients at every block of probes, calculated when they are read."""

    def at(block: Block) -> Probed:
        return Probed(block, gradient(loss, activation, task, classes, block))

    return ProbedWhenRead(partial(at, block) for block in blocks(task, loss.width(task, classes), classes))


def compare(first: Gradients, second: Gradients) -> Relation | None:
    """How two pairs' gradients are related; None where they differ already in the middle.

    Gradients are compared block by block, relative to the larger of the block's and the middle's largest: no huge block
    hides the others, and what underflows far out is no difference.
    """
    middle, other = first[0].gradient_RK, second[0].gradient_RK
    if len(first) != len(second) or middle.shape != other.shape:
        return None
    if not bool(middle.isfinite().all() & other.isfinite().all()) or not bool(middle.any() & other.any()):
        return None
    factor = float((middle * other).sum() / other.square().sum())
    least = float(middle.abs().amax())
    if factor <= 0 or bool(_apart(middle, factor * other, least).any()):
        return None
    apart = [_apart(a.gradient_RK, factor * b.gradient_RK, least) for a, b in zip(first, second, strict=True)]
    return _relation(factor, [probed.block for probed in first], apart)


def _apart(first_RK: Tensor, second_RK: Tensor, least: float) -> Tensor:
    """The rows where two gradients differ, `[R]`; the same infinity, or NaN in both, is no difference."""
    finite = first_RK[first_RK.isfinite()]
    size = max(float(finite.abs().amax()) if len(finite) else 0.0, least)
    return ~torch.isclose(first_RK, second_RK, rtol=0.0, atol=TOLERANCE * size, equal_nan=True).all(-1)


def _relation(factor: float, tried: list[Block], apart: list[Tensor]) -> Relation:
    probes = sum(len(block.z_RK) for block in tried)
    differing = [block for block, rows in zip(tried, apart, strict=True) if bool(rows.any())]
    if not differing:
        return Relation(factor, probes, REACH)
    if all(block.batch for block in differing):
        counts = sorted({block.batch for block in differing})
        return Relation(factor, probes, REACH, f"in batches of {', '.join(map(str, counts))} rows")
    if all(block.is_exact for block in differing):
        return Relation(factor, probes, REACH, "at outputs of exactly -1, 0 or 1")
    size_R = torch.cat([block.z_RK.abs().amax(-1) for block in tried])
    apart_R = torch.cat(apart)
    nearest = float(size_R[apart_R].min())
    nearer_R = size_R[~apart_R & (size_R < nearest)]
    reach = float(nearer_R.max()) if len(nearer_R) else 0.0
    return Relation(factor, probes, reach, "beyond")
