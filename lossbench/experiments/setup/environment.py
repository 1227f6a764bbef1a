"""What a result depends on besides its config: versions, device, threads, platform."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from lossbench.engine.kernel.choice import Kernel
from lossbench.version import __version__

PACKAGES = ("torch", "numpy", "pandas", "scipy", "scikit-learn", "matplotlib", "pydantic")


def environment(device: torch.device, threads: int, kernel: Kernel | None = None) -> dict[str, Any]:
    """Versions, device, threads and kernel of this run, as the record keeps them."""
    return {
        "lossbench": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else platform.processor() or platform.machine(),
        "threads": threads,
        **({} if kernel is None else {"kernel": kernel.name, "kernel_note": kernel.why}),
        "cpus": os.cpu_count(),
        "platform": platform.platform(),
        "implementation": sys.implementation.name,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
