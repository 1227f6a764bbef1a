"""`lossbench explain`: one loss, or one pair of a loss and a last activation, in words."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from lossbench.cli import completion
from lossbench.cli import options as opt
from lossbench.errors import unknown

if TYPE_CHECKING:
    from lossbench.catalog.explain import LossPage, PairPage, PenaltyPage
    from lossbench.catalog.verdicts import Verdict

LABEL = 14  # columns of the labels at the left
COLOURS = {"ok": "green", "equivalent": "green", "degraded": "yellow", "broken": "red"}

ELASTIC = "elasticnet"  # a penalty alone, so that its page is no loss's
Said = Iterable[tuple[str, str]]  # label, text


def explain(
    loss: Annotated[
        str,
        typer.Argument(
            metavar="LOSS", help="A loss, a penalty, or my_loss.py:my_loss.", autocompletion=completion.one_loss
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
    target_encoding: opt.TargetEncoding = None,
    link: opt.Link = None,
) -> None:
    """Explain a loss or a penalty, or with a last activation: whether the two fit, why, and the fix.

    Examples:
        lossbench explain nll
        lossbench explain nll relu
        lossbench explain elasticnet
    """
    from lossbench.catalog.explain import loss_page, pair_page, penalty_page
    from lossbench.catalog.loss import LOSSES
    from lossbench.catalog.plugins import find_activation, find_loss
    from lossbench.catalog.vocabulary import Task

    if task is not None and task not in list(Task):
        raise unknown("task", task, [known.value for known in Task], where="--task")
    penalty = penalty_page(loss)
    if penalty is not None and last_act is None and loss not in {*LOSSES.names(), *LOSSES.abbreviations}:
        _say(f"{penalty.name} penalty", _of_penalty(penalty))
        return
    found = find_loss(loss, task=task, target_encoding=target_encoding, link=link)
    if last_act is None:
        title, said = found.label, _of_loss(loss_page(found))
        if penalty is not None:
            said = itertools.chain(said, [("", "")], _as_penalty(penalty))
    else:
        activation = find_activation(last_act)
        page = pair_page(found, activation, None if task is None else Task(task))
        title, said = f"{page.loss} + {page.activation}", _of_pair(page)
    _say(title, said)


def _say(title: str, said: Said) -> None:
    typer.secho(title, bold=True)
    for label, text in said:
        _print(label, text)


def _of_penalty(page: PenaltyPage) -> Said:
    yield "formula", page.formula
    if page.abbreviations:
        yield "short", ", ".join(page.abbreviations)
    yield "effect", page.effect
    yield "objective", page.objective
    for who, how in page.elsewhere:
        yield "elsewhere", f"{who}: {how}"
    yield "see", "lossbench penalties, lossbench regularize-gif"


def _as_penalty(page: PenaltyPage) -> Said:
    """A loss's page has room for a penalty of the same name."""
    yield "as a penalty", f"{page.formula}: {page.effect}"
    yield (
        "",
        f"objective: {page.objective} (`lossbench explain {ELASTIC}` has its relation to scikit-learn's alpha and C)",
    )


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
