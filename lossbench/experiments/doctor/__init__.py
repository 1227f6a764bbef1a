"""The doctor: probes a loss in a few seconds and says what it found, each finding with how it was measured.

Nothing is trained on data: a loss is a function of one row's outputs, and those can all be tried. Whatever a stranger's
loss does, the doctor does not fall over it: what it raises is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lossbench.catalog.loss import Loss
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError
from lossbench.experiments.doctor import extremes, known, landscape, mechanics, population, spaces
from lossbench.experiments.doctor.findings import Diagnosis, Finding
from lossbench.experiments.doctor.patient import Patient

Check = Callable[[Patient], Iterator[Finding]]

FIRST: tuple[Check, ...] = (mechanics.shape, mechanics.rows_apart)  # without these the others cannot be asked
CHECKS: tuple[Check, ...] = (
    mechanics.gradient,
    mechanics.members_apart,
    extremes.extreme_outputs,
    extremes.absent_classes,
    extremes.dead_regions,
    extremes.gradient_scale,
    landscape.floor,
    landscape.convexity,
    landscape.symmetry,
    population.classification,
    population.regression,
    spaces.sound_spaces,
    known.known_loss,
)


def examine(loss: Loss, *, tasks: Iterable[Task | str] | None = None) -> Diagnosis:
    """Probe a loss on the tasks it serves, or on some of them.

    Raises `UserError` for a task that it does not serve, and for nothing that the loss itself does.
    """
    asked = list(loss.targets) if tasks is None else list(tasks)
    for task in asked:
        if task not in loss.targets:
            fix = f"it serves {', '.join(loss.targets)}"
            raise UserError(f"{loss.name} does not serve {str(task)!r}", where="task", fix=fix)
    findings = [finding for task in asked for finding in _probe(loss, Task(task))]
    return Diagnosis(loss.label, loss.formula, tuple(findings))


def _probe(loss: Loss, task: Task) -> Iterator[Finding]:
    try:
        patient = Patient.admit(loss, task)
    except UserError as problem:
        yield Finding("declaration", task.value, "error", str(problem), "read from the declaration")
        return
    for check in FIRST:
        found = list(_run(check, patient))
        yield from found
        if any(finding.level == "error" for finding in found):
            return
    for check in CHECKS:
        yield from _run(check, patient)


def _run(check: Check, patient: Patient) -> Iterator[Finding]:
    try:
        yield from check(patient)
    except Exception as problem:  # a stranger's code may raise anything
        name = check.__name__.replace("_", " ")
        yield patient.finding(name, "error", f"raises {type(problem).__name__}: {problem}", "called with probes")


__all__ = ["Diagnosis", "Finding", "examine"]
