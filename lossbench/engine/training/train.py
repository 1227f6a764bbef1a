"""`train`: the engine's door. Chunks of members train on threads and report events as they happen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from lossbench.engine.device import default_threads, resolve_device
from lossbench.engine.nets.mlp import ParameterLayout, Population
from lossbench.engine.nets.outputs import Inputs, outputs
from lossbench.engine.objective import groups_of
from lossbench.engine.problem import Problem, moved
from lossbench.engine.shared_rows import GatheredRows
from lossbench.engine.threads import in_threads, one_thread
from lossbench.engine.training.checkpoint import Saver, Store
from lossbench.engine.training.chunks import plan
from lossbench.engine.training.member_progress import Outcome
from lossbench.engine.training.start import Start
from lossbench.engine.training.trainer import Trainer
from lossbench.events import Emit, Stopped, ignore, never

__all__ = ["Outcome", "Start", "Trained", "train"]


class Trained:
    """What a training leaves behind: an outcome per member, and the nets."""

    def __init__(self, problem: Problem, trainers: Sequence[Trainer]) -> None:
        self._problem, self._trainers = problem, list(trainers)
        self._where = {m: (trainer, place) for trainer in trainers for place, m in enumerate(trainer.members)}
        by_member = {
            m: outcome for trainer in trainers for m, outcome in zip(trainer.members, trainer.outcomes(), strict=True)
        }
        self.members: list[Outcome] = [by_member[m] for m in range(len(problem.members))]

    def state(self, member: int) -> dict[str, Tensor]:
        """A net's parameters under the names of `nn.Sequential.state_dict()`: "0.weight" `[out, in]`, "0.bias", ...; in
        main memory."""
        trainer, place = self._where[member]
        return {name: value.cpu() for name, value in trainer.state(place).items()}

    def start(self, member: int) -> Start:
        """Where the next training of a net can begin: with the parameters that were kept, and with what the optimiser
        remembers after the last step, where `train` was to remember it."""
        trainer, place = self._where[member]
        if trainer.optimizer is None:
            return Start(self.state(member))
        return Start(self.state(member), trainer.optimizer.state_of(place), trainer.optimizer.steps)

    def outputs(self, xs: Sequence[Tensor | GatheredRows]) -> list[Tensor]:
        """Every member's outputs `[N, K]` after its last activation, for the rows `xs[its fold] [N, D]`.

        They are in main memory, where truths are.
        """
        problem = self._problem
        out: dict[int, Tensor] = {}
        with torch.no_grad(), one_thread():
            for trainer in self._trainers:
                device = trainer.kept.device
                ready = {id(x): x.to(device, problem.training.dtype) for x in xs}
                tables = [xs[problem.members[m].fold] for m in trainer.members]
                nets, start = trainer.nets(), 0
                for end in range(1, len(tables) + 1):
                    if end == len(tables) or tables[end] is not tables[start]:
                        some = trainer.members[start:end]
                        keep = torch.arange(start, end, device=device)
                        flat = nets.layout.select(nets.flat, keep)
                        part = Population(ParameterLayout(problem.net, len(some)), flat)
                        raw = outputs(part, Inputs([ready[id(tables[start])]] * len(some)))
                        for group in groups_of(problem, some):
                            activated = group.objective.activation(raw[group.members])[:, : len(tables[start])]
                            own = activated.clone(memory_format=torch.contiguous_format).cpu()  # as predictions read it
                            out.update(zip(some[group.members], own.unbind(0), strict=True))
                        start = end
        return [out[m] for m in range(len(problem.members))]


def train(
    problem: Problem,
    *,
    evaluation: str,
    emit: Emit = ignore,
    stopped: Stopped = never,
    device: str = "cpu",
    threads: int | None = None,
    chunk: int | None = None,
    checkpoints: Store | None = None,
    start: Start | None = None,
    remember: bool = False,
) -> Trained:
    """Train all members; emits `EpochEnded` and `MemberStopped` of `run`.

    The same problem gives the same numbers, bit for bit on one machine, whatever `threads`, `chunk` (members that train
    together; None: what fits the cache) and the other members are. Once `stopped()` is true, training ends within a
    step or an evaluation and members that were not done are "interrupted". What a loss, a score or `emit` raises is
    raised here, after all threads have ended.

    With `checkpoints`, members go on from those that the store has of them, and end with the same bits as if they had
    never been stopped; the epochs that are behind them are reported as each member's best and last. A chunk is written
    some seconds after it was written last, at the end of an epoch, and where it is once training is stopped.

    A single member may begin from `start`, not from its seed's first weights; its batches still follow its seed. With
    `remember`, `Trained.start` has what the optimiser remembers of a single member.
    """
    assert start is None or len(problem.members) == 1, "a start is that of a single member"
    where = resolve_device(device)
    count = threads or default_threads()
    if where.type != "cpu":
        count = 1
    problem = moved(problem, where)
    begun = checkpoints.read() if checkpoints else []
    trainers = [Trainer(problem, one.members, evaluation, where, one) for one in begun]
    rest = plan(problem, count, chunk, without={member for one in begun for member in one.members})
    trainers += [Trainer(problem, members, evaluation, where, start=start, remember=remember) for members in rest]
    saver = Saver(checkpoints)
    with one_thread():
        in_threads([partial(trainer.train, emit, saver=saver) for trainer in trainers], count, stopped)
        if stopped():
            saver.save()
    return Trained(problem, trainers)
