"""The doctor: probes a loss in a few seconds and says what it found, each finding with how it was measured.

Nothing is trained on data: a loss is a function of one row's outputs, and those can all be tried. Whatever a user's
loss does, the doctor does not fall over it: what it raises is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lossbench.catalog.loss import Loss
from lossbench.catalog.vocabulary import Task
from lossbench.engine.threads import one_thread
from lossbench.errors import UserError
from lossbench.experiments.doctor.claims import claims
from lossbench.experiments.probing.examination import CHECKS, Watch, admitted, examine_on_task
from lossbench.experiments.probing.findings import Diagnosis, Finding


def examine(loss: Loss, *, tasks: Iterable[Task | str] | None = None, watch: Watch | None = None) -> Diagnosis:
    """Probe a loss on its own tasks, or on some that it supports; what it declares is compared with what is found.

    Raises `UserError` for a task that it does not support, and for nothing that the loss itself does.
    """
    requested = loss.own_tasks if tasks is None else list(tasks)
    for task in requested:
        if task not in loss.targets:
            fix = f"it supports {', '.join(loss.targets)}"
            raise UserError(f"{loss.name} does not support {str(task)!r}", where="task", fix=fix)
    with one_thread():  # steps this small are several times slower on torch's own threads
        findings = [finding for task in requested for finding in _examine(loss, Task(task), watch or (lambda _: None))]
    return Diagnosis(loss.label, loss.formula, (*findings, *claims(loss, findings)))


def _examine(loss: Loss, task: Task, watch: Watch) -> Iterator[Finding]:
    subject = admitted(loss, task)
    if isinstance(subject, Finding):
        yield subject
    else:
        yield from examine_on_task(subject, CHECKS, watch)


__all__ = ["Diagnosis", "Finding", "examine"]
