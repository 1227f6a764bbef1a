"""Which kernel a training uses: `compiled`, or `torch`, which is everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from lossbench.engine.kernel.binding import ACTIVATIONS
from lossbench.engine.kernel.build import CannotBuildError, functions
from lossbench.errors import UserError


@dataclass(frozen=True)
class Kernel:
    """`name` is what is used; `why` is why `auto` is not the compiled one, "" where it is or torch was requested."""

    name: Literal["compiled", "torch"]
    why: str = ""


def resolve_kernel(name: str, device: torch.device, activation: str, dtype: torch.dtype = torch.float32) -> Kernel:
    """The kernel that `name` ("auto", "compiled" or "torch") comes to for nets with this hidden activation.

    It is compiled here, if it is not in the cache: some seconds, once for each activation. Where that is not possible
    `auto` is torch, `why` says why, and "compiled" is a `UserError`.
    """
    if name == "torch":
        return Kernel("torch")
    why = _obstacle(device, activation, dtype)
    if not why:
        return Kernel("compiled")
    if name == "compiled":
        raise UserError(f"kernel 'compiled': {why}", fix="use torch or auto")
    return Kernel("torch", why)


def _obstacle(device: torch.device, activation: str, dtype: torch.dtype) -> str:
    if device.type != "cpu":
        return f"it is for the processor, not for {device.type}"
    if activation not in ACTIVATIONS:
        return f"it has no {activation}"
    try:
        functions(activation, str(dtype).removeprefix("torch."))
    except CannotBuildError as problem:
        return str(problem)
    return ""
