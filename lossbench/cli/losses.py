"""`lossbench losses`, `activations`, `metrics`, `penalties` and `datasets`: what a config can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lossbench.cli import completion
from lossbench.cli.tables import show
from lossbench.errors import unknown

if TYPE_CHECKING:
    from lossbench.catalog.vocabulary import Task

OfTask = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="KIND",
        help="Only those for binary, multiclass or regression.",
        autocompletion=completion.tasks,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print them as JSON.")]


def losses(task: OfTask = None, json: AsJson = False) -> None:
    """List the losses: tasks, target, the last activation that auto takes, formula, what they estimate.

    Examples:
        lossbench losses --task regression
    """
    from lossbench.catalog.explain import loss_rows

    rows = [
        {
            "loss": row.name,
            "tasks": ", ".join(row.tasks),
            "auto": ", ".join(row.auto),
            "target": row.target,
            "formula": row.formula,
            "estimates": row.estimates,
        }
        for row in loss_rows(_task(task))
    ]
    show(rows, below=("formula", "target", "estimates"), as_json=json)


def activations(json: AsJson = False) -> None:
    """List the last activations: formula, and where their outputs live.

    Examples:
        lossbench train --last-act softmax
    """
    from lossbench.catalog.explain import activation_rows

    rows = [
        {"last_act": row.name, "formula": row.formula, "outputs": row.space, "note": row.note}
        for row in activation_rows()
    ]
    show(rows, below=("outputs", "note"), as_json=json)


def metrics(task: OfTask = None, json: AsJson = False) -> None:
    """List the metrics: tasks, which end is better, formula.

    Examples:
        lossbench compare-losses --metric balanced_accuracy
    """
    from lossbench.catalog.explain import metric_rows

    rows = [
        {
            "metric": row.name,
            "tasks": ", ".join(row.tasks),
            "better": row.better,
            "needs": row.needs,
            "formula": row.formula,
        }
        for row in metric_rows(_task(task))
    ]
    show(rows, below=("formula",), as_json=json)


def penalties(json: AsJson = False) -> None:
    """List the penalties: formula and effect. `lossbench explain elasticnet` says how others write them.

    Examples:
        lossbench regularize-gif --penalty l1,l2,elasticnet
    """
    from lossbench.catalog.explain import penalty_rows

    rows = [{"penalty": row.name, "formula": row.formula, "effect": row.effect} for row in penalty_rows()]
    show(rows, below=("effect",), as_json=json)


def datasets(task: OfTask = None, json: AsJson = False) -> None:
    """List the data sets: task, size, where they come from.

    Examples:
        lossbench train --data wine
    """
    from lossbench.data.datasets import datasets as declared

    wanted = _task(task)
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
        if wanted is None or one.task == wanted.value
    ]
    show(rows, below=("description",), as_json=json)


def _task(name: str | None) -> Task | None:
    from lossbench.catalog.vocabulary import Task

    if name is None:
        return None
    if name not in list(Task):
        raise unknown("task", name, [task.value for task in Task], where="--task")
    return Task(name)
