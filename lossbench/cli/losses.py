"""`lossbench losses`, `activations`, `metrics`, `penalties` and `datasets`: what a config can name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossbench.cli.flags import completion
from lossbench.errors import unknown
from lossbench.printable import one_line
from lossbench.report.terminal.listing import show

if TYPE_CHECKING:
    from lossbench.catalog.vocabulary import Task

OfTask = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="KIND",
        help="Only those for binary, multiclass, ordinal or regression.",
        autocompletion=completion.tasks,
    ),
]
Wide = Annotated[bool, typer.Option("--wide", help="On a terminal, everything; else a line a loss.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print them as JSON.")]


def losses(task: OfTask = None, wide: Wide = False, json: AsJson = False) -> None:
    """List the losses: tasks, target, the last activation that auto takes, formula, what they estimate.

    Examples:
        lossbench losses --task regression
        lossbench losses --wide
    """
    from lossbench.catalog.describe.listing import loss_rows, problems

    rows = [
        {
            "loss": row.name,
            "tasks": ", ".join(row.tasks),
            "auto": ", ".join(row.auto),
            "target": row.target,
            "formula": row.formula,
            "estimates": row.estimates,
            "package": row.package,
        }
        for row in loss_rows(_task(task))
    ]
    wrong = problems("loss")
    if not wide and not json and sys.stdout.isatty():
        brief = ("loss", "tasks", "formula", "package")
        rows = [{key: row[key] for key in brief} | {"tasks": _initials(row["tasks"])} for row in rows]
        _show(rows, wrong, cut=True)
        typer.echo("B binary, M multiclass, O ordinal, R regression; --wide and `explain NAME` say more")
        return
    _show(rows, wrong, below=("formula", "target", "estimates"), as_json=json)


def activations(json: AsJson = False) -> None:
    """List the last activations: formula, and where their outputs live.

    Examples:
        lossbench train --last-act softmax
    """
    from lossbench.catalog.describe.listing import activation_rows, problems

    rows = [
        {
            "last_act": row.name,
            "formula": row.formula,
            "outputs": row.space,
            "note": row.note,
            "package": row.package,
        }
        for row in activation_rows()
    ]
    _show(rows, problems("activation"), below=("outputs", "note"), as_json=json)


def metrics(task: OfTask = None, json: AsJson = False) -> None:
    """List the metrics: tasks, which end is better, formula.

    Examples:
        lossbench compare-losses --metric balanced_accuracy
    """
    from lossbench.catalog.describe.listing import metric_rows, problems

    rows = [
        {
            "metric": row.name,
            "tasks": ", ".join(row.tasks),
            "better": row.better,
            "needs": row.needs,
            "formula": row.formula,
            "package": row.package,
        }
        for row in metric_rows(_task(task))
    ]
    _show(rows, problems("metric"), below=("formula",), as_json=json)


def penalties(json: AsJson = False) -> None:
    """List the penalties: formula and effect. `lossbench explain elasticnet` says how others write them.

    Examples:
        lossbench regularize-gif --penalty l1,l2,elasticnet
    """
    from lossbench.catalog.describe.listing import penalty_rows

    rows = [{"penalty": row.name, "formula": row.formula, "effect": row.effect} for row in penalty_rows()]
    show(rows, below=("effect",), as_json=json)


def datasets(task: OfTask = None, json: AsJson = False) -> None:
    """List the data sets: task, size, where they come from.

    Examples:
        lossbench train --data wine
    """
    from lossbench.data.datasets.catalogue import datasets as declared
    from lossbench.data.datasets.catalogue import offered

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
            "package": "",
        }
        for one in declared()
        if wanted is None or one.task == wanted.value
    ]
    unknown_of_it = dict.fromkeys(("task", "rows", "features", "classes"))
    theirs, wrong = offered()
    rows += [
        {"data": one.name, **unknown_of_it, "origin": "", "description": one.description, "package": one.package}
        for one in theirs
    ]
    _show(rows, wrong, below=("description",), as_json=json)


def _show(
    rows: Sequence[dict[str, Any]],
    problems: Sequence[str],
    *,
    below: Sequence[str] = (),
    as_json: bool = False,
    cut: bool = False,
) -> None:
    """The rows, with their packages where there are any; what is wrong with a package is a line beside them."""
    named = any(row["package"] for row in rows)
    show(
        [row if named else {k: v for k, v in row.items() if k != "package"} for row in rows],
        below=below,
        as_json=as_json,
        cut=cut,
    )
    for problem in problems:
        typer.secho("warning: ", fg=typer.colors.YELLOW, err=True, nl=False)
        typer.echo(one_line(problem), err=True)


def _initials(tasks: str) -> str:
    """`binary, multiclass` -> `B M`."""
    return " ".join(task[0].upper() for task in tasks.split(", "))


def _task(name: str | None) -> Task | None:
    from lossbench.catalog.vocabulary import Task

    if name is None:
        return None
    if name not in list(Task):
        raise unknown("task", name, [task.value for task in Task], where="--task")
    return Task(name)
