"""The verdict of a pair (loss, last activation), computed from what the two declare, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.loss import Loss
from lossbench.catalog.probes import REACH, magnitude
from lossbench.catalog.vocabulary import Space, Task
from lossbench.errors import UserError

UNDECLARED = "not declared"


class Level(StrEnum):
    """How well a pair fits.

    `equivalent` is sound and names the pair whose gradients are the same at every probe; `unknown` is a loss that does
    not declare which outputs it needs.
    """

    OK = "ok"
    EQUIVALENT = "equivalent"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"
    BROKEN = "broken"

    @property
    def is_sound(self) -> bool:
        """Whether nothing declared speaks against training the pair."""
        return self in {Level.OK, Level.EQUIVALENT, Level.UNKNOWN}


@dataclass(frozen=True)
class Verdict:
    """The level, one sentence why, and what to use instead ("" where nothing needs a fix)."""

    level: Level
    why: str
    fix: str = ""

    def warning(self, name: str) -> str:
        """What is to be said before a pair of that name is trained: its level, why, and what to do."""
        return f"{name} is {self.level}: {self.why}; {self.fix}"


def assess(loss: Loss, activation: Activation, task: Task) -> Verdict:
    """The verdict of a pair on a task.

    A declared space decides; one that was not declared follows by inclusion: inside a sound space the loss is
    defined but part of its range is out of reach (degraded), outside it is not defined (broken).
    """
    level, why = _assess(loss, activation, task)
    return Verdict(level, why, "" if level.is_sound else fix(loss, task))


def _assess(loss: Loss, activation: Activation, task: Task) -> tuple[Level, str]:
    space, sound = activation.space, loss.sound[task]
    if short := _too_narrow(loss, activation, task, classes=2 if task is Task.BINARY else 3):
        return Level.BROKEN, short
    if space in loss.unsound[task]:
        return Level.BROKEN, loss.unsound[task][space]
    if space in loss.risky[task]:
        return Level.DEGRADED, loss.risky[task][space]
    if not loss.is_declared and any(space <= s for s in sound):
        return Level.UNKNOWN, UNDECLARED
    if space in sound and activation.flat:
        return Level.DEGRADED, f"{activation.name} has no gradient {activation.flat}"
    if activation.name in loss.same_as[task]:
        other, reach = loss.same_as[task][activation.name].format(**loss.params), magnitude(REACH)
        return Level.EQUIVALENT, f"the same gradients as {other} up to |z| = {reach}"
    if space in sound:
        caveat = loss.caveats[task].get(activation.name)
        return Level.OK, f"{loss.name} expects {describe(space)}" + (f"; {caveat}" if caveat else "")
    if wider := [s for s in sound if space <= s]:
        needs = f"part of the {describe(wider[0])} that {loss.name} needs"
        return Level.DEGRADED, f"{activation.name} only reaches {describe(space)}, {needs}"
    return Level.BROKEN, f"{activation.name} gives {describe(space)}, where {loss.name} is not defined"


def best_activation(loss: Loss, task: Task) -> Activation:
    """What `auto` takes: the first activation whose outputs are of the sound space that the loss names first.

    Raises `UserError` where there is none, as a user's loss may declare.
    """
    for space in loss.sound[task]:
        for activation in ACTIVATIONS:
            if activation.space is space and _assess(loss, activation, task)[0].is_sound:
                return activation
    spaces = ", ".join(space.name for space in loss.sound[task]) or "none"
    raise UserError(
        f"no last activation suits {loss.name} on a {task} task (declared sound: {spaces})",
        fix="declare the space that its outputs live in",
    )


def check_width(loss: Loss, activation: Activation, task: Task, classes: int, *, where: str = "last_act") -> None:
    """Raise a `UserError` where an activation needs more outputs than the loss gives the net (softmax on one)."""
    if short := _too_narrow(loss, activation, task, classes):
        raise UserError(short, where=where, fix=fix(loss, task))


def _too_narrow(loss: Loss, activation: Activation, task: Task, classes: int) -> str:
    width = loss.width(task, classes)
    if activation.min_outputs <= width:
        return ""
    return f"{activation.name} needs {activation.min_outputs} outputs, and {loss.name} has {width} on a {task} task"


def sound_activations(loss: Loss, task: Task) -> list[Activation]:
    """All activations whose verdict with the loss is ok or equivalent."""
    return [a for a in ACTIVATIONS if assess(loss, a, task).level.is_sound]


def fix(loss: Loss, task: Task) -> str:
    """What to use instead of an activation that does not fit."""
    return f"use {best_activation(loss, task).name} as last activation (or auto)"


def describe(space: Space) -> str:
    """A space in words."""
    return _WORDS[space]


_WORDS = {
    Space.REAL: "any real number",
    Space.BOUNDED_BELOW: "numbers bounded from below",
    Space.NONNEGATIVE: "numbers >= 0",
    Space.POSITIVE: "numbers > 0",
    Space.NONPOSITIVE: "numbers <= 0",
    Space.SIGNED_UNIT: "numbers in [-1, 1]",
    Space.UNIT: "numbers in [0, 1]",
    Space.SIMPLEX: "class probabilities",
    Space.LOG_SIMPLEX: "logarithms of class probabilities",
    Space.SPHERE: "directions of length 1",
    Space.MEAN_VARIANCE: "a mean and a positive variance",
    Space.NORMAL_INVERSE_GAMMA: "the four parameters of a normal-inverse-gamma distribution",
}
