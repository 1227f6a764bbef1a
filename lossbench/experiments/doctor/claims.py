"""Compares what a loss declares of itself with what was measured.

A claim that holds is said to hold on every task. To deny a property, one task without it is enough. `floor` and `sound`
are compared where they are measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.loss import Loss
from lossbench.catalog.verdicts import describe
from lossbench.catalog.vocabulary import Task
from lossbench.experiments.probing.findings import Finding

PROPERTIES = ("proper", "convex", "symmetric")
CHECK, MEASURED = "declared", "the declaration against the findings above"

# Words of a declaration that say exactly what is estimated, and what may then be found (at a parameter's default a
# quantile may be the median). A clause with a condition ("while beta >= 1") claims less and is not compared.
VALUES: Mapping[str, frozenset[str]] = {
    "mean": frozenset({"mean"}),
    "logarithm of the mean": frozenset({"mean"}),
    "median": frozenset({"median"}),
    "quantile": frozenset({"quantile", "median"}),
    "expectile": frozenset({"expectile", "mean"}),
    "mode": frozenset({"mode-like"}),
    "between median and mean": frozenset({"between"}),
}
CLASSES: Mapping[str, frozenset[str]] = {
    "class probabilities": frozenset({"mean"}),
    "class probability": frozenset({"mean"}),
    "log-odds": frozenset({"mean"}),
    "log-odds of the second class": frozenset({"mean"}),
    "margin": frozenset({"margin"}),
    "most probable class": frozenset({"mode", "margin"}),
}


def claims(loss: Loss, findings: Sequence[Finding]) -> Iterator[Finding]:
    """A finding on each task where something declared is not so; else that all of it is."""
    if loss.label != loss.name:
        what = "not compared: what is declared holds with the default parameters"
        yield from (Finding(CHECK, task, "skipped", what, "") for task in _tasks(findings) if _measured(findings, task))
        return
    wrong = [*_properties(loss, findings), *_consistency(loss, findings)]
    wrong += [*_estimates(loss, findings), *_unsound(loss, findings)]
    yield from wrong
    for task in _tasks(findings):
        if any(finding.task == task for finding in wrong) or not _measured(findings, task):
            continue
        held = [name for name in PROPERTIES if getattr(loss, name) and _number(findings, name, task)]
        held += ["consistent"] if loss.is_consistent(Task(task)) and _number(findings, "consistent", task) else []
        what = f"measured as declared: {', '.join(held)}" if held else "nothing declared is measured otherwise"
        yield Finding(CHECK, task, "ok", what, MEASURED)


def _properties(loss: Loss, findings: Sequence[Finding]) -> Iterator[Finding]:
    for name in PROPERTIES:
        declared = getattr(loss, name)
        tasks = [task for task in loss.own_tasks if name != "symmetric" or task.is_classification]
        found = {task.value: _number(findings, name, task.value) for task in tasks}
        if declared:
            for task in (task for task, measured in found.items() if measured is False):
                yield _error(task, f"declared {name}, measured not")
        elif declared is False and found and all(found.values()):
            # `proper` is False where nothing was said of it
            for task in found:
                if name == "proper":
                    yield Finding(CHECK, task, "note", "not declared proper, measured proper", MEASURED)
                else:
                    yield _error(task, f"declared not {name}, measured {name}")


def _consistency(loss: Loss, findings: Sequence[Finding]) -> Iterator[Finding]:
    for task in loss.targets:
        declared, found = loss.is_consistent(task), _number(findings, "consistent", task.value)
        if declared is not None and found is not None and declared is not found:
            words = {True: "consistent", False: "not consistent"}
            yield _error(task.value, f"declared {words[declared]}, measured {words[found]}")


def _estimates(loss: Loss, findings: Sequence[Finding]) -> Iterator[Finding]:
    for task in loss.targets:
        found = _number(findings, "estimates", task.value)
        known = CLASSES if task.is_classification else VALUES
        for clause in loss.estimates.split(";"):
            estimand = clause.partition("(")[0].partition(", which")[0].strip().removeprefix("the ")
            if found is not None and estimand in known and found not in known[estimand]:
                what = "class probabilities" if task.is_classification and found == "mean" else f"the {found}"
                yield _error(task.value, f"declared to estimate the {estimand}, measured {what}")


def _unsound(loss: Loss, findings: Sequence[Finding]) -> Iterator[Finding]:
    """A space declared unsound where every activation into it turned out to do."""
    for task in loss.targets:
        sound = _number(findings, "sound", task.value)
        for space in loss.unsound[task] if sound is not None else ():
            behind = [a.name for a in ACTIVATIONS if a.space is space and a.min_outputs <= loss.width(task, 3)]
            if behind and set(behind) <= set(sound):
                what = f"declared unsound on {describe(space)}, measured sound behind {', '.join(behind)}"
                yield _error(task.value, what)


def _error(task: str, what: str) -> Finding:
    return Finding(CHECK, task, "error", f"{what}: correct the declaration, or the loss", MEASURED)


def _number(findings: Sequence[Finding], name: str, task: str) -> Any:
    return next((f.numbers[name] for f in findings if f.task == task and name in f.numbers), None)


def _measured(findings: Sequence[Finding], task: str) -> bool:
    return any(_number(findings, name, task) is not None for name in (*PROPERTIES, "consistent", "estimates"))


def _tasks(findings: Sequence[Finding]) -> list[str]:
    return list(dict.fromkeys(finding.task for finding in findings))
