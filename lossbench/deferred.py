"""Heavy libraries, imported when first used.

A declaration (a loss, a metric, a data set) is read by `--help`, by shell completion and by `config check`, which must
answer at once; torch alone takes seconds. So declarations name `torch` and `F` from here: the real modules to a
type checker, and stand-ins at run time that become the real ones at the first attribute read.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any


class Deferred:
    """Stands in for a module until an attribute of it is read; attributes are kept, so later reads cost nothing."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        self.__dict__[attribute] = value
        return value


if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch
    import torch.nn.functional as F
    from scipy import stats
else:
    np = Deferred("numpy")
    pd = Deferred("pandas")
    torch = Deferred("torch")
    F = Deferred("torch.nn.functional")
    stats = Deferred("scipy.stats")

__all__ = ["F", "np", "pd", "stats", "torch"]
