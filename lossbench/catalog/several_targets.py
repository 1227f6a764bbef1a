"""Several numbers as target: a loss of one number, target by target, and their mean.

Shapes: B rows, K targets, which are the outputs too, H units of the last hidden layer; any leading axes. The mean over
targets is what scikit-learn's multi-output regressors minimise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossbench.catalog.loss import Loss
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class EachTarget:
    """A last activation `[..., 1] -> [..., 1]` for each of K outputs alone: `[..., K] -> [..., K]`."""

    activation: Callable[[Tensor], Tensor]

    def __call__(self, out: Tensor) -> Tensor:
        """Apply it."""
        return self.activation(out.unsqueeze(-1)).squeeze(-1)


@dataclass(frozen=True)
class MeanOverTargets:
    """A loss of one number, averaged over K targets: outputs and targets `[..., B, K]` -> `[..., B]`."""

    loss: Callable[..., Tensor]

    def __call__(self, out: Tensor, target: Tensor, **of_rows: Tensor) -> Tensor:
        """The mean of the targets' losses, row by row; what rows have beside, `[..., B, H]`, is every target's."""
        targets = out.shape[-1]
        named = {
            name: rows.unsqueeze(-3).expand(*out.shape[:-2], targets, *rows.shape[-2:])
            for name, rows in of_rows.items()
        }
        return self.loss(out.mT.unsqueeze(-1), target.mT.unsqueeze(-1), **named).mean(-2)


def takes_several(loss: Loss) -> bool:
    """Whether it is a loss of one number and one output, which several targets can be averaged over."""
    return loss.per == "sample" and loss.width(Task.REGRESSION, 0) == 1


def check_several_targets(loss: Loss, targets: int, *, where: str = "loss") -> None:
    """Raise `UserError` for a loss that is not one of one number and one output, where there are several targets."""
    if targets == 1 or takes_several(loss):
        return
    width = loss.width(Task.REGRESSION, 0)
    why = f"has {width} outputs for each" if width > 1 else "is one of whole batches"
    raise UserError(
        f"{loss.name} {why}, and there are {targets} targets",
        where=where,
        fix="choose a loss of one output a value (mse, l1, huber), or one target",
    )
