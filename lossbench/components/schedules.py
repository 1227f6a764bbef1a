"""Schedules: how the learning rate runs over the epochs, one declaration each.

To add a schedule, add one declaration here and its torch.optim.lr_scheduler twin to the contract tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from lossbench.registry import Registry


@dataclass(frozen=True)
class Schedule:
    """`rate(lr, epoch, epochs)` is the learning rate during an epoch, counted from 0, of so many."""

    name: str
    description: str
    reference: str
    rate: Callable[[float, int, int], float] = field(repr=False)


SCHEDULES: Registry[Schedule] = Registry("schedule", has_command=False)


def _constant(lr: float, epoch: int, epochs: int) -> float:
    return lr


def _cosine(lr: float, epoch: int, epochs: int) -> float:
    """As CosineAnnealingLR(T_max=epochs), stepped after every epoch."""
    return lr / 2 * (1 + math.cos(math.pi * epoch / epochs))


for _schedule in (
    Schedule("constant", "the same rate in all epochs", "Robbins & Monro 1951, doi:10.1214/aoms/1177729586", _constant),
    Schedule("cosine", "lr/2 (1 + cos(pi epoch / epochs))", "Loshchilov & Hutter 2017, arXiv:1608.03983", _cosine),
):
    SCHEDULES.add(_schedule)
