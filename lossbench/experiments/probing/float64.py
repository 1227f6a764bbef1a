"""Calls a loss in double precision, although a constant of it, such as class weights, is float32.

A training is in float32, where such a loss works. Probes need float64, which torch refuses to mix with float32 in many
functions. So its float32 constants are taken for float64 where they meet float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_any, tree_map


class _Promoted(TorchFunctionMode):
    """Within, no float32 tensor meets a float64 one."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[Any], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if tree_any(lambda one: _is(one, torch.float64), (args, kwargs)):
            args, kwargs = tree_map(lambda one: one.double() if _is(one, torch.float32) else one, (args, kwargs))
        return func(*args, **kwargs)


def _is(one: Any, dtype: torch.dtype) -> bool:
    return isinstance(one, Tensor) and one.dtype == dtype


def promoted(fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function, to be called with float64 whatever its constants are."""

    def call(*arguments: Any, **named: Any) -> Tensor:
        with _Promoted():
            return fn(*arguments, **named)

    return call
