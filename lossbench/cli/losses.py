"""`lossbench losses`, `activations`, `metrics` and `penalties`: what a config can name."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lossbench.cli.flags import completion
from lossbench.cli.flags.listing import AsJson, OfTask, show_rows, task_of
from lossbench.report.terminal.listing import show

OfFamily = Annotated[
    str | None,
    typer.Option(
        "--family",
        metavar="NAME",
        help="Only those of a family: a line a loss.",
        autocompletion=completion.families,
    ),
]
Wide = Annotated[bool, typer.Option("--wide", help="On a terminal, everything of every loss; else a line a family.")]


def losses(task: OfTask = None, family: OfFamily = None, wide: Wide = False, json: AsJson = False) -> None:
    """List the losses by family; of one family, with tasks, target, last activation, formula, what they estimate.

    Examples:
        lossbench losses --task regression
        lossbench losses --family robust
        lossbench losses --wide
    """
    from lossbench.catalog.describe.listing import family_rows, loss_rows, problems

    wanted = task_of(task)
    if family is None and not wide and not json and sys.stdout.isatty():
        show_rows(
            [{"family": row.name, "losses": ", ".join(row.losses), "package": ""} for row in family_rows(wanted)],
            problems("loss"),
        )
        typer.echo("--family NAME, --wide and `explain NAME` say more")
        return
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
        for row in loss_rows(wanted, family)
    ]
    wrong = problems("loss")
    if not wide and not json and sys.stdout.isatty():
        brief = ("loss", "tasks", "formula", "package")
        rows = [{key: row[key] for key in brief} | {"tasks": _initials(row["tasks"])} for row in rows]
        show_rows(rows, wrong, cut=True)
        typer.echo("B binary, M multiclass, O ordinal, R regression; --wide and `explain NAME` say more")
        return
    show_rows(rows, wrong, below=("formula", "target", "estimates"), as_json=json)


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
    show_rows(rows, problems("activation"), below=("outputs", "note"), as_json=json)


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
        for row in metric_rows(task_of(task))
    ]
    show_rows(rows, problems("metric"), below=("formula",), as_json=json)


def penalties(json: AsJson = False) -> None:
    """List the penalties: formula and effect. `lossbench explain elasticnet` says how others write them.

    Examples:
        lossbench regularize-gif --penalty l1,l2,elasticnet
    """
    from lossbench.catalog.describe.listing import penalty_rows

    rows = [{"penalty": row.name, "formula": row.formula, "effect": row.effect} for row in penalty_rows()]
    show(rows, below=("effect",), as_json=json)


def _initials(tasks: str) -> str:
    """`binary, multiclass` -> `B M`."""
    return " ".join(task[0].upper() for task in tasks.split(", "))
