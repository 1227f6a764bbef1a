"""The trainer of one chunk: epochs, validation, early stopping, divergence, and which weights are kept.

Members leave one by one. Who has left is trained on unseen until a third of the chunk is gone; then the others go on
in a smaller population, bit for bit as before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.nets.mlp import Population, initialised
from lossbench.engine.nets.state import state_of
from lossbench.engine.problem import Problem
from lossbench.engine.training.training_state import TrainingState
from lossbench.events import Emit, EpochEnded, MemberStopped, Status, Stopped

LossCurve = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass
class Outcome:
    """What became of a member; curves have one number per epoch that it trained."""

    status: Status = "ok"  # ok, diverged or interrupted
    epochs: int = 0
    best_epoch: int | None = None  # counted from 1; None without a validation score
    train_loss: LossCurve = field(default_factory=lambda: np.empty(0))
    val_loss: LossCurve = field(default_factory=lambda: np.empty(0))
    val_score: LossCurve = field(default_factory=lambda: np.empty(0))
    monitored: np.ndarray[tuple[int, int], np.dtype[np.float32]] = field(
        default_factory=lambda: np.empty((0, 0), np.float32)
    )  # [epochs, columns]: those of the score behind its first


@dataclass
class _Progress:
    """One member's way so far."""

    member: int
    place: int  # in the chunk
    epochs: int
    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_score: list[float] = field(default_factory=list)
    monitored: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = field(default_factory=list)
    best: float = -math.inf
    best_epoch: int | None = None
    others: dict[int, tuple[float, int]] = field(default_factory=dict)  # further columns -> their best, and when
    left: bool = False
    status: Status = "interrupted"
    snapshot: bool = False

    @property
    def improved(self) -> int:
        """The last epoch that was better than all before it, by any of the scores that stop it; 0: none."""
        return max([self.best_epoch or 0, *(when for _, when in self.others.values())])

    def outcome(self) -> Outcome:
        return Outcome(
            self.status,
            len(self.train_loss),
            self.best_epoch,
            np.array(self.train_loss, dtype=np.float64),
            np.array(self.val_loss, dtype=np.float64),
            np.array(self.val_score, dtype=np.float64),
            np.stack(self.monitored) if self.monitored else np.empty((0, 0), np.float32),
        )


class Trainer:
    """Trains one chunk from its first epoch to the last member's end."""

    def __init__(self, problem: Problem, members: Sequence[int], evaluation: str, device: torch.device) -> None:
        self.problem, self.members, self.evaluation = problem, list(members), evaluation
        seeds = [problem.members[m].seed for m in members]
        population = initialised(problem.net, seeds, problem.training.dtype, device)
        self.layout, self.kept = population.layout, population.flat.clone()
        self.population = population
        self.progress = [_Progress(m, place, problem.epochs(m)) for place, m in enumerate(members)]
        self.sign = 1.0 if problem.better == "higher" else -1.0

    def train(self, emit: Emit, stopped: Stopped) -> None:
        """Train until all members have left or `stopped()`."""
        if stopped():
            return
        state = TrainingState(self.problem, self.members, self.population)
        del self.population  # the training state's to keep or to replace
        present = list(self.progress)
        epoch = 0
        while True:
            loss = state.epoch(epoch, stopped)
            if loss is None:
                break
            epoch += 1
            val_loss, val_score = state.validate()
            if val_score.dim() == 2:
                columns_PM = val_score[:, 1:].cpu().numpy()
                for p, row_M in zip(present, columns_PM, strict=True):
                    if not p.left:
                        p.monitored.append(row_M.astype(np.float32))
                        self._follow(p, row_M, epoch)
                val_score = val_score[:, 0]
            self._note(epoch, present, loss.tolist(), val_loss.tolist(), val_score.tolist(), state, emit)
            staying = [k for k, p in enumerate(present) if not p.left]
            if not staying:
                return
            if 3 * (len(present) - len(staying)) >= len(present):
                present = [present[k] for k in staying]
                state = state.survivors(staying)
        self._keep(state, present, [p for p in present if not p.left and not p.snapshot])

    def _note(
        self,
        epoch: int,
        present: list[_Progress],
        loss: list[float],
        val_loss: list[float],
        val_score: list[float],
        state: TrainingState,
        emit: Emit,
    ) -> None:
        """Write down an epoch of the members present, report it, and let go who is done."""
        training = self.problem.training
        finite = state.finite().tolist()
        here = [k for k, p in enumerate(present) if not p.left]
        improved, leaving, stops = [], [], []
        for k in here:
            p = present[k]
            p.train_loss.append(loss[k])
            p.val_loss.append(val_loss[k])
            p.val_score.append(val_score[k])
            gain = self.sign * val_score[k]
            if math.isfinite(gain) and gain > p.best + training.min_delta:
                p.best, p.best_epoch = gain, epoch
                improved.append(p)
            if not (math.isfinite(loss[k]) and finite[k]):
                p.left, p.status = True, "diverged"
                stops.append(MemberStopped(self.evaluation, p.member, epoch, "diverged"))
            elif epoch >= p.epochs:
                p.left, p.status = True, "ok"
            elif training.patience is not None and epoch - p.improved >= training.patience:
                p.left, p.status = True, "ok"
                stops.append(MemberStopped(self.evaluation, p.member, epoch, "early_stopping"))
            if p.left:
                leaving.append(p)
        if training.keep == "best":
            self._keep(state, present, improved)
            for p in improved:
                p.snapshot = True
            leaving = [p for p in leaving if not p.snapshot]
        self._keep(state, present, leaving)
        emit(
            EpochEnded(
                self.evaluation,
                epoch,
                tuple(present[k].member for k in here),
                tuple(loss[k] for k in here),
                tuple(val_loss[k] for k in here),
                tuple(val_score[k] for k in here),
            )
        )
        for event in stops:
            emit(event)

    def _follow(self, p: _Progress, row_M: np.ndarray[tuple[int], np.dtype[np.float32]], epoch: int) -> None:
        """Note an epoch's further scores that can stop a member."""
        for column in range(self.problem.stops_by - 1):
            gain = self.sign * float(row_M[column])
            best, _ = p.others.get(column, (-math.inf, 0))
            if math.isfinite(gain) and gain > best + self.problem.training.min_delta:
                p.others[column] = (gain, epoch)

    def _keep(self, state: TrainingState, present: list[_Progress], who: list[_Progress]) -> None:
        """Let these members' present weights survive."""
        if not who:
            return
        device = self.kept.device
        at = torch.tensor([p.place for p in who], device=device)
        places = {id(p): k for k, p in enumerate(present)}
        of = torch.tensor([places[id(p)] for p in who], device=device)
        source = state.population
        self.layout.copy_members(self.kept, at, source.layout, source.flat, of)

    def outcomes(self) -> list[Outcome]:
        """One per member of the chunk."""
        return [p.outcome() for p in self.progress]

    def nets(self) -> Population:
        """The nets that survived, in the chunk's order."""
        return Population(self.layout, self.kept)

    def state(self, place: int) -> dict[str, Tensor]:
        """One net's parameters under the names of `nn.Sequential(Linear, activation, Linear, ...).state_dict()`."""
        return state_of(self.nets(), place)
