"""The verdict of a pair (loss, last activation), computed from what the two declare, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.loss import Loss
from lossbench.catalog.vocabulary import Space, Task


class Level(StrEnum):
    """How well a pair fits: `equivalent` is sound and names the pair that it is one objective with."""

    OK = "ok"
    EQUIVALENT = "equivalent"
    DEGRADED = "degraded"
    BROKEN = "broken"

    @property
    def is_sound(self) -> bool:
        """Whether the pair can be trained as its loss is meant."""
        return self in {Level.OK, Level.EQUIVALENT}


@dataclass(frozen=True)
class Verdict:
    """The level, one sentence why, and what to use instead ("" where nothing needs mending)."""

    level: Level
    why: str
    fix: str = ""


def judge(loss: Loss, activation: Activation, task: Task) -> Verdict:
    """The verdict of a pair on a task.

    A declared space decides; one that was not declared is judged by inclusion: inside a sound space the loss is defined but
    part of its range is out of reach (degraded), outside it is not defined (broken).
    """
    space = activation.space
    sound = loss.sound[task]
    if space in loss.same_as:
        return Verdict(Level.EQUIVALENT, f"the same objective as {loss.same_as[space]}")
    if space in loss.unsound:
        return Verdict(Level.BROKEN, loss.unsound[space], fix(loss, task))
    if space in sound:
        return Verdict(Level.OK, f"{loss.name} is made for {describe(space)}")
    if space in loss.risky:
        return Verdict(Level.DEGRADED, loss.risky[space], fix(loss, task))
    wider = [s for s in sorted(sound) if space <= s]
    if wider:
        why = f"{activation.name} only reaches {describe(space)}, part of the {describe(wider[0])} that {loss.name} needs"
        return Verdict(Level.DEGRADED, why, fix(loss, task))
    why = f"{activation.name} gives {describe(space)}, where {loss.name} is not defined"
    return Verdict(Level.BROKEN, why, fix(loss, task))


def best_activation(loss: Loss, task: Task) -> Activation:
    """What `auto` stands for: the first declared activation whose outputs are sound for the loss."""
    for activation in ACTIVATIONS:
        if activation.space in loss.sound[task] and activation.space not in loss.unsound:
            return activation
    raise LookupError(f"no activation maps into a space that {loss.name} is sound on")


def sound_activations(loss: Loss, task: Task) -> list[Activation]:
    """All activations whose verdict with the loss is ok or equivalent."""
    return [a for a in ACTIVATIONS if judge(loss, a, task).level.is_sound]


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
}
