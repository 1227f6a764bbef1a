"""Soft targets: probabilities of the classes in place of a class, as distillation and mixup have them."""

from __future__ import annotations

from dataclasses import replace

from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.errors import UserError


def softened(loss: Loss, task: Task, *, where: str = "loss") -> Loss:
    """The loss of probabilities `[..., B, C]` (of one output: of the second class's, `[..., B, 1]`) that is the same on
    one-hot rows, up to what no output changes.

    Raises `UserError` for a loss that declares none, with the names of those that do.
    """
    own = loss.targets[task]
    if loss.soft is True or (loss.soft and loss.name in LOSSES):
        fn = loss.fn if loss.soft is True else loss.soft
        encoding = own if own.takes_probabilities else Encoding.ONE_HOT
        return replace(loss, fn=fn, targets={**loss.targets, task: encoding})
    raise UserError(
        f"{loss.name} is made for a class of each row, and the target holds probabilities of the classes",
        where=where,
        fix=f"choose {', '.join(soft_losses(task))}",
    )


def soft_losses(task: Task) -> list[str]:
    """The losses that take probabilities as target."""
    return [loss.name for loss in LOSSES if loss.soft and task in loss.targets]
