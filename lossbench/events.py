"""The events of a run, and the two callables between a run and its caller: `emit` and `stopped`.

Every function that takes long has the keyword arguments `emit` and `stopped`. It calls `emit` with each event as it
happens, and `stopped()` several times a second; once that is true, it returns what it has. It returns its result as
any function does. Both callables are called by the thread that does the work, so by several threads at once where there
are several: `runner.drive` makes a pair that allows for that.

Events are frozen, picklable data of the host. Whoever receives one answers nothing. An evaluation is one loss in one
setting; its members are numbered 0..P-1. Members train in chunks, so an `EpochEnded` says which of them it reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["ok", "interrupted", "failed", "diverged"]
Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class EvaluationsPlanned:
    """How many evaluations there will be, so that what is left of them can be shown."""

    evaluations: int


@dataclass(frozen=True)
class EvaluationLabel:
    """What an evaluation is of, part by part: a display that has no room for all of them leaves some out."""

    data: str
    loss: str
    last_act: str
    condition: Mapping[str, float] = field(default_factory=dict)  # condition name -> level
    condition_text: str = ""  # "20% symmetric label noise"

    def __str__(self) -> str:
        """`titanic / nll + logsoftmax (20% symmetric label noise)`."""
        condition = f" ({self.condition_text})" if self.condition_text else ""
        return f"{self.data} / {self.loss} + {self.last_act}{condition}"


@dataclass(frozen=True)
class EvaluationStarted:
    """Training of one loss on one data set begins."""

    evaluation: str  # unique within the experiment: "titanic / nll + logsoftmax"
    members: int
    epochs: int
    metric: str  # the loss-neutral metric of the validation part
    better: Better
    stage: str = ""  # "tune" and "refit" follow each other under one name in a comparison
    label: EvaluationLabel | None = None  # the parts of the name


@dataclass(frozen=True)
class EpochEnded:
    """Some members of an evaluation have ended an epoch (counted from 1)."""

    evaluation: str
    epoch: int
    members: Sequence[int]
    train_loss: Sequence[float]  # mean over the training samples of this epoch, per member
    val_loss: Sequence[float]  # NaN without a validation part
    val_score: Sequence[float]  # of the metric named by EvaluationStarted; NaN without a validation part


@dataclass(frozen=True)
class MemberStopped:
    """A member stopped before its last epoch."""

    evaluation: str
    member: int
    epoch: int
    reason: Literal["early_stopping", "diverged"]


@dataclass(frozen=True)
class EvaluationEnded:
    """An evaluation is over."""

    evaluation: str
    status: Status
    seconds: float
    message: str = ""
    metric: str = ""
    scores: Sequence[float] = ()  # of the metric on validation rows, of each net that was kept; for who saw no epoch


@dataclass(frozen=True)
class UnitsEnded:
    """How much of the work of all evaluations is done, where workers report it, in steps of one net."""

    done: int
    total: int


@dataclass(frozen=True)
class EvaluationSkipped:
    """A loss was excluded, and why."""

    evaluation: str
    why: str


@dataclass(frozen=True)
class Phase:
    """A stretch of work other than training, for a progress display: "frames", 3 of 20."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Warned:
    """Something a user should know; said once. A "note" is mere information: how a table was read."""

    message: str
    level: Literal["warning", "note"] = "warning"


Event = (
    EvaluationsPlanned
    | EvaluationStarted
    | EpochEnded
    | MemberStopped
    | EvaluationEnded
    | EvaluationSkipped
    | Phase
    | UnitsEnded
    | Warned
)

Emit = Callable[[Event], None]
Stopped = Callable[[], bool]


def ignore(event: Event) -> None:
    """The `emit` of a caller who needs no events."""


def never() -> bool:
    """The `stopped` of a caller who lets the work run to its end."""
    return False
