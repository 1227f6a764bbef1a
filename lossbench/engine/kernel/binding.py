"""The compiled step of one population: its buffers, and calls of the two functions of `step.cpp`, with its structures.

Shapes: P members, B rows of a batch with its padding, D inputs, H units of the last hidden layer, K outputs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from lossbench.components.optimizers import BETA1, BETA2, EPS
from lossbench.engine.kernel.build import Functions
from lossbench.engine.nets.mlp import Population
from lossbench.engine.padding import LINE, round_up

BLOCK = 128  # rows that step.cpp takes at a time
ACTIVATIONS = ("identity", "relu", "leaky_relu", "tanh", "sigmoid", "elu")  # that step.cpp has


class _Layer(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("inputs", "outputs", "inputs_padded", "outputs_padded")),
        *((name, ctypes.c_int64) for name in ("weight", "weight_room", "bias", "bias_room")),
        ("values", ctypes.c_void_p),
    ]


class _Step(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("members", "rows_padded", "depth", "widest", "largest")),
        ("layers", ctypes.c_void_p),
        *((name, ctypes.c_void_p) for name in ("parameters", "gradient", "scratch")),
    ]


class _Adam(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("mean", "square", "rate", "weight_decay", "l1", "l2")),
        *((name, ctypes.c_double) for name in ("beta1", "beta2", "eps", "correction1", "correction2")),
        ("decoupled", ctypes.c_int64),
    ]


class AdamStep:
    """Adam as the kernel makes it, each member with its own settings; `mean` and `square` are flat buffers."""

    def __init__(
        self,
        mean: Tensor,
        square: Tensor,
        *,
        weight_decay: Sequence[float],
        l1: Sequence[float],
        l2: Sequence[float],
        decoupled: bool,
    ) -> None:
        self._rate = torch.zeros(len(l2), dtype=torch.float64)
        self._rates: Sequence[float] = ()
        self._kept = (mean, square, *(torch.tensor(v, dtype=torch.float64) for v in (weight_decay, l1, l2)))
        at = [buffer.data_ptr() for buffer in (mean, square, self._rate, *self._kept[2:])]
        self._struct = _Adam(*at, BETA1, BETA2, EPS, 1.0, 1.0, decoupled)
        self.place = ctypes.addressof(self._struct)

    def begin(self, steps: int, rates: Sequence[float]) -> None:
        """What follows is step number `steps`, from 1, with these learning rates of the members."""
        if rates is not self._rates:
            self._rates = rates
            self._rate.copy_(torch.tensor(rates, dtype=torch.float64))
        self._struct.correction1, self._struct.correction2 = 1 - BETA1**steps, 1 - BETA2**steps


class CompiledPass:
    """Forward and backward of a population for batches of so many rows, with buffers of their own.

    `out [P, B, K]` has the outputs of the last `forward`, in memory one output after another; rows of padding keep what
    they had.
    """

    def __init__(self, functions: Functions, population: Population, rows_padded: int) -> None:
        layout, flat = population.layout, population.flat
        self.functions, self.population = functions, population
        P, depth = layout.members, layout.depth
        self.values = [flat.new_zeros(P, rows_padded, width) for width in layout.widths[1:-1]]
        self.out = flat.new_zeros(layout.exact[-1], P, rows_padded).movedim(0, -1)
        lines = [round_up(width, LINE) for width in layout.widths]
        widest, largest = max(lines), max(i * o for i, o in pairwise(lines))
        self._scratch = flat.new_zeros(2 * BLOCK * widest + 2 * largest + 2 * widest)
        self._layers = (_Layer * depth)(*(self._layer(number) for number in range(depth)))
        self._step = _Step(
            P,
            rows_padded,
            depth,
            widest,
            largest,
            ctypes.addressof(self._layers),
            flat.data_ptr(),
            population.gradient.data_ptr(),
            self._scratch.data_ptr(),
        )
        self._place = ctypes.addressof(self._step)

    def _layer(self, number: int) -> _Layer:
        layout = self.population.layout
        weight, bias = number, layout.depth + number  # their places among the tensors of the layout
        return _Layer(
            *layout.exact[number : number + 2],
            *layout.widths[number : number + 2],
            layout.starts[weight],
            layout.rooms[weight],
            layout.starts[bias],
            layout.rooms[bias],
            (self.values[number] if number < len(self.values) else self.out).data_ptr(),
        )

    def forward(self, x_PBD: Tensor, rows: int) -> Tensor:
        """The last layer's outputs for the first `rows` rows, in `out`."""
        self.functions.forward(self._place, x_PBD.data_ptr(), x_PBD.stride(0), rows)
        return self.out

    def last_hidden(self, x_PBD: Tensor) -> Tensor:
        """What the last layer multiplied in the last `forward` of these rows, `[P, B, H]`; without hidden layers x."""
        if not self.values:
            return x_PBD.contiguous()
        return self.values[-1][:, :, : self.population.layout.exact[-2]]

    def backward(self, x_PBD: Tensor, slope_PBK: Tensor, rows: int, adam: AdamStep | None = None) -> None:
        """From d loss / d outputs, after a `forward` of the same batch: Adam's step, or without it the gradient."""
        place = None if adam is None else adam.place
        if slope_PBK.shape[2] > 1:  # of one output it lies so in any case
            slope_PBK = slope_PBK.movedim(-1, 0)
        slope = slope_PBK.contiguous()
        self.functions.backward(self._place, x_PBD.data_ptr(), x_PBD.stride(0), slope.data_ptr(), rows, place)
