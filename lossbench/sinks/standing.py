"""Where a run stands: the latest numbers of each member, as every display of progress needs them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from lossbench.events import EpochEnded, MemberStopped, RunStarted


@dataclass
class Standing:
    """The members' epochs, losses and scores so far; members that stopped early count as done."""

    started: RunStarted
    epoch: list[int] = field(init=False)
    train_loss: list[float] = field(init=False)
    score: list[float] = field(init=False)
    best: list[float] = field(init=False)
    stopped: int = 0

    def __post_init__(self) -> None:
        members = self.started.members
        self.epoch = [0] * members
        self.train_loss = [math.nan] * members
        self.score = [math.nan] * members
        self.best = [math.nan] * members

    def update(self, event: EpochEnded) -> None:
        """Take in an epoch of some members."""
        higher = self.started.better == "higher"
        for i, member in enumerate(event.members):
            self.epoch[member] = event.epoch
            self.train_loss[member] = float(event.train_loss[i])
            score = self.score[member] = float(event.val_score[i])
            best = self.best[member]
            if math.isnan(best) or (score > best if higher else score < best):
                self.best[member] = score

    def stop(self, event: MemberStopped) -> None:
        """A member will train no further."""
        self.epoch[event.member] = self.started.epochs
        self.stopped += 1

    @property
    def done(self) -> int:
        """Member-epochs done."""
        return sum(self.epoch)

    @property
    def total(self) -> int:
        """Member-epochs to do."""
        return self.started.members * self.started.epochs

    def summary(self) -> str:
        """`loss 0.412 [0.401, 0.430] · accuracy 0.81 [0.79, 0.83] · best 0.83`: mean and, of several members, range."""
        parts = [f"loss {_mean_and_range(self.train_loss)}"]
        if not all(math.isnan(s) for s in self.score):
            parts.append(f"{self.started.metric} {_mean_and_range(self.score)}")
            parts.append(f"best {_mean_and_range(self.best, spread=False)}")
        return " · ".join(parts)


def _mean_and_range(values: list[float], *, spread: bool = True) -> str:
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return "-"
    mean = f"{sum(finite) / len(finite):.4g}"
    return f"{mean} [{min(finite):.4g}, {max(finite):.4g}]" if spread and len(finite) > 1 else mean
