"""A pair: a loss and a last activation on a task, resolved from the names in a config, with its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lossbench.catalog.activations import Activation
from lossbench.catalog.links import Link
from lossbench.catalog.loss import Loss
from lossbench.catalog.plugins import find_activation, loss_source
from lossbench.catalog.verdicts import Verdict, best_activation, check_width, judge
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.engine.problem import Objective
from lossbench.errors import UserError
from lossbench.experiments.names import AUTO
from lossbench.record import LossRecord, VerdictRecord


@dataclass(frozen=True)
class Pair:
    """A loss and a last activation that will be trained together on a task with so many classes."""

    loss: Loss
    activation: Activation
    task: Task
    classes: int

    @cached_property
    def verdict(self) -> Verdict:
        """How well the two fit, known before training."""
        return judge(self.loss, self.activation, self.task)

    @property
    def name(self) -> str:
        """`nll + logsoftmax`."""
        return f"{self.loss.label} + {self.activation.name}"

    @property
    def encoding(self) -> Encoding:
        """How the loss wants its target."""
        return self.loss.targets[self.task]

    @property
    def link(self) -> Link:
        """How the outputs are read."""
        return self.loss.link_on(self.activation.space, self.task)

    @property
    def outputs(self) -> int:
        """How many outputs the net has."""
        return self.loss.width(self.task, self.classes)

    @property
    def objective(self) -> Objective:
        """What the engine minimises: the last activation, then the loss."""
        return Objective(self.activation, self.loss, self.loss.per, self.loss.statistics)

    def loss_record(self) -> LossRecord:
        """The loss as the record keeps it; a user's own with its source."""
        text, digest = loss_source(self.loss)
        return LossRecord(
            name=self.loss.name,
            label=self.loss.label,
            params=dict(self.loss.params),
            formula=self.loss.formula,
            floor=self.loss.floor,
            proper=self.loss.proper,
            reference=self.loss.reference,
            source=text,
            source_sha256=digest,
        )

    def verdict_record(self) -> VerdictRecord:
        """The verdict as the record keeps it."""
        return VerdictRecord(level=self.verdict.level.value, why=self.verdict.why, fix=self.verdict.fix)


def resolve_pair(
    loss: Loss, last_act: str, task: Task, classes: int, *, where: str = "last_act", told: str = ""
) -> Pair:
    """The pair of a loss and the activation of that name (`auto`: the one it is made for) on a task.

    `told` is what is known of the target's values, for the refusal of a loss that does not serve its task.

    Raises `UserError` where the loss does not serve the task, or the activation cannot work on so few outputs.
    """
    if task not in loss.targets:
        serves = " and ".join(sorted(loss.targets))
        values = f": {told}" if told else ""
        counts = task.is_classification and Task.REGRESSION in loss.targets and told.endswith("numbers")
        reread = ", or --task regression" if counts else ""
        raise UserError(
            f"{loss.name} serves {serves}, and the target makes this a {task} task{values}",
            where="loss",
            fix=f"choose a loss for {task} (`lossbench losses --task {task}`){reread}",
        )
    activation = best_activation(loss, task) if last_act == AUTO else find_activation(last_act)
    check_width(loss, activation, task, classes, where=where)
    return Pair(loss, activation, task, classes)
