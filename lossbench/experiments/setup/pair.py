"""A pair: a loss and a last activation on a task, resolved from the names in a config, with its verdict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from lossbench.catalog.activations import Activation
from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.equivalence import Gradients, probe_gradients
from lossbench.catalog.estimands import weighted, weighted_by_density
from lossbench.catalog.loss import Loss
from lossbench.catalog.losses import SMOOTHED_WEIGHTS
from lossbench.catalog.parameters import spelled
from lossbench.catalog.plugins.adapt import rows_coupled
from lossbench.catalog.plugins.resolve import find_activation, loss_source
from lossbench.catalog.plugins.user_decoder import check_decoder
from lossbench.catalog.several_targets import EachTarget, MeanOverTargets, check_several_targets
from lossbench.catalog.soft_targets import softened
from lossbench.catalog.verdicts import Level, Verdict, assess, best_activation, check_width
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.engine.problem import Objective
from lossbench.errors import FAULTS, UserError
from lossbench.experiments.probing.profile import profile
from lossbench.experiments.probing.undeclared import Measured, measure
from lossbench.experiments.setup.class_weight import (
    ALIKE,
    SHARE_POWER,
    ClassWeight,
    class_weight_text,
    resolve_class_weight,
)
from lossbench.experiments.setup.resolve import AUTO
from lossbench.experiments.setup.seen import Seen
from lossbench.experiments.setup.target_weight import DENSITY_POWER, check_target_weight
from lossbench.record import LossRecord, VerdictRecord
from lossbench.record.loss_profile import LossProfile

# Modules of functions without state.
_PURE = ("lossbench.catalog.losses.", "lossbench.catalog.activations", "lossbench.catalog.over_classes")
_POINTS = 5  # every fifth point of a profile: a panel is 130 points wide


@dataclass(frozen=True)
class Pair:
    """A loss and a last activation that will be trained together on a task with so many classes.

    `class_weight`: "none", "balanced" where every class counts as much as every other one, "sqrt_balanced" with the
    roots of these weights, or each class's weight. `target_weight`, of a regression: "none", "lds", "sqrt_lds".
    `targets`: how many numbers a regression predicts for each row, each with an output of its own.
    `seen` of a pair whose functions are not called in this process: what calls in another one have shown.
    """

    loss: Loss
    activation: Activation
    task: Task
    classes: int
    class_weight: ClassWeight = ALIKE
    seen: Seen | None = field(default=None, compare=False)
    targets: int = 1
    target_weight: str = ALIKE

    @cached_property
    def verdict(self) -> Verdict:
        """How well the two fit, known before training; of a loss that declares nothing, what was measured."""
        verdict = assess(self.loss, self.activation, self.task)
        if verdict.level is not Level.UNKNOWN:
            return verdict
        return Verdict(Level.UNKNOWN, f"{verdict.why}; measured: {self._measured.summary}")

    @property
    def _measured(self) -> Measured:
        if self.seen is not None and self.seen.measured is not None:
            return self.seen.measured
        return measure(self.loss, self.activation, self.task)

    @cached_property
    def _coupled(self) -> str:
        return rows_coupled(self.loss, self.task, self.classes) if self.seen is None else self.seen.coupled

    @cached_property
    def gradients(self) -> Gradients | None:
        """Its gradients at all probes; None where it cannot be tried."""
        if self.seen is not None:
            return self.seen.gradients
        gradients = probe_gradients(self.loss, self.activation, self.task, self.classes)
        if self._key is not None:
            return gradients
        try:
            return tuple(gradients)
        except FAULTS:  # a user's own loss may fail on outputs that no net gives; training will tell
            return None

    def look(self) -> Seen:
        """Call its functions for all that is to be seen of it before it is trained."""
        is_undeclared = self.verdict.level is Level.UNKNOWN
        measured = self._measured if is_undeclared else None
        example = None if self.example is None else self.example.without_code()
        return Seen(measured, self._coupled, self.gradients, profile=self.profile, example=example)

    @cached_property
    def example(self) -> Prediction | None:
        """What is read from a row whose outputs are all 0: the parts that its predictions have; None where a user's
        decoder cannot read it."""
        if self.seen is not None:
            return self.seen.example
        try:
            return self.decode(torch.zeros(1, 1, self.outputs))
        except FAULTS:
            return None

    @cached_property
    def profile(self) -> LossProfile | None:
        """Its loss along one axis, for a picture; None where it cannot be tried."""
        if self.seen is not None:
            return self.seen.profile
        try:
            return profile(self.loss, self.task, self.activation).thinned(_POINTS)
        except FAULTS:
            return None

    def warnings(self, name: str = "") -> list[str]:
        """What is to be said before it is trained: a verdict that is not sound, class weights that are not torch's,
        errors that were measured of an undeclared loss, rows of a user's loss that are coupled."""
        messages = [] if self.verdict.level.is_sound else [self.verdict.warning(name or self.name)]
        if self.class_weight != ALIKE and self.loss.params.get("label_smoothing"):
            messages.append(f"{name or self.name}: {SMOOTHED_WEIGHTS}")
        coupled = self._coupled
        if self.verdict.level is Level.UNKNOWN:
            found = [error for error in self._measured.errors if not (coupled and error.check == "rows")]
            messages += [f"{name or self.name}: {error.check}: {error.finding}" for error in found]
        return [*messages, coupled] if coupled else messages

    @property
    def is_proper(self) -> bool:
        """Whether what it estimates are the true probabilities, or the true mean, as they come out of the last
        activation: its loss is proper as it is bound, the activation reaches all of them, and all rows count alike."""
        return self.loss.is_proper and self.verdict.level.is_sound and not self.weights

    @property
    def is_scored_raw(self) -> bool:
        """Whether its probabilities are scored as they come out, too, and not only at the common temperature."""
        return self.is_proper or (self.loss.scored_raw and self.verdict.level.is_sound and not self.weights)

    @property
    def estimand(self) -> str:
        """What its loss estimates, in the words of `estimands`, with its weights; "": not declared."""
        found = weighted_by_density(self.loss.estimand(self.task), DENSITY_POWER[self.target_weight])
        if isinstance(self.class_weight, str):
            return weighted(found, SHARE_POWER.get(self.class_weight, 0.0))
        return weighted(found, None) if len({weight for _, weight in self.class_weight}) > 1 else found

    @property
    def weights(self) -> dict[str, str]:
        """What weights the rows, by the name of its setting; empty where all count alike."""
        words = {"class_weight": class_weight_text(self.class_weight), "target_weight": self.target_weight}
        return {name: word for name, word in words.items() if word != ALIKE}

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of its loss, and what weights the rows."""
        return {**self.loss.params, **self.weights}

    @property
    def label(self) -> str:
        """The loss with what was changed of it: `focal(gamma=3)`, `cross_entropy(class_weight=balanced)`."""
        if not self.weights:
            return self.loss.label
        return f"{self.loss.name}({spelled(self.loss.changed | self.weights)})"

    @property
    def name(self) -> str:
        """`nll + logsoftmax`."""
        return f"{self.label} + {self.activation.name}"

    @property
    def encoding(self) -> Encoding:
        """How the loss wants its target."""
        return self.loss.targets[self.task]

    @property
    def decode(self) -> Decoder:
        """How the outputs are read."""
        return self.loss.decoder_on(self.activation.space, self.task)

    @property
    def outputs(self) -> int:
        """How many outputs the net has."""
        return self.loss.width(self.task, self.classes) * self.targets

    @property
    def thresholds(self) -> int:
        """How many of the outputs, the last ones, are biases alone."""
        return self.outputs - 1 if self.loss.thresholds else 0

    def read(self, out_PNK: Tensor) -> Prediction:
        """What outputs `[P, N, K]` predict; of several targets a point `[P, N, K]`, as the loss was trained on them."""
        return self.decode(out_PNK if self.targets == 1 else out_PNK.unsqueeze(-1))

    @property
    def objective(self) -> Objective:
        """What the engine minimises: the last activation, then the loss."""
        place = getattr(self.loss.fn, "where", self.loss.name)  # a user's function knows its file
        if self.targets > 1:
            activation, loss = EachTarget(self.activation), MeanOverTargets(self.loss)
            return Objective(activation, loss, place=place, key=self._key, last_hidden=self.loss.last_hidden)
        own = self.loss
        return Objective(self.activation, own, own.per, own.statistics, place, self._key, own.last_hidden)

    @property
    def _key(self) -> Hashable:
        """What tells its functions from others; None for a user's, which may count, print or draw."""
        functions = self.loss.fn, self.activation.fn
        if not all((getattr(fn, "__module__", "") or "").startswith(_PURE) for fn in functions):
            return None
        return (*functions, repr(sorted(self.loss.params.items())), self.targets > 1)

    def loss_record(self) -> LossRecord:
        """The loss as the record keeps it; a user's own with its source."""
        text, digest = loss_source(self.loss)
        return LossRecord(
            name=self.loss.name,
            label=self.label,
            params=self.params,
            formula=self.loss.formula,
            floor=self.loss.floor,
            proper=self.is_proper,
            estimand=self.estimand,
            reference=self.loss.reference,
            source=text,
            source_sha256=digest,
        )

    def verdict_record(self) -> VerdictRecord:
        """The verdict as the record keeps it."""
        return VerdictRecord(level=self.verdict.level.value, why=self.verdict.why, fix=self.verdict.fix)


def resolve_pair(
    loss: Loss,
    last_act: str | Activation,
    task: Task,
    classes: int,
    *,
    class_weight: str | Mapping[str, float] | Sequence[float] = ALIKE,
    class_names: Sequence[str] = (),
    target_weight: str = ALIKE,
    target_note: str = "",
    path: str = "",
    targets: int = 1,
    soft: bool = False,
) -> Pair:
    """The pair of a loss and an activation, or of the activation of that name (`auto`: the one it expects), on a task;
    `path` is where a config has the two, `class_names` are what weights of single classes are given by, `target_note`
    is what is known of the target's values, for the refusal of a loss that does not support its task; `targets` is how
    many numbers a regression predicts, `target_weight` how it weights them; `soft`: the target holds probabilities of
    the classes.

    Raises `UserError` where the loss does not support the task, the activation cannot work on so few outputs,
    classes or values are weighted that there are not, or parameters of the loss do not fit so many classes.
    """
    if task not in loss.targets:
        supported = " and ".join(sorted(loss.targets))
        values = f": {target_note}" if target_note else ""
        counts = task.is_classification and Task.REGRESSION in loss.targets and target_note.endswith("numbers")
        ordered = task is Task.MULTICLASS and Task.ORDINAL in loss.targets
        reread = (
            ", or --task regression" if counts else ", or say the order of the classes (--order)" if ordered else ""
        )
        raise UserError(
            f"{loss.name} supports {supported}, and the target makes this a {task} task{values}",
            where=f"{path}loss",
            fix=f"choose a loss for {task} (`lossbench losses --task {task}`){reread}",
        )
    if soft:
        loss = softened(loss, task, where=f"{path}loss")
        if class_weight != ALIKE:
            fix = "weight the rows (--weights COLUMN), or leave it out"
            raise UserError("rows have probabilities, not a class to weight", where=f"{path}loss.class_weight", fix=fix)
    weight = resolve_class_weight(class_weight, task, class_names, where=f"{path}loss.class_weight")
    check_target_weight(target_weight, task, targets, where=f"{path}loss.target_weight")
    if loss.check_classes is not None:
        loss.check_classes(loss.params, classes, f"{path}loss.params")
    activation = best_activation(loss, task) if last_act == AUTO else find_activation(last_act)
    check_width(loss, activation, task, classes, where=f"{path}last_act")
    check_several_targets(loss, targets, where=f"{path}loss")
    width = loss.width(task, classes)
    check_decoder(loss.decoder_on(activation.space, task), width, task, classes, where=f"{path}loss")
    return Pair(loss, activation, task, classes, weight, targets=targets, target_weight=target_weight)
