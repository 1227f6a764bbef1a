"""The checks of a loss, in their order: those that the others need come first."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lossbench.catalog.loss import Loss
from lossbench.catalog.plugins.faults import words_of
from lossbench.catalog.vocabulary import Task
from lossbench.errors import FAULTS, UserError
from lossbench.experiments.probing import conduct, extremes, landscape, mechanics, population, spaces
from lossbench.experiments.probing.findings import Finding
from lossbench.experiments.probing.loss_under_test import LossUnderTest

Check = Callable[[LossUnderTest], Iterator[Finding]]
Watch = Callable[[str], object]  # is called with what is being examined


@dataclass(frozen=True)
class Needs:
    """A check of the list below, and what it needs."""

    check: Check
    values: bool = True  # a number at every ordinary output
    gradient: bool = True  # a net that can learn


FIRST: tuple[Check, ...] = (
    mechanics.shape,
    mechanics.decoder,
    conduct.conduct,
    mechanics.rows_apart,
)  # the others need these
MECHANICS: tuple[Needs, ...] = (
    Needs(mechanics.defined, values=False, gradient=False),
    Needs(mechanics.gradient, values=False, gradient=False),
    Needs(mechanics.members_apart, values=False, gradient=False),
    Needs(extremes.extreme_outputs),
    Needs(extremes.absent_classes),
    Needs(extremes.dead_regions),
    Needs(extremes.gradient_scale),
    Needs(landscape.floor),
)
CHECKS: tuple[Needs, ...] = (
    *MECHANICS,
    Needs(landscape.convexity),
    Needs(landscape.symmetry),
    Needs(population.classification),
    Needs(population.regression),
    Needs(spaces.sound_spaces),
    Needs(landscape.known_loss),
)
NAMES = {  # where a check is called otherwise in its findings
    "rows_apart": "rows",
    "members_apart": "members",
    "convexity": "convex",
    "symmetry": "symmetric",
    "classification": "calibrated, proper",
    "regression": "estimates",
}


def admitted(loss: Loss, task: Task) -> LossUnderTest | Finding:
    """The loss made ready to be probed on a task, or the finding why it cannot be."""
    try:
        return LossUnderTest.admit(loss, task)
    except UserError as problem:
        return Finding("declaration", task.value, "error", str(problem), "read from the declaration")


def examine_on_task(subject: LossUnderTest, checks: Sequence[Needs], watch: Watch) -> Iterator[Finding]:
    """What some checks find, one after the other; whatever a user's loss raises is a finding."""
    with _apart():
        subject = subject.in_float64()
    for check in FIRST:
        found = list(_run(check, subject, watch))
        yield from found
        if any(finding.level == "error" for finding in found):
            return
    undefined = unlearnable = ""
    for entry in checks:
        missing = (entry.values and undefined) or (entry.gradient and unlearnable)
        if missing:
            if _asks(entry.check, subject):
                yield subject.finding(_name(entry.check), "skipped", f"not examined: {missing}", "")
            continue
        found = list(_run(entry.check, subject, watch))
        yield from found
        for finding in found:
            if finding.numbers.get("undefined_share"):
                undefined = "not defined on part of the space"
            if finding.numbers.get("learnable") is False:
                unlearnable = "the net cannot learn from it"


def _run(check: Check, subject: LossUnderTest, watch: Watch) -> Iterator[Finding]:
    watch(f"{subject.task.value}: {_name(check)}")
    found: list[Finding] = []
    try:
        with _apart():
            found.extend(check(subject))
    except FAULTS as problem:  # a user's code may raise anything
        found.append(subject.finding(_name(check), "error", f"raises {words_of(problem)}", "called with probes"))
    yield from found


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """What a loss prints and draws is a finding of its own, and goes nowhere else."""
    with contextlib.redirect_stdout(io.StringIO()), conduct.kept_generators():
        yield


def _name(check: Check) -> str:
    return NAMES.get(check.__name__, check.__name__.replace("_", " "))


def _asks(check: Check, subject: LossUnderTest) -> bool:
    """Whether a check has anything to ask on this task."""
    of_one_kind = {"classification": True, "symmetry": True, "absent_classes": True, "regression": False}
    return of_one_kind.get(check.__name__, subject.task.is_classification) is subject.task.is_classification
