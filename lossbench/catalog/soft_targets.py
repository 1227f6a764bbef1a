"""Soft targets: probabilities of the classes in place of a class, as distillation and mixup have them.

A loss that is made for them says so (`soft`). Any other of one row and its class becomes its expectation under the
probabilities: sum_k t_k loss(outputs, class k), which is linear in them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.targets import encode
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.deferred import torch
from lossbench.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


class Expectation:
    """A loss of a class, made one of probabilities: its values for each class, weighted by their probabilities."""

    def __init__(self, fn: Callable[..., Tensor], encoding: Encoding) -> None:
        functools.update_wrapper(self, fn, updated=())
        self.fn, self.encoding = fn, encoding

    def __call__(self, out: Tensor, target: Tensor, **named: Any) -> Tensor:
        """Values `[..., B]` of probabilities `[..., B, C]`, or of the second class's `[..., B, 1]`."""
        p_BC = target if target.shape[-1] > 1 else torch.cat([1 - target, target], -1)
        classes = p_BC.shape[-1]
        rows = p_BC.shape[:-1]

        def of_class(y: int) -> Tensor:
            code = encode(torch.tensor([y]), self.encoding, classes)[0].to(p_BC.device)
            return self.fn(
                out, (code.to(out.dtype) if code.is_floating_point() else code).expand(*rows, *code.shape), **named
            )

        return torch.stack([p_BC[..., y] * of_class(y) for y in range(classes)]).sum(0)


def softened(loss: Loss, task: Task, *, where: str = "loss") -> Loss:
    """The loss of probabilities `[..., B, C]` (of one output: of the second class's, `[..., B, 1]`) that is the same on
    one-hot rows, up to what no output changes.

    Raises `UserError` for a loss of whole batches and for a user's own that is not made for them, with the names of
    those that are.
    """
    own = loss.targets[task]
    is_ours = loss.name in LOSSES
    by_column = own in {Encoding.PROBABILITY, Encoding.SIGN}
    encoding = own if own.takes_probabilities else Encoding.PROBABILITY if by_column else Encoding.ONE_HOT
    if loss.soft is True or (loss.soft and is_ours):
        fn = loss.fn if loss.soft is True else loss.soft
    elif is_ours and loss.per == "sample":
        fn = Expectation(loss.fn, own)
    else:
        raise UserError(
            f"{loss.name} is made for a class of each row, and the target holds probabilities of the classes",
            where=where,
            fix=f"choose {', '.join(soft_losses(task))}",
        )
    return replace(loss, fn=fn, targets={**loss.targets, task: encoding})


def soft_losses(task: Task) -> list[str]:
    """The losses that are made for probabilities as target."""
    return [loss.name for loss in LOSSES if loss.soft and task in loss.targets]
