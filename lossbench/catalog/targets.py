"""Encodes a sample's class or value as the target that a loss expects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lossbench.catalog.vocabulary import Encoding
from lossbench.deferred import F, torch
from lossbench.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


def encode(
    truth_N: Tensor,
    encoding: Encoding,
    classes: int = 1,
    *,
    name: str = "the loss",
    where: str = "target",
    place: Callable[[int], str] = "row {}".format,
) -> Tensor:
    """The target of N samples: `[N]` int64 for `CLASS_INDEX`, else float32 `[N, C]` or `[N, 1]`.

    Probabilities of the classes `[N, C]` are the target of `ONE_HOT`, the second class's that of `PROBABILITY`, and
    those of the classes above each but the last, `[N, C - 1]`, that of `CUMULATIVE`.

    `truth_N` holds class indices, or values (`[N, K]` for K targets, and so is what comes of them): standardised by the
    caller for `FLOAT`, in their own units for `NONNEGATIVE` and `POSITIVE`. Raises `UserError` for a class that is not
    one of the `classes`, and for values outside the range that `name`, the loss, is defined on; `place` tells a row's
    place.
    """
    match encoding:
        case Encoding.FLOAT:
            return truth_N.float().view(len(truth_N), -1)
        case Encoding.NONNEGATIVE | Encoding.POSITIVE:
            _check_range(truth_N, encoding, name, where, place)
            return truth_N.float().view(len(truth_N), -1)
    if truth_N.ndim == 2:  # probabilities of the classes
        if encoding is Encoding.CUMULATIVE:
            return truth_N.flip(-1).cumsum(-1).flip(-1)[:, 1:].float()
        return truth_N[:, 1:].float() if encoding is Encoding.PROBABILITY else truth_N.float()
    y = truth_N.long()
    wanted = 2 if encoding in {Encoding.PROBABILITY, Encoding.SIGN} else classes
    if len(y) and not 0 <= int(y.min()) <= int(y.max()) < wanted:
        raise UserError(f"class {int(y.max())} of {name}, which takes {wanted} classes", where=where)
    match encoding:
        case Encoding.CLASS_INDEX:
            return y
        case Encoding.ONE_HOT:
            return F.one_hot(y, classes).float()
        case Encoding.SIGNED_ONE_HOT:
            return 2 * F.one_hot(y, classes).float() - 1
        case Encoding.CUMULATIVE:
            return (y[:, None] > torch.arange(classes - 1, device=y.device)).float()
        case Encoding.PROBABILITY:
            return y.float()[:, None]
        case _:
            return 2 * y.float()[:, None] - 1


def _check_range(truth_N: Tensor, encoding: Encoding, name: str, where: str, place: Callable[[int], str]) -> None:
    positive = encoding is Encoding.POSITIVE
    wrong = ~(truth_N > 0) if positive else ~(truth_N >= 0)
    if bool(wrong.any()):
        first = torch.nonzero(wrong)[0]
        row, value = int(first[0]), float(truth_N[tuple(first)])
        rows = "row" if int(wrong.sum()) == 1 else "rows"
        raise UserError(
            f"{name} needs a target {'> 0' if positive else '>= 0'}, and {place(row)} has {value:g} "
            f"({int(wrong.sum())} such {rows})",
            where=where,
            fix="choose a loss for targets of any sign (mse, l1, huber) or transform the target",
        )
