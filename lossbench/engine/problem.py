"""The engine's input: nets, splits and objectives, as tensors and callables.

Shapes: P members, N rows, B rows of a batch, D inputs, H units of the last hidden layer, K outputs, C columns of an
encoded target or of a statistic.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from lossbench.engine.shared_rows import GatheredRows
from lossbench.events import Better

Score = Callable[[Tensor, Tensor, Sequence[int], Sequence[int]], Tensor]


@dataclass(frozen=True, eq=False)
class SplitPart:
    """Rows: inputs, targets encoded as the loss wants them, and the truth that scores are counted against."""

    x_ND: Tensor | GatheredRows
    target: Tensor  # [N] or [N, C]
    truth_N: Tensor  # class index (int64), or value in original units
    weight_N: Tensor | None = None  # of a validation part's mean loss, mean 1


@dataclass(frozen=True, eq=False)
class Fold:
    """What a member learns from and is validated on; folds that share a table share its tensor, never copied."""

    train: SplitPart
    validation: SplitPart | None = None
    weight_N: Tensor | None = None  # of the training rows, mean 1
    statistics: Mapping[str, Tensor] = field(default_factory=dict)  # name -> [C], for objectives that ask


@dataclass(frozen=True)
class Objective:
    """What is minimised: a last activation and a loss behind it; both treat leading axes as a batch of members.

    Per sample: `loss(out [P, B, K], target [P, B] or [P, B, C], **{name: [P, 1, C]}) -> [P, B]`.
    Per batch: `loss(out, target, weight [P, B], **statistics) -> [P]`.

    With `last_hidden` it is given the last hidden layer's outputs too, `last_hidden=[P, B, H]`: constants, through
    which no gradient flows. Of a net without hidden layers they are its inputs, which the last layer multiplies there.

    Two objectives of the same `key` compute the same, from their arguments alone; None: functions of which that is not
    known, which are called anew for every batch.
    """

    activation: Callable[[Tensor], Tensor]
    loss: Callable[..., Tensor]
    per: Literal["sample", "batch"] = "sample"
    statistics: tuple[str, ...] = ()
    place: str = ""  # where errors say that the loss is written
    key: Hashable = None
    last_hidden: bool = False


@dataclass(frozen=True)
class Member:
    """One net to train. Its objective is mean data loss + l1 * sum |w| + l2/2 * sum w^2 over weights, not biases.

    `weight_decay` means what it means in torch.optim (decoupled or added to the gradient, biases included); `momentum`
    is for optimisers that have one. `epochs` None: the training's.
    """

    seed: int
    fold: int = 0
    objective: int = 0
    lr: float = 1e-3
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    momentum: float = 0.0
    epochs: int | None = None


@dataclass(frozen=True)
class Net:
    """The shape that all members share; `activation`, a name of `HIDDEN_ACTIVATIONS`, follows every hidden layer.

    So many of the last outputs are `thresholds`: biases alone, the same in every row. Their weights are 0 and stay so.
    """

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    activation: str = "relu"
    thresholds: int = 0

    @property
    def widths(self) -> tuple[int, ...]:
        """How many numbers come in, leave each hidden layer, and come out."""
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def layers(self) -> list[tuple[int, int]]:
        """Each linear layer's inputs and outputs, first layer first."""
        return list(pairwise(self.widths))

    @property
    def weights(self) -> int:
        """How many weights there are, biases excluded."""
        return sum(i * o for i, o in self.layers)


@dataclass(frozen=True)
class Training:
    """How all members are trained; `patience` counts epochs without a better validation score."""

    epochs: int
    batch_size: int | None  # None: full batch
    optimizer: str = "adam"  # a name of OPTIMIZERS
    schedule: str = "constant"  # a name of SCHEDULES
    patience: int | None = None
    min_delta: float = 0.0
    keep: Literal["last", "best"] = "last"  # which weights survive
    dtype: torch.dtype = torch.float32
    kernel: Literal["torch", "compiled"] = "torch"  # what makes the steps; the last bits depend on it


@dataclass(frozen=True, eq=False)
class Problem:
    """Members to train together.

    `score(out [P, N, K], truth [P, N], folds, objectives) -> [P]` judges the validation part; `folds` and `objectives`
    are the P members' own, for whoever reads outputs by loss, or scales by fold. It may return `[P, S + M]`: the first
    S = `stops_by` columns can stop a member, which stops early once none of them gets better; all but the first are
    kept epoch by epoch. Without `has_val_loss` the objective is not measured on the validation part.
    """

    net: Net
    folds: tuple[Fold, ...]
    members: tuple[Member, ...]
    objectives: tuple[Objective, ...]
    training: Training
    score: Score | None = None
    better: Better = "higher"
    stops_by: int = 1
    has_val_loss: bool = True

    def epochs(self, member: int) -> int:
        """How many epochs that member trains at most."""
        own = self.members[member].epochs
        return self.training.epochs if own is None else own


def moved(problem: Problem, device: torch.device) -> Problem:
    """The same problem with its tensors on a device, inputs in the training's dtype; what was one tensor stays one."""
    from dataclasses import replace

    done: dict[int, Tensor] = {}

    def move(tensor: Tensor, *, is_input: bool = False) -> Tensor:
        if id(tensor) not in done:
            to_float = is_input or tensor.is_floating_point()
            done[id(tensor)] = tensor.to(device, problem.training.dtype if to_float else tensor.dtype).contiguous()
        return done[id(tensor)]

    def inputs(x: Tensor | GatheredRows) -> Tensor | GatheredRows:
        if isinstance(x, Tensor):
            return move(x, is_input=True)
        return replace(x, table_MD=move(x.table_MD, is_input=True)).to(device, problem.training.dtype)

    def part(p: SplitPart) -> SplitPart:
        return SplitPart(
            inputs(p.x_ND), move(p.target), move(p.truth_N), None if p.weight_N is None else move(p.weight_N)
        )

    folds = tuple(
        Fold(
            part(fold.train),
            None if fold.validation is None else part(fold.validation),
            None if fold.weight_N is None else move(fold.weight_N, is_input=True),
            {name: move(value) for name, value in fold.statistics.items()},
        )
        for fold in problem.folds
    )
    return replace(problem, folds=folds)
