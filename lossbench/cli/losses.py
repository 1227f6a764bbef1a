"""`lossbench losses`, `activations`, `metrics` and `datasets`: what a config can name, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from lossbench.cli import completion
from lossbench.cli.tables import show
from lossbench.errors import unknown

OfTask = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="KIND",
        help="Only those for binary, multiclass or regression.",
        autocompletion=completion.TASKS,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print them as JSON.")]

TASKS = ("binary", "multiclass", "regression")


def losses(task: OfTask = None, json: AsJson = False) -> None:
    """List the losses: tasks, target, last activations that fit, what they estimate, formula.

    Examples:
        lossbench losses --task regression
    """
    from lossbench.catalog.loss import LOSSES
    from lossbench.catalog.verdicts import sound_activations
    from lossbench.catalog.vocabulary import Task

    rows = []
    for loss in LOSSES:
        served = [t for t in Task if t in loss.tasks]
        if not _wanted(served, task):
            continue
        fitting: dict[str, None] = {}
        targets: dict[str, None] = {}
        for t in served:
            targets |= dict.fromkeys([loss.targets[t].value])
            fitting |= dict.fromkeys(activation.name for activation in sound_activations(loss, t))
        rows.append(
            {
                "loss": loss.name,
                "tasks": _joined(served),
                "target": _joined(targets),
                "last_act": _joined(fitting),
                "formula": loss.formula,
                "estimates": loss.estimates,
            }
        )
    show(rows, below=("formula", "last_act", "estimates"), as_json=json)


def activations(json: AsJson = False) -> None:
    """List the last activations: where their outputs live, and their formula.

    Examples:
        lossbench train --last-act softmax
    """
    from lossbench.catalog.activations import ACTIVATIONS
    from lossbench.catalog.verdicts import describe

    rows = [
        {"last_act": one.name, "formula": one.formula, "outputs": describe(one.space), "note": one.note}
        for one in ACTIVATIONS
    ]
    show(rows, below=("outputs", "note"), as_json=json)


def metrics(task: OfTask = None, json: AsJson = False) -> None:
    """List the metrics: tasks, which end is better, formula.

    Examples:
        lossbench compare-losses --metric balanced_accuracy
    """
    from lossbench.catalog.metrics import METRICS
    from lossbench.catalog.vocabulary import Task

    rows = [
        {
            "metric": one.name,
            "tasks": _joined([t for t in Task if t in one.tasks]),
            "better": one.better,
            "needs": one.needs,
            "formula": one.formula,
        }
        for one in METRICS
        if _wanted(one.tasks, task)
    ]
    show(rows, below=("formula",), as_json=json)


def datasets(task: OfTask = None, json: AsJson = False) -> None:
    """List the data sets: task, size, where they come from.

    Examples:
        lossbench train --data wine
    """
    from lossbench.data.datasets import datasets as declared

    rows = [
        {
            "data": one.name,
            "task": one.task,
            "rows": one.rows,
            "features": one.columns,
            "classes": one.classes or None,
            "origin": one.origin,
            "description": one.description,
        }
        for one in declared()
        if _wanted([one.task], task)
    ]
    show(rows, below=("description",), as_json=json)


def _wanted(served: Sequence[str] | frozenset[str], task: str | None) -> bool:
    if task is None:
        return True
    if task not in TASKS:
        raise unknown("task", task, TASKS, where="--task")
    return task in served


def _joined(names: Sequence[str] | dict[str, None]) -> str:
    return ", ".join(str(name) for name in names)
