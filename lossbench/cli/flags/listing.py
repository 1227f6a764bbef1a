"""What the commands that list names have in common: their flags, and how rows and faults of packages are shown."""

from __future__ import annotations

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
AsJson = Annotated[bool, typer.Option("--json", help="Print them as JSON.")]


def show_rows(
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


def task_of(name: str | None) -> Task | None:
    """The task that `--task` names."""
    from lossbench.catalog.vocabulary import Task

    if name is None:
        return None
    if name not in list(Task):
        raise unknown("task", name, [task.value for task in Task], where="--task")
    return Task(name)
