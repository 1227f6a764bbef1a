"""What is promised of training is promised of both kernels."""

import pytest
import torch

from lossbench.engine.kernel.choice import resolve_kernel
from tests.engine import problems


@pytest.fixture(autouse=True, params=["torch", "compiled"])
def kernel(request, monkeypatch):
    """Problems of a test are trained by it; skipped where there is no compiler."""
    if request.param == "compiled":
        here = resolve_kernel("compiled", torch.device("cpu"), "relu")
        if here.name != "compiled":
            pytest.skip(here.why)
    monkeypatch.setattr(problems, "KERNEL", request.param)
    return request.param
