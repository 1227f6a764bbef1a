"""The doctor: probes a loss in a few seconds and says what it found, each finding with how it was measured.

Nothing is trained on data: a loss is a function of one row's outputs, and those can all be tried. Whatever a stranger's
loss does, the doctor does not fall over it: what it raises is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lossbench.catalog.loss import Loss
from lossbench.catalog.vocabulary import Task
from lossbench.engine.threads import one_thread
from lossbench.errors import UserError
from lossbench.experiments.doctor import extremes, landscape, mechanics, population, spaces
from lossbench.experiments.doctor.claims import claims
from lossbench.experiments.doctor.findings import Diagnosis, Finding
from lossbench.experiments.doctor.loss_under_test import LossUnderTest

Check = Callable[[LossUnderTest], Iterator[Finding]]
Watch = Callable[[str], object]  # is told what is being looked at


@dataclass(frozen=True)
class _Needs:
    """A check of the list below, and what it cannot be asked without."""

    check: Check
    values: bool = True  # a number at every ordinary output
    gradient: bool = True  # a net that can learn


FIRST: tuple[Check, ...] = (mechanics.shape, mechanics.rows_apart)  # without these the others cannot be asked
CHECKS: tuple[_Needs, ...] = (
    _Needs(mechanics.defined, values=False, gradient=False),
    _Needs(mechanics.gradient, values=False, gradient=False),
    _Needs(mechanics.members_apart, values=False, gradient=False),
    _Needs(extremes.extreme_outputs),
    _Needs(extremes.absent_classes),
    _Needs(extremes.dead_regions),
    _Needs(extremes.gradient_scale),
    _Needs(landscape.floor),
    _Needs(landscape.convexity),
    _Needs(landscape.symmetry),
    _Needs(population.classification),
    _Needs(population.regression),
    _Needs(spaces.sound_spaces),
    _Needs(landscape.known_loss),
)


def examine(loss: Loss, *, tasks: Iterable[Task | str] | None = None, watch: Watch | None = None) -> Diagnosis:
    """Probe a loss on the tasks it serves, or on some of them; what it declares is compared with what is found.

    Raises `UserError` for a task that it does not serve, and for nothing that the loss itself does.
    """
    requested = list(loss.targets) if tasks is None else list(tasks)
    for task in requested:
        if task not in loss.targets:
            fix = f"it serves {', '.join(loss.targets)}"
            raise UserError(f"{loss.name} does not serve {str(task)!r}", where="task", fix=fix)
    with one_thread():  # steps this small are several times slower on torch's own threads
        findings = [finding for task in requested for finding in _probe(loss, Task(task), watch or (lambda _: None))]
    return Diagnosis(loss.label, loss.formula, (*findings, *claims(loss, findings)))


def _probe(loss: Loss, task: Task, watch: Watch) -> Iterator[Finding]:
    try:
        subject = LossUnderTest.admit(loss, task)
    except UserError as problem:
        yield Finding("declaration", task.value, "error", str(problem), "read from the declaration")
        return
    for check in FIRST:
        found = list(_run(check, subject, watch))
        yield from found
        if any(finding.level == "error" for finding in found):
            return
    undefined = unlearnable = ""
    for entry in CHECKS:
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
    try:
        yield from check(subject)
    except Exception as problem:  # a stranger's code may raise anything
        yield subject.finding(
            _name(check), "error", f"raises {type(problem).__name__}: {problem}", "called with probes"
        )


def _name(check: Check) -> str:
    return NAMES.get(check.__name__, check.__name__.replace("_", " "))


def _asks(check: Check, subject: LossUnderTest) -> bool:
    """Whether a check has anything to ask on this task."""
    of_one_kind = {"classification": True, "symmetry": True, "absent_classes": True, "regression": False}
    return of_one_kind.get(check.__name__, subject.task.is_classification) is subject.task.is_classification


NAMES = {  # where a check is called otherwise in its findings
    "rows_apart": "rows",
    "members_apart": "members",
    "convexity": "convex",
    "symmetry": "symmetric",
    "classification": "calibrated, proper",
    "regression": "estimates",
}

__all__ = ["Diagnosis", "Finding", "examine"]
