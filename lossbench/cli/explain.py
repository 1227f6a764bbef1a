"""`lossbench explain`: one loss, or one pair of a loss and a last activation, in words."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lossbench.cli import completion
from lossbench.cli import options as opt
from lossbench.errors import unknown

if TYPE_CHECKING:
    from lossbench.catalog.explain import LossPage, PairPage
    from lossbench.catalog.verdicts import Verdict

LABEL = 13  # columns of the labels at the left
COLOURS = {"ok": "green", "equivalent": "green", "degraded": "yellow", "broken": "red"}

Said = Iterator[tuple[str, str]]  # label, text


def explain(
    loss: Annotated[
        str,
        typer.Argument(
            metavar="LOSS",
            help="A loss: nll, 'focal(gamma=0)', or my_loss.py:my_loss.",
            autocompletion=completion.one_loss,
        ),
    ],
    last_act: Annotated[
        str | None,
        typer.Argument(metavar="[LAST_ACT]", help="A last activation.", autocompletion=completion.activation),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task", metavar="KIND", help="binary, multiclass or regression.", autocompletion=completion.tasks
        ),
    ] = None,
    loss_param: opt.LossParam = None,
    target_encoding: opt.TargetEncoding = None,
    link: opt.Link = None,
) -> None:
    """Explain a loss, or with a last activation: whether the two fit, why, and the fix.

    Examples:
        lossbench explain nll
        lossbench explain nll relu
    """
    from lossbench.catalog.explain import loss_page, pair_page
    from lossbench.catalog.plugins import find_activation
    from lossbench.catalog.vocabulary import Task
    from lossbench.experiments.names import resolve_loss

    if task is not None and task not in list(Task):
        raise unknown("task", task, [known.value for known in Task], where="--task")
    config = opt.read_loss(loss, loss_param, target_encoding, link)
    found = resolve_loss(config, None if task is None else Task(task), where="")
    if last_act is None:
        title, said = found.label, _of_loss(loss_page(found))
    else:
        activation = find_activation(last_act)
        page = pair_page(found, activation, None if task is None else Task(task))
        title, said = f"{page.loss} + {page.activation}", _of_pair(page)
    typer.secho(title, bold=True)
    for label, text in said:
        _print(label, text)


def _of_loss(page: LossPage) -> Said:
    yield "formula", page.formula
    yield "", page.details
    if page.abbreviations:
        yield "short", ", ".join(page.abbreviations)
    yield "estimates", page.estimates
    for task in page.tasks:
        others = [name for name in task.sound if name != task.auto]
        yield task.task, f"target {task.target}; outputs: {task.outputs}"
        yield "", f"last activation: {task.auto}" + (f" (auto), or {', '.join(others)}" if others else " (auto)")
        for level in ("degraded", "broken"):
            named = [name for name, verdict in task.verdicts if verdict.level == level]
            if named:
                yield "", f"{level} with {', '.join(named)}"
    for parameter in page.parameters:
        yield "parameter", f"{parameter.name} = {parameter.default} ({parameter.allowed})"
    for fact in page.facts:
        yield "known", fact
    yield "floor", "none" if page.floor is None else f"{page.floor:g}"
    for pitfall in page.pitfalls:
        yield "pitfall", pitfall
    yield "reference", page.reference


def _of_pair(page: PairPage) -> Said:
    yield "loss", page.formula
    yield "activation", page.activation_formula
    seen: list[Verdict] = []
    for task, verdict in page.verdicts:
        if verdict in seen:
            continue
        same = [other for other, its in page.verdicts if its == verdict]
        seen.append(verdict)
        yield "verdict", f"{verdict.level.value} ({', '.join(same) or task})"
        yield "why", verdict.why
        yield "fix", verdict.fix
    for pitfall in page.pitfalls:
        yield "pitfall", pitfall
    yield "reference", page.reference


def _print(label: str, text: str) -> None:
    """A labelled paragraph: wrapped on a terminal, one line off it."""
    if not text:
        return
    head = f"{label:<{LABEL}}"
    lines = [" ".join(text.split())]
    if sys.stdout.isatty():
        import shutil

        lines = textwrap.wrap(lines[0], max(shutil.get_terminal_size().columns - LABEL, 20))
    for i, line in enumerate(lines):
        colour = COLOURS.get(line.split(" ", 1)[0]) if label == "verdict" and i == 0 else None
        typer.secho(head if i == 0 else " " * LABEL, fg=typer.colors.CYAN, nl=False)
        typer.secho(line, fg=colour)
