"""`plot-loss`: what losses look like, before any net is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.errors import UserError, unknown
from lossbench.runner.finish import OK

if TYPE_CHECKING:
    from lossbench.catalog.loss import Loss
    from lossbench.catalog.vocabulary import Task
    from lossbench.config.commands.compare import PairConfig
    from lossbench.record.loss_profile import LossProfile, What

TASKS_IN_ORDER = ("regression", "binary", "multiclass", "ordinal")  # a loss of values is best known by its residuals


def plot_loss(
    candidates: Sequence[PairConfig],
    whats: Sequence[str],
    *,
    last_act: str | None = None,
    task: str | None = None,
    axis: str | None = None,
    out: Path | None = None,
) -> int:
    """`lossbench plot-loss`: a picture of some losses in a file, or a line of blocks for each on the terminal."""
    from lossbench.report.loss_curves import write_picture

    wanted = _whats(whats)
    profiles = profiles_of(candidates, last_act=last_act, task=task, axis=axis)
    if out is None:
        show(profiles, wanted)
        print("--out FILE.svg (or .png, .pdf) draws them")
    else:
        write_picture(profiles, wanted, out)
        print(f"drawn in {out}")
    return OK


def profiles_of(
    candidates: Sequence[PairConfig],
    *,
    last_act: str | None = None,
    task: str | None = None,
    axis: str | None = None,
) -> list[LossProfile]:
    """The profiles of losses on one task that all of them have, else each on its own first one."""
    from lossbench.catalog.plugins.resolve import find_activation
    from lossbench.catalog.vocabulary import Task
    from lossbench.experiments.probing.profile import profile
    from lossbench.experiments.setup.resolve import AUTO, resolve_loss

    if task is not None and task not in list(Task):
        raise unknown("task", task, [known.value for known in Task], where="--task")
    if axis not in (None, "margin"):
        raise unknown("axis", str(axis), ["margin"], where="--axis")
    given = None if task is None else Task(task)
    losses = [resolve_loss(one.loss, given, where="") for one in candidates]
    common = given or _common(losses)
    found: list[LossProfile] = []
    for one, loss in zip(candidates, losses, strict=True):
        name = one.last_act if one.last_act != AUTO else last_act or AUTO
        activation = None if name == AUTO else find_activation(name, where="--last-act")
        made = profile(loss, common or _first(loss), activation, axis="margin" if axis else None)
        if made not in found:
            found.append(made)
    return found


def show(profiles: Sequence[LossProfile], whats: Sequence[What]) -> None:
    """Each curve as a line of blocks, least value at the bottom."""
    from lossbench.printable import printable
    from lossbench.record.loss_profile import AXIS_TEXT
    from lossbench.report.loss_curves import ends, sparkline

    for one in profiles:
        low, high = ends(one)
        note = f", {one.note}" if one.note else ""
        print(printable(f"{one.label}: {AXIS_TEXT[one.axis]}, {low:g} to {high:g}{note}"))
        for what in whats:
            known = [value for value in one.curve(what) if value is not None]
            span = f"{min(known):.3g} to {max(known):.3g}" if known else "no number"
            print(printable(f"  {what:<10}{sparkline(one, what)}  {span}"))


def _whats(names: Sequence[str]) -> list[What]:
    from lossbench.record.loss_profile import WHATS

    wanted = [name.strip() for name in names if name.strip()]
    for name in wanted:
        if name not in WHATS:
            raise unknown("curve", name, WHATS, where="--what")
    if not wanted:
        raise UserError("names no curve", where="--what", fix=f"known are {', '.join(WHATS)}")
    return [what for what in WHATS if what in wanted]


def _common(losses: Sequence[Loss]) -> Task | None:
    return next((task for task in _ordered() if all(task in loss.tasks for loss in losses)), None)


def _first(loss: Loss) -> Task:
    return next(task for task in _ordered() if task in loss.tasks)


def _ordered() -> list[Task]:
    from lossbench.catalog.vocabulary import Task

    return [Task(name) for name in TASKS_IN_ORDER]
