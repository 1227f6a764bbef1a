"""The metric of a run: the one that was named, or the one that suits the classes and the losses.

`auto` is, in this order: the metric of what the losses estimate, where they declare one of their own and agree on it;
log-loss where targets are probabilities; AUROC where a class is rare; accuracy, or RMSE of values. A class is rare
where its share of the rows is below 10% and below half of an even share (which ten classes of equal size are not).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lossbench.catalog.estimands import agree_if_symmetric, differ, is_off_centre
from lossbench.catalog.loss import Loss
from lossbench.catalog.metrics import METRICS, Metric, default_metric, suiting
from lossbench.catalog.vocabulary import Task
from lossbench.data.table import Information, Table
from lossbench.errors import UserError

if TYPE_CHECKING:
    from lossbench.experiments.setup.pair import Pair

AUTO = "auto"
RARE = 0.1
VERY_RARE = 0.01
RARE_LOSSES = "losses for rare classes: --class-weight balanced, class_balanced, logit_adjusted, ldam, focal"
BETTER_METRICS = (
    "accuracy hardly tells a net from that; auroc, average_precision or balanced_accuracy can tell what is learnt"
    f" (--metric); {RARE_LOSSES}"
)


def is_rare(counts: Sequence[float]) -> bool:
    """Whether the smallest class has so few of the rows that deciding for the others is nearly always right."""
    return bool(counts) and min(counts) / sum(counts) < min(RARE, 0.5 / len(counts))


def auto_metric(
    task: Task, counts: Sequence[Sequence[float]] = (), losses: Sequence[Loss] = (), *, soft: bool = False
) -> Metric:
    """What `auto` stands for, given each table's rows per class and the losses that were named; `soft`: where targets
    are probabilities.

    Raises `UserError` where the losses estimate different things, such as two quantiles.
    """
    own = {loss.own_metric for loss in losses}
    if len(own) > 1 and any(is_off_centre(METRICS.get(name).estimated) for name in own if name):
        found = {loss.estimand(task): loss.label for loss in losses}
        listed = "; ".join(f"{label}: {estimand or 'not declared'}" for estimand, label in found.items())
        what = f"no metric scores what all these losses estimate ({listed})"
        raise UserError(what, where="metric", fix="name the metric, or compare losses of one kind")
    if len(own) == 1 and (name := own.pop()):
        return METRICS.get(name)
    if soft:
        return METRICS.get("log_loss")
    return default_metric(task, rare=any(is_rare(some) for some in counts))


def check_metric(metric: Metric, table: Table) -> None:
    """Raise `UserError` for a metric that the table's task has not, or that its targets do not allow."""
    task = Task(table.task)
    if task not in metric.tasks:
        raise UserError(
            f"{metric.name} is no metric of a {task} task",
            where="metric",
            fix=f"choose one of {', '.join(m.name for m in suiting(task))}",
        )
    if table.weights is not None and not metric.takes_weights:
        what = f"{metric.name} takes no weights, and the rows of {table.name} are weighted by {table.weights_name}"
        raise UserError(what, where="metric", fix="choose another metric, or leave out --weights")
    if wrong := metric.impossible(table.target):
        what = f"{metric.name} needs {metric.domain} targets, and {wrong} of {table.name}'s are not"
        raise UserError(what, where="metric", fix="choose another metric")


def check_rows(metric: Metric, rows: int, part: str) -> None:
    """Raise `UserError` where a part that the metric scores has too few rows for it; a part without rows is none."""
    least = 1 if metric.least_rows is None else metric.least_rows(metric.params)
    if 0 < rows < least:
        what = f"{metric.name} needs {least} rows, and the {part} part has {rows}"
        raise UserError(what, where="metric", fix="choose another metric, another level of it, or larger parts")


def lacking(metric: Metric, pair: Pair, *, calibrated: bool = False) -> str:
    """What the metric needs and the pair does not predict; `calibrated`: scores become probabilities afterwards."""
    prediction = pair.example
    if prediction is None or metric.can_score(prediction) or (calibrated and metric.needs == "probability"):
        return ""
    return f"it predicts no {metric.needed}, which {metric.name} scores"


def rare_class(classes: Sequence[str], counts: Sequence[float], what: str = "rows") -> str:
    """What accuracy is worth with so many rows of each class, where one is rare; else nothing. `what`: what is counted,
    where it is not rows."""
    if not is_rare(counts):
        return ""
    few, many = (classes[counts.index(of(counts))] for of in (min, max))
    return (
        f"class {few!r} has {min(counts) / sum(counts):.1%} of the {what}: always deciding for {many!r} has accuracy"
        f" {max(counts) / sum(counts):.3f}"
    )


def _soft_notes(requested: str, metric: Metric) -> Iterator[str]:
    expected = ", ".join(one.name for one in METRICS if one.soft)
    yield Information(
        f"targets are probabilities: {expected} are expected scores under them, and all other metrics take the most"
        " probable class for the truth" + (f"; the metric is {metric.name}" if requested == AUTO else "")
    )


def metric_notes(requested: str, metric: Metric, table: Table, pairs: Sequence[Pair]) -> Iterator[str]:
    """What a reader must know of the metric: a rare class, and pairs that do not estimate what it scores."""
    if table.soft is not None:
        yield from _soft_notes(requested, metric)
    elif rare := rare_class(table.classes, table.class_totals, "rows" if table.weights is None else "weight"):
        if requested == AUTO:
            note = f"{rare}; the metric is {metric.name}, not accuracy; {RARE_LOSSES}"
            yield note if min(table.class_counts) < VERY_RARE * len(table) else Information(note)
        elif metric is METRICS.get("accuracy"):
            yield f"{rare}; {BETTER_METRICS}"
    task, scored = Task(table.task), metric.estimated
    for pair in pairs if not task.is_classification else ():  # of classes, the table of results says it
        estimated = pair.estimand
        if differ(estimated, scored) and not agree_if_symmetric(estimated, scored):
            yield f"{pair.label} estimates {estimated}, and {metric.name} scores {scored}: not what it estimates"
