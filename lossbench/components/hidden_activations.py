"""Hidden activations, in place, with derivatives taken from their outputs (so that inputs need not be kept).

To add one, add one declaration here and its torch.nn twin to the contract tests.
"""

# ruff: noqa: PLW0108 - `lambda h: torch.relu_(h)` names torch when it is called, `torch.relu_` would import it here
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossbench.deferred import F, torch
from lossbench.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

SLOPE = 0.01  # of leaky_relu, torch's default


@dataclass(frozen=True)
class HiddenActivation:
    """`forward_(h)` replaces h by its activation; `backward_(g, h)` multiplies g by the derivative at the output h."""

    name: str
    formula: str
    reference: str
    forward_: Callable[[Tensor], object] = field(repr=False)
    backward_: Callable[[Tensor, Tensor], object] = field(repr=False)

    @property
    def description(self) -> str:
        """Its formula."""
        return self.formula


HIDDEN_ACTIVATIONS: Registry[HiddenActivation] = Registry("hidden activation", has_command=False)


def _relu_backward(g: Tensor, h: Tensor) -> None:
    torch.ops.aten.threshold_backward.grad_input(g, h, 0, grad_input=g)


def _tanh_backward(g: Tensor, h: Tensor) -> None:
    torch.ops.aten.tanh_backward.grad_input(g, h, grad_input=g)


def _sigmoid_backward(g: Tensor, h: Tensor) -> None:
    torch.ops.aten.sigmoid_backward.grad_input(g, h, grad_input=g)


def _leaky_relu_backward(g: Tensor, h: Tensor) -> None:
    torch.ops.aten.leaky_relu_backward.grad_input(g, h, SLOPE, True, grad_input=g)


def _elu_backward(g: Tensor, h: Tensor) -> None:
    torch.ops.aten.elu_backward.grad_input(g, 1.0, 1.0, 1.0, True, h, grad_input=g)


for _activation in (
    HiddenActivation("relu", "max(0, h)", "Nair & Hinton 2010, ICML", lambda h: torch.relu_(h), _relu_backward),
    HiddenActivation(
        "tanh", "tanh h", "LeCun et al. 1998, Efficient BackProp", lambda h: torch.tanh_(h), _tanh_backward
    ),
    HiddenActivation(
        "sigmoid",
        "1 / (1 + exp -h)",
        "Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0",
        lambda h: torch.sigmoid_(h),
        _sigmoid_backward,
    ),
    HiddenActivation(
        "leaky_relu",
        f"max({SLOPE:g} h, h)",
        "Maas, Hannun & Ng 2013, ICML",
        lambda h: F.leaky_relu_(h, SLOPE),
        _leaky_relu_backward,
    ),
    HiddenActivation(
        "elu",
        "h if h > 0 else exp h - 1",
        "Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289",
        lambda h: F.elu_(h),
        _elu_backward,
    ),
    HiddenActivation("identity", "h", "a linear net", lambda h: h, lambda g, h: g),
):
    HIDDEN_ACTIVATIONS.add(_activation)
