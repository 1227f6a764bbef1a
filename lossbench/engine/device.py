"""Where to train: devices by name, and how many processor threads."""

from __future__ import annotations

import os

import torch

from lossbench.errors import UserError

KNOWN = "auto, cpu, cuda, cuda:N, mps"


def resolve_device(name: str) -> torch.device:
    """The device of that name, or a `UserError` where this machine has none; `auto` is the best one there is.

    `auto` never picks mps: nets this small train faster on the processor beside it.
    """
    kind, colon, index = name.partition(":")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    if kind == "cuda" and (not colon or index.isdecimal()):
        if not torch.cuda.is_available():
            raise UserError(f"device {name!r}: no CUDA device here", fix="use cpu or auto")
        count = torch.cuda.device_count()
        if index and int(index) >= count:
            there = "cuda:0" if count == 1 else f"cuda:0 to cuda:{count - 1}"
            raise UserError(f"device {name!r}: there is no such one", fix=f"this machine has {there}")
        return torch.device(name)
    if name == "mps":
        if not torch.backends.mps.is_available():
            raise UserError("device 'mps': no Apple GPU here", fix="use cpu or auto")
        return torch.device("mps")
    raise UserError(f"unknown device {name!r}", fix=f"known are {KNOWN}")


def default_threads() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
