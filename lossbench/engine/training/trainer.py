"""The trainer of one chunk: epochs, validation, early stopping, divergence, and which weights are kept.

Members leave one by one. Who has left is trained on unseen until the others fit a population of the next smaller size;
there they go on, bit for bit as before. The sizes are few, so that a loss is recorded for few shapes (see `slope`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.nets.mlp import ParameterLayout, Population, initialised
from lossbench.engine.nets.state import population_of, state_of
from lossbench.engine.problem import Problem
from lossbench.engine.training.checkpoint import Checkpoint, Saver
from lossbench.engine.training.member_progress import MemberProgress, Outcome, Row, packed, recalled, unpack
from lossbench.engine.training.optimizers import PopulationOptimizer
from lossbench.engine.training.start import Start
from lossbench.engine.training.training_state import TrainingState
from lossbench.events import Emit, EpochEnded, MemberStopped, Stopped


def population_size(members: int) -> int:
    """The least of 1, 2, 3, 4, 6, 8, 12, 16, ... (2^n and 3 * 2^n) that holds so many."""
    power = 1 << (members - 1).bit_length()
    return power if 4 * members > 3 * power or power < 4 else 3 * power // 4


class Trainer:
    """Trains one chunk, from its first epoch or from a checkpoint on, to the last member's end.

    A single member may begin with a `start` of its own; with `remember`, `optimizer` is left behind.
    """

    def __init__(
        self,
        problem: Problem,
        members: Sequence[int],
        evaluation: str,
        device: torch.device,
        checkpoint: Checkpoint | None = None,
        *,
        start: Start | None = None,
        remember: bool = False,
    ) -> None:
        self.problem, self.members, self.evaluation = problem, list(members), evaluation
        dtype = problem.training.dtype
        if start is None:
            population = initialised(problem.net, [problem.members[m].seed for m in members], dtype, device)
        else:
            parameters = {name: value.to(device, dtype) for name, value in start.parameters.items()}
            population = population_of(problem.net, parameters)
        self.population: Population | None = population
        self.layout, self.kept = population.layout, population.flat.clone()
        self.optimizer: PopulationOptimizer | None = None
        self._start, self._remember = start, remember
        self.progress = [MemberProgress(m, place, problem.epochs(m)) for place, m in enumerate(members)]
        self.sign = 1.0 if problem.better == "higher" else -1.0
        self.present, self.epoch, self.saved = list(self.progress), 0, 0.0
        self._state: TrainingState | None = None
        self._goes_on = checkpoint
        if checkpoint is not None:
            unpack(self.progress, checkpoint.facts, checkpoint.tensors)
            self.kept.copy_(checkpoint.tensors["kept"])
            self.present = [self.progress[place] for place in checkpoint.facts["present"]]
            self.epoch = checkpoint.facts["epoch"]

    def train(self, emit: Emit, stopped: Stopped, saver: Saver) -> None:
        """Train until all members have left or `stopped()`."""
        if self._goes_on is not None:
            for event in recalled(self.evaluation, self.progress):
                emit(event)
        if not self.present or (self._goes_on is None and stopped()):
            return
        self.saved = saver.now()
        self._state = state = self._begun()
        while True:
            loss = state.epoch(self.epoch, stopped)
            if loss is None:
                break
            self.epoch += 1
            val_loss, val_score = state.validate()
            if val_score.dim() == 2:
                columns_PM = val_score[:, 1:].cpu().numpy()
                for p, row_M in zip(self.present, columns_PM, strict=True):
                    if not p.left:
                        p.monitored.append(row_M.astype(np.float32))
                        self._follow(p, row_M)
                val_score = val_score[:, 0]
            self._note(loss.tolist(), val_loss.tolist(), val_score.tolist(), state, emit)
            staying = [k for k, p in enumerate(self.present) if not p.left]
            if not staying:
                self.optimizer = state.optimizer if self._remember else None
                self.present, self._state = [], None
                saver.chunk_ended(self)
                return
            if (size := population_size(len(staying))) < len(self.present):
                gone = [k for k, p in enumerate(self.present) if p.left]
                staying = sorted(staying + gone[: size - len(staying)])
                self.present = [self.present[k] for k in staying]
                self._state = state = state.survivors(staying)
            saver.epoch_ended(self)
        saver.save(self)
        self._keep(state, [p for p in self.present if not p.left and not p.snapshot])
        self._state = None

    def _begun(self) -> TrainingState:
        """The members present, where they are in their training."""
        members = [p.member for p in self.present]
        population, self.population = self.population, None  # the training state's to keep or to replace
        assert population is not None, "a chunk is trained once"
        checkpoint, self._goes_on = self._goes_on, None
        if checkpoint is None:
            state = TrainingState(self.problem, members, population)
            if self._start is not None and self._start.optimizer:
                state.optimizer.recall(self._start.optimizer, self._start.steps)
            return state
        layout = ParameterLayout(self.problem.net, len(members))
        flat = self.kept.new_zeros(layout.size)  # what is read from a file need not start on a 64-byte line
        flat.copy_(checkpoint.tensors["state.parameters"])
        population = Population(layout, flat)
        state = TrainingState(self.problem, members, population)
        state.unpack(checkpoint.facts, checkpoint.tensors)
        return state

    def checkpoint(self) -> Checkpoint:
        """Where the chunk is in its training: between two steps, or at its end."""
        facts, tensors = packed(self.progress)
        facts |= {"present": [p.place for p in self.present], "epoch": self.epoch}
        tensors["kept"] = self.kept.cpu()
        if self._state is not None:
            of_state, own = self._state.packed()
            facts, tensors = facts | of_state, tensors | own
        return Checkpoint(tuple(self.members), facts, tensors)

    def _note(
        self,
        loss: list[float],
        val_loss: list[float],
        val_score: list[float],
        state: TrainingState,
        emit: Emit,
    ) -> None:
        """Write down an epoch of the members present, report it, and let go who is done."""
        training, present, epoch = self.problem.training, self.present, self.epoch
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
            self._keep(state, improved)
            for p in improved:
                p.snapshot = True
            leaving = [p for p in leaving if not p.snapshot]
        self._keep(state, leaving)
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

    def _follow(self, p: MemberProgress, row_M: Row) -> None:
        """Note an epoch's further scores that can stop a member."""
        for column in range(self.problem.stops_by - 1):
            gain = self.sign * float(row_M[column])
            best, _ = p.others.get(column, (-math.inf, 0))
            if math.isfinite(gain) and gain > best + self.problem.training.min_delta:
                p.others[column] = (gain, self.epoch)

    def _keep(self, state: TrainingState, who: list[MemberProgress]) -> None:
        """Let these members' present weights survive."""
        if not who:
            return
        device = self.kept.device
        at = torch.tensor([p.place for p in who], device=device)
        places = {id(p): k for k, p in enumerate(self.present)}
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
