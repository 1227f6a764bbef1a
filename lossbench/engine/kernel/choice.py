"""Which kernel a training uses: `compiled`, or `torch`, which is everywhere. The last bits of a training depend on it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from lossbench.engine.kernel.binding import ACTIVATIONS
from lossbench.engine.kernel.build import CannotBuildError, functions


@dataclass(frozen=True)
class Kernel:
    """`name` is what is used, "compiled" or "torch"; `why` is why it is not the compiled one, "" where it is or where
    torch was requested."""

    name: str
    why: str = ""


def resolve_kernel(name: str, device: torch.device, activation: str, dtype: torch.dtype = torch.float32) -> Kernel:
    """The kernel that `name` ("auto", "compiled" or "torch") comes to for nets with this hidden activation.

    It is compiled here, if it is not in the cache: a second or two, once for each activation. Where that is not
    possible it is torch, and `why` says so.
    """
    if name == "torch":
        return Kernel("torch")
    if device.type != "cpu":
        return Kernel("torch", f"the compiled kernel is for the processor, not for {device.type}")
    if activation not in ACTIVATIONS:
        return Kernel("torch", f"the compiled kernel has no {activation}")
    try:
        functions(activation, str(dtype).removeprefix("torch."))
    except CannotBuildError as problem:
        return Kernel("torch", f"the kernel could not be compiled: {problem}")
    return Kernel("compiled")
