"""Hidden activations, in place, with derivatives taken from their outputs (so that inputs need not be kept)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_relu = torch.ops.aten.threshold_backward.grad_input
_tanh = torch.ops.aten.tanh_backward.grad_input
_sigmoid = torch.ops.aten.sigmoid_backward.grad_input
_leaky_relu = torch.ops.aten.leaky_relu_backward.grad_input
_elu = torch.ops.aten.elu_backward.grad_input
SLOPE = 0.01  # of leaky_relu, torch's default


@dataclass(frozen=True)
class Hidden:
    """`forward_(h)` replaces h by its activation; `backward_(g, h)` multiplies g by the derivative at the output h."""

    forward_: Callable[[Tensor], object]
    backward_: Callable[[Tensor, Tensor], object]
    at_zero: float = 0.0  # what padding units would put out


HIDDEN: dict[str, Hidden] = {
    "relu": Hidden(torch.relu_, lambda g, h: _relu(g, h, 0, grad_input=g)),
    "tanh": Hidden(torch.tanh_, lambda g, h: _tanh(g, h, grad_input=g)),
    "sigmoid": Hidden(torch.sigmoid_, lambda g, h: _sigmoid(g, h, grad_input=g), at_zero=0.5),
    "leaky_relu": Hidden(
        lambda h: torch.nn.functional.leaky_relu_(h, SLOPE),
        lambda g, h: _leaky_relu(g, h, SLOPE, True, grad_input=g),
    ),
    "elu": Hidden(torch.nn.functional.elu_, lambda g, h: _elu(g, 1.0, 1.0, 1.0, True, h, grad_input=g)),
    "identity": Hidden(lambda h: h, lambda g, h: g),
}
