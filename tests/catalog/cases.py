"""What the tests of the catalogue run over: every loss on every task that it serves, with probes made for it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.catalog.activations import Activation
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.targets import encode
from lossbench.catalog.verdicts import best_activation, sound_activations
from lossbench.catalog.vocabulary import Encoding, Task

CLASSES = {Task.BINARY: 2, Task.MULTICLASS: 4, Task.ORDINAL: 4, Task.REGRESSION: 1}
HIDDEN = (0.3, -1.2, 2.5, 0.0)


@dataclass(frozen=True)
class Case:
    """A loss on a task behind a last activation."""

    loss: Loss
    task: Task
    activation: Activation

    def __repr__(self) -> str:
        return f"{self.loss.label}-{self.task.value}-{self.activation.name}"

    @property
    def classes(self) -> int:
        return CLASSES[self.task]

    @property
    def outputs(self) -> int:
        return self.loss.width(self.task, self.classes)

    def linear(self, *lead: int, scale: float = 1.0, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
        """Linear outputs `[*lead, K]`."""
        generator = torch.Generator().manual_seed(seed)
        return scale * torch.randn(*lead, self.outputs, generator=generator, dtype=dtype)

    def target(self, *lead: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
        """Encoded targets of `lead` rows."""
        generator = torch.Generator().manual_seed(seed)
        rows = torch.Size(lead).numel()
        encoding = self.loss.targets[self.task]
        if self.task.is_classification:
            truth = torch.randint(self.classes, (rows,), generator=generator)
        else:
            truth = torch.randn(rows, generator=generator, dtype=torch.float64)
            truth = truth if encoding is Encoding.FLOAT else truth.abs() + 0.01
        target = encode(truth, encoding, self.classes)
        target = target.to(dtype) if target.is_floating_point() else target
        return target.reshape(*lead, *target.shape[1:])

    def all_of_class(self, y: int, rows: int) -> Tensor:
        """Encoded targets of rows of one class."""
        target = encode(torch.full((rows,), y), self.loss.targets[self.task], self.classes)
        return target.double() if target.is_floating_point() else target

    def statistics(self, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
        """What the loss is told of the training part; a class that does not occur among it."""
        counts = torch.tensor([50.0, 7.0, 0.0, 20.0][: self.classes], dtype=dtype)[None]
        return dict.fromkeys(self.loss.statistics, counts)

    def named(self, *lead: int, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
        """What the loss asks for by name: statistics, and a last hidden layer `[*lead, H]`, alike in all rows."""
        hidden = {"last_hidden": torch.tensor(HIDDEN, dtype=dtype).expand(*lead, -1)} if self.loss.last_hidden else {}
        return self.statistics(dtype) | hidden

    def value(self, out: Tensor, target: Tensor) -> Tensor:
        """The loss; with even weights where it wants weights."""
        weight = [torch.ones(out.shape[:-1], dtype=out.dtype)] if self.loss.per == "batch" else []
        return self.loss(out, target, *weight, **self.named(*out.shape[:-1], dtype=out.dtype))


PREFERRED = [Case(loss, task, best_activation(loss, task)) for loss in LOSSES for task in loss.own_tasks]
SOUND = [Case(c.loss, c.task, a) for c in PREFERRED for a in sound_activations(c.loss, c.task)]
