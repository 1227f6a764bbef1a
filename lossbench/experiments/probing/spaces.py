"""Tries every last activation behind a loss: the least loss that it can reach, and the class that it predicts there.

Shapes: A activations, M mixtures, N points, T target values, K outputs, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.verdicts import assess
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError
from lossbench.experiments.probing.findings import Finding
from lossbench.experiments.probing.landscape import falls_without_end
from lossbench.experiments.probing.loss_under_test import OF_ONE_LOSS, LossUnderTest
from lossbench.experiments.probing.search import minimise_each

OF_THREE = ((0.75, 0.15, 0.1), (0.1, 0.7, 0.2), (0.1, 0.2, 0.7), (0.96, 0.02, 0.02))
MAJORITIES = {  # one class is more probable than all others together: every sound loss predicts it
    Task.BINARY: ((0.2, 0.8), (0.7, 0.3), (0.02, 0.98), (0.98, 0.02)),
    Task.MULTICLASS: OF_THREE,
    Task.ORDINAL: OF_THREE,
}
OUT_OF_REACH = 0.01  # of the loss's range: how far an activation's least loss may lie above the preferred one's


def sound_spaces(subject: LossUnderTest) -> Iterator[Finding]:
    """The activations behind which the loss is defined, bounded, and decides rightly at its minimum."""
    if subject.loss.per == "batch":
        return
    tried = [a for a in ACTIVATIONS if a.min_outputs <= subject.outputs]
    tried = [a for a in tried if a.space not in OF_ONE_LOSS or a.space in subject.loss.sound[subject.task]]
    reach = _reach(subject) if subject.task.is_classification else None
    faults = _faults(subject, tried, reach)
    sound = [name for name, why in faults.items() if not why]
    declared = [
        name
        for name in faults
        if subject.loss.is_declared and assess(subject.loss, ACTIVATIONS.get(name), subject.task).level.is_sound
    ]
    wrong = [f"{name} ({faults[name]})" for name in declared if faults[name]]
    measured = "expected loss minimised over the linear outputs behind each activation"
    numbers = {"sound": sound, "faults": {name: why for name, why in faults.items() if why}}
    if wrong:
        what = f"declared sound behind {', '.join(wrong)}"
        yield subject.finding("sound spaces", "error", what, measured, **numbers)
    else:
        what = f"sound behind {', '.join(sound)}" if sound else "sound behind no activation of the catalogue"
        yield subject.finding("sound spaces", "ok" if sound else "warning", what, measured, **numbers)


@dataclass(frozen=True)
class Reach:
    """What an activation must come up to, for each mixture: the decision (None: any) and the least expected loss."""

    label_M: Tensor | None
    least_M: Tensor


def _reach(subject: LossUnderTest) -> Reach:
    """Of the preferred activation. A loss that is declared not to predict the most probable class is held to no
    decision, one without a floor to no least value."""
    mixture_MC = _mixtures(subject)
    decides_otherwise = subject.loss.is_declared and subject.loss.is_consistent(subject.task) is False
    has_floor = subject.loss.floor is not None or not falls_without_end(subject)
    least_M = _least(subject, [subject], mixture_MC)[1][0] if has_floor else torch.full((len(mixture_MC),), torch.inf)
    return Reach(None if decides_otherwise else mixture_MC.argmax(-1), least_M)


def _faults(subject: LossUnderTest, activations: Sequence[Activation], reach: Reach | None) -> dict[str, str]:
    """What goes wrong behind each activation; "" where nothing does. `reach`: of the preferred one, for classes."""
    tried = {activation.name: replace(subject, activation=activation) for activation in activations}
    faults = {name: _fault_at_points(subject, behind) for name, behind in tried.items()}
    searched = [name for name, why in faults.items() if not why]
    if searched:
        behind = [tried[name] for name in searched]
        found = _values(subject, behind) if reach is None else _classes(subject, behind, reach)
        faults |= dict(zip(searched, found, strict=True))
    return faults


def _fault_at_points(subject: LossUnderTest, tried: LossUnderTest) -> str:
    """What is seen at random linear outputs and along rays, before a minimum is searched for."""
    try:
        z = torch.cat([tried.linear_outputs(200, scale=scale) for scale in (1.0, 5.0, 50.0)])
        values = tried.risks(z)
    except (UserError, RuntimeError, IndexError) as error:
        return f"raises {type(error).__name__}"
    if not values.isfinite().all():
        return "not defined everywhere"
    if subject.loss.floor is not None and falls_without_end(tried):
        return "falls without end"
    return "has no gradient at some wrong predictions" if tried.dead_share > subject.dead_share + 0.01 else ""


def _classes(subject: LossUnderTest, tried: Sequence[LossUnderTest], reach: Reach) -> list[str]:
    mixture_MC = _mixtures(subject)
    mixtures = len(mixture_MC)
    each_CC = torch.eye(subject.classes, dtype=torch.float64)

    def fault(behind: LossUnderTest, z_MK: Tensor, least_M: Tensor) -> str:
        if _below_floor(subject, least_M):
            return "falls below its floor"
        label_M = behind.read(behind.activation(z_MK[:mixtures])[None]).label_PN[0]
        if reach.label_M is not None and not torch.equal(label_M, reach.label_M):
            return "decides wrongly at its minimum"
        excess = float((least_M[:mixtures] - reach.least_M).max())
        return "its best outputs are out of reach" if excess > OUT_OF_REACH * subject.range else ""

    return list(map(fault, tried, *_least(subject, tried, torch.cat([mixture_MC, each_CC]))))


def _values(subject: LossUnderTest, tried: Sequence[LossUnderTest]) -> list[str]:
    def fault(behind: LossUnderTest, z_TK: Tensor, least_T: Tensor) -> str:
        if _below_floor(subject, least_T):
            return "falls below its floor"
        point_T = behind.read(behind.activation(z_TK)[None]).point_PN
        assert point_T is not None
        far = (point_T[0] - subject.truths).abs() > 0.1 * subject.truths.std()
        return f"a target of {float(subject.truths[far][0]):g} is out of reach" if far.any() else ""

    each_TT = torch.eye(len(subject.truths), dtype=torch.float64)
    return list(map(fault, tried, *_least(subject, tried, each_TT)))


def _below_floor(subject: LossUnderTest, least: Tensor) -> bool:
    return subject.loss.floor is not None and float(least.min()) < subject.loss.floor - 1e-6


def _mixtures(subject: LossUnderTest) -> Tensor:
    return torch.tensor(MAJORITIES[subject.task], dtype=torch.float64)


def _least(subject: LossUnderTest, tried: Sequence[LossUnderTest], weight_MT: Tensor) -> tuple[Tensor, Tensor]:
    """Where the loss is least behind each activation, `[A, M, K]`, and these least values, `[A, M]`."""

    def risks(z_NK: Tensor, which_N: Tensor) -> Tensor:
        parts = z_NK.split_with_sizes(which_N.bincount(minlength=len(tried)).tolist())
        return subject.table(torch.cat([behind.activation(z) for behind, z in zip(tried, parts, strict=True)]))

    rounds = 1 if subject.outputs == 1 else 3
    return minimise_each(risks, len(tried), weight_MT, subject.outputs, starts=1, halvings=9, rounds=rounds)
