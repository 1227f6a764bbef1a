"""What a run says while it runs: frozen, host data only. Sinks consume them and never answer.

A run is one loss on one data set; its members are numbered 0..P-1. Members train in chunks, so an `EpochEnded` says
which of them it speaks of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "interrupted", "failed", "diverged"]
Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class RunsPlanned:
    """How many runs there will be, so that what is left of them can be told."""

    runs: int


@dataclass(frozen=True)
class RunStarted:
    """Training of one loss on one data set begins."""

    run: str  # unique within the experiment: "titanic / nll + logsoftmax"
    members: int
    epochs: int
    metric: str  # the loss-neutral metric of the validation part
    better: Better
    stage: str = ""  # "tune" and "refit" follow each other under one run's name in a comparison


@dataclass(frozen=True)
class EpochEnded:
    """Some members of a run have ended an epoch (counted from 1)."""

    run: str
    epoch: int
    members: Sequence[int]
    train_loss: Sequence[float]  # mean over the training samples of this epoch, per member
    val_loss: Sequence[float]  # NaN without a validation part
    val_score: Sequence[float]  # of the metric named by RunStarted; NaN without a validation part


@dataclass(frozen=True)
class MemberStopped:
    """A member stopped before its last epoch."""

    run: str
    member: int
    epoch: int
    reason: Literal["early_stopping", "diverged"]


@dataclass(frozen=True)
class RunEnded:
    """A run is over."""

    run: str
    status: Status
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class RunSkipped:
    """A run was left out, and why."""

    run: str
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


Event = RunsPlanned | RunStarted | EpochEnded | MemberStopped | RunEnded | RunSkipped | Phase | Warned
