"""`lossbench explain`: a loss, a pair of a loss and a last activation, or another name of the catalogue, in words."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossbench.calls import read_pair
from lossbench.cli.flags import completion
from lossbench.cli.flags import options as opt
from lossbench.config.commands.train import TrainConfig
from lossbench.config.values import AUTO
from lossbench.errors import unknown
from lossbench.printable import printable
from lossbench.report.terminal.levels import colour_of

if TYPE_CHECKING:
    from lossbench.catalog.describe.explain import LossPage, PairPage, PenaltyPage
    from lossbench.catalog.verdicts import Verdict

LABEL = 14  # columns of the labels at the left
ELASTIC = "elasticnet"  # a penalty alone, so that its page is no loss's
TERMS_PAGE = "terms"  # all terms of a report
Lines = Iterable[tuple[str, str]]  # label, text


@opt.flags(TrainConfig, "loss_param", "target_encoding", "decode")
def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A loss: nll, 'focal(gamma=0)', or my_loss.py:my_loss; a last activation, a metric, a data set, a"
            " penalty, a term of a report; or `terms`, for all terms.",
            autocompletion=completion.anything,
        ),
    ],
    last_act: Annotated[
        str | None,
        typer.Argument(
            metavar="[LAST_ACT]", help="A last activation behind the loss.", autocompletion=completion.activation
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task", metavar="KIND", help="binary, multiclass, ordinal or regression.", autocompletion=completion.tasks
        ),
    ] = None,
    plot: Annotated[
        bool, typer.Option("--plot", help="Of a loss, its value and gradient too, in blocks; `plot-loss` draws them.")
    ] = False,
    **given: Any,
) -> None:
    """Explain a loss, or with a last activation: whether the two fit, why, and the fix; or any other name.

    Examples:
        lossbench explain nll
        lossbench explain nll relu
        lossbench explain relu
        lossbench explain titanic
        lossbench explain elasticnet
        lossbench explain terms
    """
    from lossbench.catalog.describe.explain import loss_page, meaning, pair_page, penalty_page
    from lossbench.catalog.plugins.resolve import find_activation
    from lossbench.catalog.vocabulary import Task
    from lossbench.experiments.setup.resolve import resolve_loss

    if name == TERMS_PAGE:
        _show_terms()
        return
    if task is not None and task not in list(Task):
        raise unknown("task", task, [known.value for known in Task], where="--task")
    lines: Lines | None = None if last_act is not None or given.get("loss_param") else _of_another(name)
    if lines is not None:
        _show(name, lines)
        return
    whole = opt.read(TrainConfig, {"loss": name, "last_act": last_act, **given}, loss="NAME", last_act="LAST_ACT")
    config, last_act = whole.loss, None if whole.last_act == AUTO else whole.last_act
    found = resolve_loss(config, None if task is None else Task(task), where="")
    if last_act is None:
        title, lines = found.label, _of_loss(loss_page(found))
        if (penalty := penalty_page(name)) is not None:
            lines = itertools.chain(lines, [("", "")], _as_penalty(penalty))
    else:
        page = pair_page(found, find_activation(last_act), None if task is None else Task(task))
        title, lines = f"{page.loss} + {page.activation}", _of_pair(page)
    if said := meaning(read_pair(name)[0]):
        lines = itertools.chain([("name", said)], lines)
    _show(title, lines)
    if plot:
        from lossbench.config.commands.compare import PairConfig
        from lossbench.runner.plot_loss import profiles_of, show  # torch computes them

        show(profiles_of([PairConfig(loss=config, last_act=last_act or "auto")], task=task), ("value", "gradient"))


def _show(title: str, lines: Lines) -> None:
    typer.secho(title, bold=True)
    for label, text in lines:
        _print(label, text)


def _of_another(name: str) -> Lines | None:
    """What is said of a name that is no loss's; None where it is nothing that is known."""
    from lossbench.catalog.describe.explain import meaning
    from lossbench.catalog.loss import LOSSES

    said = meaning(name) if name in LOSSES else ""
    if name in LOSSES and not said:
        return None
    kinds = (_of_activation, _of_metric, _of_dataset, _of_penalty, _of_term)
    found = next((lines for of in kinds if (lines := of(name)) is not None), None)
    if found is None or not said:
        return found
    return itertools.chain(found, [("as a loss", f"{said} (`lossbench explain {LOSSES.full_name(name)}`)")])


def _of_activation(name: str) -> Lines | None:
    from lossbench.catalog.activations import ACTIVATIONS
    from lossbench.catalog.describe.explain import sound_losses
    from lossbench.catalog.describe.listing import activation_rows
    from lossbench.catalog.vocabulary import Task

    if name not in ACTIVATIONS:
        return None
    activation = ACTIVATIONS.get(name)
    row = next(row for row in activation_rows() if row.name == activation.name)
    sound = {task.value: ", ".join(sound_losses(activation, task)) for task in Task}
    lines = [("last act", row.name), ("formula", row.formula), ("outputs", row.space), ("note", row.note)]
    fits = [("sound behind", f"{task}: {losses}") for task, losses in sound.items() if losses]
    return iter([*lines, *(fits or [("sound behind", "no loss")])])


def _of_metric(name: str) -> Lines | None:
    from lossbench.catalog.describe.listing import metric_row
    from lossbench.catalog.metrics import METRICS

    if name not in METRICS:
        return None
    row = metric_row(METRICS.get(name))
    lines = [("metric", row.name), ("formula", row.formula), ("tasks", ", ".join(row.tasks))]
    return iter([*lines, ("better", row.better), ("needs", f"a {row.needs}")])


def _of_dataset(name: str) -> Lines | None:
    from lossbench.data.datasets.catalogue import find
    from lossbench.data.datasets.suites import suites_with

    one = find(name)
    if one is None:
        return None
    size = f"{one.rows} rows, {one.columns} features" + (f", {one.classes} classes" if one.classes else "")
    lines = [("data", one.description), ("task", one.task), ("target", one.target), ("size", size)]
    lines += [("order", " < ".join(one.order))] if one.order else []
    lines += [("traits", ", ".join(one.traits))] if one.traits else []
    lines += [("excluded", f"{column}: {why}") for column, why in one.excluded.items()]
    lines += [("metric", one.metric), ("origin", one.origin)]
    lines += [("licence", one.licence)] if one.licence else []
    lines += [("suites", ", ".join(suites_with(one)))] if suites_with(one) else []
    lines += [("needs", one.remedy)] if one.is_missing else []
    return iter(lines)


def _of_penalty(name: str) -> Lines | None:
    from lossbench.catalog.describe.explain import penalty_page

    page = penalty_page(name)
    if page is None:
        return None
    lines = [("penalty", page.name), ("formula", page.formula)]
    lines += [("short", ", ".join(page.abbreviations))] if page.abbreviations else []
    lines += [("effect", page.effect), ("objective", page.objective)]
    lines += [("elsewhere", f"{who}: {how}") for who, how in page.elsewhere]
    return [*lines, ("see", "lossbench penalties, lossbench regularize-gif")]


def _of_term(name: str) -> Lines | None:
    from lossbench.catalog.describe.terms import find_term

    term = find_term(name)
    if term is None:
        return None
    return [("term", term.name), ("means", term.meaning), ("also", ", ".join(term.also)), ("reference", term.reference)]


def _show_terms() -> None:
    from lossbench.catalog.describe.terms import TERMS
    from lossbench.report.terminal.listing import show

    rows = [{"term": term.name, "meaning": term.meaning, "reference": term.reference} for term in TERMS]
    show(rows, below=("meaning", "reference"))


def _as_penalty(page: PenaltyPage) -> Lines:
    """A loss's page has room for a penalty of the same name."""
    yield "as a penalty", f"{page.formula}: {page.effect}"
    yield (
        "",
        f"objective: {page.objective} (`lossbench explain {ELASTIC}` has its relation to scikit-learn's alpha and C)",
    )


def _of_loss(page: LossPage) -> Lines:
    yield "formula", page.formula
    yield "", page.details
    if page.abbreviations:
        yield "short", ", ".join(page.abbreviations)
    for i, (library, names) in enumerate(page.elsewhere):
        yield "" if i else "elsewhere", f"{library}: {names}"
    yield "use", page.use
    yield "estimates", page.estimates
    for task in page.tasks:
        others = [name for name in task.sound if name != task.auto]
        yield task.task, f"target {task.target}; outputs: {task.outputs}"
        yield "", f"last activation: {task.auto}" + (f" (auto), or {', '.join(others)}" if others else " (auto)")
        for level in ("degraded", "broken"):
            named = [name for name, verdict in task.verdicts if verdict.level == level]
            if named:
                yield "", f"{level} with {', '.join(named)}"
    yield "ordinal", page.on_order
    for parameter in page.parameters:
        yield "parameter", f"{parameter.name} = {parameter.default} ({parameter.allowed})"
    for fact in page.facts:
        yield "known", fact
    yield "reduction", page.reduction
    yield "floor", "none" if page.floor is None else f"{page.floor:g}"
    for pitfall in page.pitfalls:
        yield "pitfall", pitfall
    yield "reference", page.reference


def _of_pair(page: PairPage) -> Lines:
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
    lines = [printable(" ".join(text.split()))]
    if sys.stdout.isatty():
        import shutil

        lines = textwrap.wrap(lines[0], max(shutil.get_terminal_size().columns - LABEL, 20))
    for i, line in enumerate(lines):
        colour = colour_of(line.split(" ", 1)[0]) if label == "verdict" and i == 0 else None
        typer.secho(head if i == 0 else " " * LABEL, fg=typer.colors.CYAN, nl=False)
        typer.secho(line, fg=colour)
