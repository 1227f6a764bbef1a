"""The lists that `losses`, `activations`, `metrics` and `penalties` print, as plain data.

Nothing here touches a tensor. What installed packages offer comes after lossbench's own and names its package; loading
it costs what the package costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.describe.explain import TARGETS, note, once, tasks
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.loss_groups import families
from lossbench.catalog.metrics import METRICS, Metric
from lossbench.catalog.parameters import spelled
from lossbench.catalog.plugins.packages import offered
from lossbench.catalog.verdicts import best_activation, describe
from lossbench.catalog.vocabulary import Task
from lossbench.components.penalties import PENALTIES
from lossbench.docstrings import docstring
from lossbench.errors import UserError, unknown


@dataclass(frozen=True)
class LossRow:
    """A line of the table of losses."""

    name: str
    family: str
    formula: str
    tasks: tuple[str, ...]
    target: str
    auto: tuple[str, ...]  # preferred last activations, one per task, each said once
    estimates: str
    package: str = ""  # that offers it; lossbench's own have none


@dataclass(frozen=True)
class FamilyRow:
    """A line of the table of families."""

    name: str
    losses: tuple[str, ...]


@dataclass(frozen=True)
class ActivationRow:
    """A line of the table of last activations."""

    name: str
    formula: str
    space: str
    note: str
    package: str = ""


@dataclass(frozen=True)
class MetricRow:
    """A line of the table of metrics."""

    name: str
    formula: str
    tasks: tuple[str, ...]
    needs: str
    better: str
    package: str = ""


@dataclass(frozen=True)
class PenaltyRow:
    """A line of the table of penalties."""

    name: str
    formula: str
    effect: str


def problems(kind: str) -> list[str]:
    """What is wrong with what installed packages offer as "loss", "activation" or "metric", one sentence each."""
    return [one.problem for one in offered(kind) if one.problem]


def family_rows(task: Task | None = None) -> list[FamilyRow]:
    """The families with their losses that support a task; last the installed packages with theirs."""
    losses: dict[str, tuple[str, ...]] = {family.name: () for family in families()}
    for row in loss_rows(task):
        name = row.package or row.family
        losses[name] = (*losses.get(name, ()), row.name)
    return [FamilyRow(name, names) for name, names in losses.items() if names]


def loss_rows(task: Task | None = None, family: str | None = None) -> list[LossRow]:
    """All losses, or those that support a task; of an undeclared one the task is not known, and it is always listed.

    Raises `UserError` for a family that there is not.
    """
    if family is not None:
        known = {one.name: one for one in families()}
        if family not in known:
            raise unknown("family", family, known, where="--family")
        rows = [_loss_row(loss) for loss in known[family].losses if task is None or task in loss.tasks]
        if not rows:
            raise UserError(f"{family} has no loss for {task}", where="--family", fix="leave out --task")
        return rows
    rows = [_loss_row(loss) for loss in LOSSES if task is None or task in loss.tasks]
    for one in offered("loss"):
        declared = one.value if isinstance(one.value, Loss) else getattr(one.value, "__lossbench_loss__", None)
        if isinstance(declared, Loss) and (task is None or task in declared.tasks):
            rows.append(replace(_loss_row(replace(declared, name=one.name)), package=one.package))
        elif not isinstance(declared, Loss) and not one.problem:
            rows.append(LossRow(one.name, "", _first_line(one.value), (), "", (), "", one.package))
    return rows


def _loss_row(loss: Loss) -> LossRow:
    return LossRow(
        name=loss.name,
        family=loss.family,
        formula=loss.formula,
        tasks=tuple(t.value for t in tasks(loss)),
        target=" | ".join(once(TARGETS[loss.targets[t]] for t in tasks(loss))),
        auto=once(_auto(loss, t) for t in tasks(loss)),
        estimates=loss.estimates,
    )


def _auto(loss: Loss, task: Task) -> str:
    try:
        return best_activation(loss, task).name
    except UserError:  # as a package's loss may be declared
        return "none"


def activation_rows() -> list[ActivationRow]:
    """All last activations; the outputs of an undeclared one are measured when it is used."""
    rows = [ActivationRow(a.name, a.formula, describe(a.space), note(a)) for a in ACTIVATIONS]
    for one in offered("activation"):
        if isinstance(one.value, Activation):
            a = one.value
            rows.append(ActivationRow(one.name, a.formula, describe(a.space), note(a), one.package))
        elif not one.problem:
            rows.append(ActivationRow(one.name, _first_line(one.value), "measured when used", "", one.package))
    return rows


def metric_rows(task: Task | None = None) -> list[MetricRow]:
    """All metrics, or those that suit a task."""
    entries = [(m.name, m, "") for m in METRICS]
    entries += [(one.name, one.value, one.package) for one in offered("metric") if isinstance(one.value, Metric)]
    return [metric_row(m, name, package) for name, m, package in entries if task is None or task in m.tasks]


def metric_row(m: Metric, name: str = "", package: str = "") -> MetricRow:
    """One metric; behind its formula stand its parameters, and the targets that it is defined for."""
    more = [spelled(m.params)] if m.params else []
    more += [] if m.domain == "any" else [f"of {m.domain} targets"]
    formula = "; ".join([m.formula, *more])
    return MetricRow(name or m.name, formula, tuple(t.value for t in Task if t in m.tasks), m.needs, m.better, package)


def penalty_rows() -> list[PenaltyRow]:
    """All penalties."""
    return [PenaltyRow(r.name, r.formula, r.effect) for r in PENALTIES]


def _first_line(value: Any) -> str:
    return docstring(value).partition("\n")[0]
