"""A loss on one task, made ready to be probed: its outputs, its targets, and the table of its values.

Shapes: P members, B rows, N probe points, K outputs, C classes, T target values (the classes of a classification, or
so many numbers of a regression).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from lossbench.catalog.activations import Activation
from lossbench.catalog.decoders import Prediction
from lossbench.catalog.loss import LAST_HIDDEN, Loss
from lossbench.catalog.plugins.adapt import WrongShape, adapt
from lossbench.catalog.probes import HIDDEN
from lossbench.catalog.targets import encode
from lossbench.catalog.verdicts import best_activation
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.errors import UserError
from lossbench.experiments.probing.findings import Finding, Level
from lossbench.experiments.probing.float64 import promoted

MIDDLE = 6.0  # half the width of the linear outputs that training starts from and mostly stays in
TAILS = (30.0, 1e3)  # sizes of linear outputs that it may reach
FLAT = 1e-12  # of the gradient where the loss is steepest: no optimizer moves by less
OF_ONE_LOSS = {Space.MEAN_VARIANCE, Space.NORMAL_INVERSE_GAMMA}  # outputs of different kinds, of one loss alone
CLASS_COUNTS = (50.0, 30.0, 20.0, 10.0, 5.0, 2.0)  # for a loss that uses them


@dataclass(frozen=True)
class LossUnderTest:
    """A loss on a task behind one last activation."""

    loss: Loss
    task: Task
    activation: Activation
    classes: int  # 0 for a regression

    @classmethod
    def admit(cls, loss: Loss, task: Task) -> LossUnderTest:
        """The loss behind the activation it expects, on two or three classes, its results checked for their shape.

        Raises `UserError` where no activation is sound for it.
        """
        checked = replace(loss, fn=adapt(loss, file="", where=loss.name))
        classes = {Task.BINARY: 2, Task.MULTICLASS: 3, Task.ORDINAL: 3, Task.REGRESSION: 0}[task]
        return cls(checked, task, best_activation(loss, task), classes)

    def in_float64(self) -> LossUnderTest:
        """The same, to be called in double precision even where a constant in it is float32."""
        single, double = (self.fails(dtype) for dtype in (torch.float32, torch.float64))
        if single or not double:
            return self
        return replace(self, loss=replace(self.loss, fn=promoted(self.loss.fn)))

    def fails(self, dtype: torch.dtype) -> bool:
        """Whether it raises for outputs of that type."""
        try:
            self.values(self.activation(self.linear_outputs(1, 7, dtype=dtype)), self.targets(1, 7))
        except WrongShape:
            return False
        except UserError:
            return True
        return False

    @property
    def outputs(self) -> int:
        """How many outputs K a net would have."""
        return self.loss.width(self.task, self.classes)

    @property
    def encoding(self) -> Encoding:
        """How targets are encoded."""
        return self.loss.targets[self.task]

    @cached_property
    def truths(self) -> Tensor:
        """Every class, or numbers that a target of this encoding may have, `[T]`."""
        if self.task.is_classification:
            return torch.arange(self.classes)
        match self.encoding:
            case Encoding.NONNEGATIVE:
                return torch.tensor([0.0, 1.0, 2.0, 5.0], dtype=torch.float64)
            case Encoding.POSITIVE:
                return torch.tensor([0.1, 0.5, 1.0, 4.0], dtype=torch.float64)
            case _:
                return torch.tensor([-2.0, -0.5, 0.0, 1.0], dtype=torch.float64)

    def linear_outputs(
        self, *shape: int, seed: int = 0, scale: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> Tensor:
        """Normal linear outputs `[*shape, K]`, before the activation."""
        generator = torch.Generator().manual_seed(seed)
        return (torch.randn(*shape, self.outputs, generator=generator, dtype=torch.float64) * scale).to(dtype)

    def tail(self, points: int, size: float) -> Tensor:
        """Linear outputs `[N, K]` of all directions, the largest of each row as large as `size`."""
        direction = self.linear_outputs(points, seed=7).clamp(-2, 2)
        return size * direction / direction.abs().amax(-1, keepdim=True)

    def targets(self, *shape: int) -> Tensor:
        """Encoded targets for outputs `[*shape, K]`: all values in turn."""
        count = int(torch.tensor(shape).prod())
        return self.encoded(self.truths[torch.arange(count) % len(self.truths)].reshape(shape))

    def encoded(self, value: Tensor) -> Tensor:
        """The encoding of classes or numbers of any shape, as the engine would give it."""
        flat = encode(value.reshape(-1), self.encoding, self.classes)
        return flat.reshape(*value.shape, *flat.shape[1:])

    def values(self, out: Tensor, target: Tensor, class_counts: Sequence[float] = CLASS_COUNTS) -> Tensor:
        """The loss of outputs `[P, B, K]` -> `[P, B]` (per batch: `[P]`, all rows with the same weight)."""
        if target.is_floating_point():
            target = target.to(out.dtype)
        counts = out.new_tensor(class_counts[: self.classes]).expand(out.shape[0], 1, -1)
        extra = (out.new_ones(out.shape[:-1]),) if self.loss.per == "batch" else ()
        named = dict.fromkeys(self.loss.statistics, counts)
        if self.loss.last_hidden:  # alike in every row, so that a row's value does not depend on its place
            named[LAST_HIDDEN] = out.new_tensor(HIDDEN).expand(*out.shape[:-1], -1)
        return self.loss(out, target, *extra, **named)

    def table(self, out_NK: Tensor, truth: Tensor | None = None) -> Tensor:
        """The loss of every point for every target value -> `[N, T]`; `truth`: other values than its own, `[T]`, or
        others for each point, `[N, T]`."""
        truth = self.truths if truth is None else truth
        n, t = len(out_NK), truth.shape[-1]
        out = out_NK[:, None].expand(n, t, -1).reshape(1, n * t, -1)
        target = self.encoded(truth.expand(n, t).reshape(1, n * t))
        return self.values(out, target).reshape(n, t)

    def risks(self, z_NK: Tensor) -> Tensor:
        """The table of linear outputs."""
        return self.table(self.activation(z_NK))

    @cached_property
    def range(self) -> float:
        """How far its values lie apart at ordinary outputs: the unit that differences are measured in."""
        values = self.risks(self.linear_outputs(256))
        return float(values.quantile(0.95) - values.quantile(0.05))

    def slopes(self, z_NK: Tensor) -> Tensor:
        """The gradient in the linear outputs, for every target value -> `[T, N, K]`."""
        n, t = len(z_NK), len(self.truths)
        z_RK = z_NK.detach().repeat_interleave(t, 0).requires_grad_()  # a row for each target: one gradient serves all
        target = self.encoded(self.truths.repeat(n)[None])
        (slope_RK,) = torch.autograd.grad(self.values(self.activation(z_RK)[None], target).sum(), z_RK)
        return slope_RK.reshape(n, t, -1).transpose(0, 1)

    @cached_property
    def dead_share(self) -> float:
        """The share of wrong predictions, at 500 uniform linear outputs, that have no gradient."""
        return self.dead_at(500)

    def dead_at(self, points: int) -> float:
        """The same of so many uniform linear outputs between -6 and 6."""
        z_NK = self._uniform(points)
        steepness_TN = self._steepness(z_NK)
        return self._dead(z_NK, steepness_TN, steepness_TN.max())

    def dead_beyond(self, points: int, size: float) -> float:
        """The share of wrong predictions without a gradient where the largest linear output is of that size."""
        z_NK = self.tail(points, size)
        return self._dead(z_NK, self._steepness(z_NK), self._steepness(self._uniform(points)).max())

    def _uniform(self, points: int) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return (2 * torch.rand(points, self.outputs, generator=generator, dtype=torch.float64) - 1) * MIDDLE

    def _steepness(self, z_NK: Tensor) -> Tensor:
        """The length of the gradient, for every target value -> `[T, N]`."""
        steepness_TN: Tensor = self.slopes(z_NK).norm(dim=-1)
        return steepness_TN

    def _dead(self, z_NK: Tensor, steepness_TN: Tensor, steepest: Tensor) -> float:
        wrong_TN = self._wrong(self.activation(z_NK))
        return float((wrong_TN & (steepness_TN <= FLAT * steepest)).sum() / wrong_TN.sum().clamp_min(1))

    def _wrong(self, out_NK: Tensor) -> Tensor:
        """Which predictions are wrong for which target, `[T, N]`; a regression's by more than 1."""
        prediction = self.read(out_NK[None])
        if prediction.point_PN is not None:
            return (prediction.point_PN - self.truths[:, None]).abs() > 1
        return prediction.label_PN != self.truths[:, None]

    def finding(self, check: str, level: Level, what: str, measured: str, **numbers: Any) -> Finding:
        """A finding on this task."""
        return Finding(check, self.task.value, level, what, measured, numbers)

    def read(self, out: Tensor) -> Prediction:
        """What the outputs predict."""
        return self.loss.decoder_on(self.activation.space, self.task)(out)
