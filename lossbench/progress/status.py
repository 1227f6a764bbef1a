"""The status of a run: the latest numbers of each member, for every display of progress."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from lossbench.events import EpochEnded, EvaluationEnded, EvaluationStarted, MemberStopped

# What tuning takes of a comparison's run, roughly; the refits that follow are announced when it has ended.
SHARE_OF_STAGE = {"": (0.0, 1.0), "tune": (0.0, 0.75), "refit": (0.75, 1.0)}


@dataclass
class EvaluationStatus:
    """The members' epochs, losses and scores so far; members that stopped early count as done.

    `before`: the stage of the same run that came earlier. Its best scores stand where this stage has no validation
    part.
    """

    started: EvaluationStarted
    before: EvaluationStatus | None = None
    epoch: list[int] = field(init=False)
    train_loss: list[float] = field(init=False)
    score: list[float] = field(init=False)
    best: list[float] = field(init=False)
    stopped: int = 0
    diverged: int = 0

    def __post_init__(self) -> None:
        members = self.started.members
        self.epoch = [0] * members
        self.train_loss = [math.nan] * members
        self.score = [math.nan] * members
        self.best = [math.nan] * members

    def update(self, event: EpochEnded) -> None:
        """Take in an epoch of some members."""
        for i, member in enumerate(event.members):
            self.epoch[member] = event.epoch
            self.train_loss[member] = float(event.train_loss[i])
            score = self.score[member] = float(event.val_score[i])
            best = self.best[member]
            if math.isnan(best) or (score > best if self.higher else score < best):
                self.best[member] = score

    def stop(self, event: MemberStopped) -> None:
        """A member will train no further."""
        self.epoch[event.member] = self.started.epochs
        self.stopped += 1
        self.diverged += event.reason == "diverged"

    @property
    def higher(self) -> bool:
        """Whether higher scores are better."""
        return self.started.better == "higher"

    @property
    def done(self) -> int:
        """Member-epochs done."""
        return sum(self.epoch)

    @property
    def total(self) -> int:
        """Member-epochs to do."""
        return self.started.members * self.started.epochs

    @property
    def mean_epoch(self) -> int:
        """The epoch that the members are in, on average."""
        return self.done // max(self.started.members, 1)

    @property
    def share(self) -> float:
        """The share of the whole run that is done, all of its stages counted."""
        low, high = SHARE_OF_STAGE.get(self.started.stage, (0.0, 1.0))
        return low + (high - low) * self.done / max(self.total, 1)

    @property
    def validated(self) -> EvaluationStatus:
        """This stage, or the one before it where this one has no validation part: its metric may be another."""
        none = self.before is not None and not any(math.isfinite(value) for value in self.best)
        return self.before.validated if self.before is not None and none else self

    @property
    def bests(self) -> list[float]:
        """The best validation score of each member that has one."""
        return [value for value in self.validated.best if math.isfinite(value)]

    @property
    def best_so_far(self) -> str:
        """`0.8123`: of all members; a dash where nothing was validated."""
        bests = self.bests
        return f"{(max if self.validated.higher else min)(bests):.4g}" if bests else "–"

    @property
    def diverged_nets(self) -> str:
        """`48 of 150 nets diverged`, over all stages; "" if none did."""
        stages = [self] if self.before is None else [self.before, self]
        count, members = sum(s.diverged for s in stages), sum(s.started.members for s in stages)
        return f"{count} of {members} net{'s'[: members != 1]} diverged" if count else ""

    def scores(self) -> str:
        """`accuracy 0.81 [0.79, 0.83]`: mean and, of several members, range; "" without a validation part."""
        known = not all(math.isnan(score) for score in self.score)
        return f"{self.started.metric} {mean_and_range(self.score)}" if known else ""

    def losses(self) -> str:
        """`loss 0.412 [0.401, 0.430]` of the last epoch on the training part."""
        return f"loss {mean_and_range(self.train_loss)}"

    def summary(self) -> str:
        """`loss 0.412 [0.401, 0.430] · accuracy 0.81 [0.79, 0.83] · best 0.83`, while it runs."""
        best = f"best {self.best_so_far}" if self.bests else ""
        return " · ".join(filter(None, [self.losses(), self.scores(), best]))

    def spread(self) -> str:
        """`mean 0.81 [0.79, 0.83]` of the members' latest scores; "" of a single one."""
        known = [score for score in self.score if math.isfinite(score)]
        return f"mean {mean_and_range(known)}" if len(known) > 1 else ""

    def results(self) -> list[str]:
        """What a run that has ended is worth, from `best accuracy 0.83, mean 0.81 [0.79, 0.83]` to `best 0.83`.

        Never a loss: different losses have no common scale.
        """
        bests = self.bests
        if not bests:
            return [""]
        spread = f", mean {mean_and_range(bests)}" if len(bests) > 1 else ""
        named, plain = f"best {self.validated.started.metric} {self.best_so_far}", f"best {self.best_so_far}"
        return [f"{named}{spread}", f"{plain}{spread}", plain]


def ended_results(event: EvaluationEnded, status: EvaluationStatus | None) -> list[str]:
    """What an evaluation that has ended is worth, the longest text first: the scores of the nets that were kept, where
    the event has them."""
    if event.scores:
        return [f"{event.metric} {mean_and_range(event.scores)}"]
    return [""] if status is None else status.results()


def mean_and_range(values: Sequence[float]) -> str:
    """`0.81 [0.79, 0.83]` of the finite ones."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return "–"
    mean = f"{sum(finite) / len(finite):.4g}"
    return f"{mean} [{min(finite):.4g}, {max(finite):.4g}]" if len(finite) > 1 else mean


def time_left(seconds: float, share: float) -> str:
    """`1:05`: what is left at this pace, `-:--` before anything is done."""
    return duration(seconds * (1 - share) / share) if share > 0 else "-:--"


def duration(seconds: float) -> str:
    """`0:12`, `12:05`, `1h 02`."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}" if whole < 3600 else f"{whole // 3600}h {whole % 3600 // 60:02}"
