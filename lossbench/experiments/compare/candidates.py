"""Who takes part in a comparison: the losses that a config names, or every sound one, each with its last activation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lossbench.catalog.equivalence import Relation, compare, probe_gradient
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.plugins.resolve import loss_file, told_apart
from lossbench.catalog.verdicts import Level
from lossbench.catalog.vocabulary import Task
from lossbench.config.schema import PairConfig
from lossbench.data.table import Table
from lossbench.errors import UserError
from lossbench.experiments.setup.pair import Pair, check_target, resolve_pair
from lossbench.experiments.setup.resolve import AUTO, resolve_loss
from lossbench.record import LossRecord

CHOSEN = {True: "cross_entropy", False: "mse"}  # the baseline where none is named, for classes and for values


@dataclass(frozen=True)
class Contender:
    """A pair that takes part.

    `name` is unique on its table: the loss's label, with the activation where another pair has the same loss. `other`
    is the pair with other parameters that it may choose instead (None: it has no choice); parameters that the user has
    `given` are not its choice. `group` names the first contender with the same objective (itself, where there is no
    other), of which its own is `factor` times; `stands_for` are pairs of the same objective that were left out for it.
    """

    pair: Pair
    other: Pair | None = None
    given: tuple[str, ...] = ()
    name: str = ""
    group: str = ""
    factor: float = 1.0
    stands_for: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """What it may be trained as: the settings of its own parameters, the default first."""
        return (self.pair,) if self.other is None else (self.pair, self.other)

    @property
    def label(self) -> str:
        """The loss with what the user changed of it: `focal(gamma=3)`, `cross_entropy(class_weight=balanced)`."""
        return self.pair.label

    @property
    def full_name(self) -> str:
        """`nll + logsoftmax`."""
        return self.pair.name

    @property
    def is_proper(self) -> bool:
        """Whether it estimates the true probabilities or the mean, whatever parameters it chooses."""
        return all(pair.is_proper for pair in self.pairs)

    def params(self, setting: int) -> dict[str, Any]:
        """Those of its own parameters that it chooses, at one of its settings; none where it has no choice."""
        chosen = {} if self.other is None else self.pair.loss.also_try
        return {name: self.pairs[setting].loss.params[name] for name in chosen}

    def loss_record(self) -> LossRecord:
        """The loss as the record keeps it."""
        return self.pair.loss_record().model_copy(update={"proper": self.is_proper})


@dataclass(frozen=True)
class LeftOut:
    """A pair that does not take part, and why."""

    name: str
    why: str
    index: int | None = None  # in the config's list of losses


@dataclass(frozen=True)
class Lineup:
    """The contenders on one table, in their order, and who was left out."""

    contenders: tuple[Contender, ...]
    left_out: tuple[LeftOut, ...]


def resolve_lineup(
    losses: Sequence[PairConfig] | None, table: Table, *, tune_params: bool = False, up_to_scale: bool = True
) -> Lineup:
    """The contenders on a table; a named loss that does not serve its task is left out, said so.

    Without names: every loss of the catalogue that wants what the metrics count (the likeliest class; any loss of
    values), behind its own best activation if that is sound, and one loss for each objective.
    `tune_params`: losses may choose those of their own parameters that were not given. `up_to_scale`: a multiple of an
    objective is the same one.
    Raises `UserError` for names that are unknown or come twice, and where nobody is left.
    """
    task = Task(table.task)
    pairs = _every_sound(task, table) if losses is None else _named(losses, table)
    if tune_params:
        pairs = [entry if isinstance(entry, LeftOut) else _with_choice(entry) for entry in pairs]
    contenders = [entry for entry in pairs if isinstance(entry, Contender)]
    left_out = [entry for entry in pairs if isinstance(entry, LeftOut)]
    if not contenders:
        raise UserError(
            f"no loss to compare on {table.name}: " + "; ".join(f"{entry.name}: {entry.why}" for entry in left_out),
            where="losses",
            fix=f"choose losses for {task} (`lossbench losses --task {task}`)",
        )
    if all(contender.pair.verdict.level is Level.BROKEN for contender in contenders):
        why = "; ".join(f"{c.full_name}: {c.pair.verdict.why}" for c in contenders)
        raise UserError(f"every pair is broken: {why}", where="losses", fix="add a sound one, or say last_act: auto")
    grouped, same = _grouped(_with_names(contenders), merge=losses is None, up_to_scale=up_to_scale)
    return Lineup(tuple(grouped), (*left_out, *same))


def find_baseline(wanted: str, lineup: Lineup, task: Task) -> str:
    """The name of the contender that the others are measured against; `UserError` where it is not among them."""
    contenders = lineup.contenders
    if wanted == "auto":
        first = CHOSEN[task.is_classification]
        return next((c.name for c in contenders if c.pair.loss.name == first), contenders[0].name)
    loss, plus, activation = wanted.replace(" ", "").partition("+")
    named = [c for c in contenders if _is_called(c, loss) and (not plus or activation == c.pair.activation.name)]
    if named:
        return min(named, key=lambda c: not c.pair.verdict.level.is_sound).name
    raise UserError(
        f"the baseline {wanted!r} is not among the losses",
        where="baseline",
        fix=f"add it, or choose one of {', '.join(c.name for c in contenders)}",
    )


def _is_called(contender: Contender, wanted: str) -> bool:
    """Whether a loss's name, label or `file.py:name`, all without blanks, means the contender."""
    names = {contender.label.replace(" ", ""), contender.pair.loss.name}
    file, colon, name = wanted.rpartition(":") if ":" in wanted else (wanted, "", "")
    own = loss_file(contender.pair.loss).replace(" ", "")
    if own and file.endswith(".py") and str(Path(file).expanduser().resolve()).replace(" ", "") == own:
        return not colon or name in {known.rpartition(":")[2] for known in names}
    return wanted in names or LOSSES.full_name(wanted) in names


def _named(losses: Sequence[PairConfig], table: Table) -> list[Contender | LeftOut]:
    task, classes = Task(table.task), len(table.classes)
    resolved = [resolve_loss(entry.loss, task, where=f"losses.{i}.loss") for i, entry in enumerate(losses)]
    found: list[Contender | LeftOut] = []
    for i, (entry, loss) in enumerate(zip(losses, told_apart(resolved), strict=True)):
        if task not in loss.targets:
            serves = " and ".join(sorted(loss.targets))
            told = f": {table.target_told}" if table.target_told else ""
            found.append(LeftOut(loss.label, f"it serves {serves}, and {table.name} is a {task} task{told}", i))
            continue
        weight = entry.loss.class_weight
        pair = resolve_pair(
            loss,
            entry.last_act,
            task,
            classes,
            class_weight=weight,
            class_names=table.classes,
            path=f"losses.{i}.",
        )
        contender = Contender(pair, given=tuple(entry.loss.params))
        check_target(pair, table)
        twice = [c for c in found if isinstance(c, Contender) and c.full_name == contender.full_name]
        if twice:
            raise UserError(f"{contender.full_name} comes twice", where=f"losses.{i}", fix="leave one of them out")
        found.append(contender)
    return found


def _every_sound(task: Task, table: Table) -> list[Contender | LeftOut]:
    found: list[Contender | LeftOut] = []
    for loss in LOSSES:
        if task not in loss.tasks:
            continue
        try:
            pair = resolve_pair(loss, AUTO, task, len(table.classes))
            check_target(pair, table)
        except UserError as reason:
            found.append(LeftOut(loss.label, reason.what))
            continue
        if task.is_classification and loss.is_consistent(task) is None:
            found.append(LeftOut(pair.name, f"it does not seek the likeliest class but {loss.estimates}"))
        elif pair.verdict.level.is_sound:
            found.append(Contender(pair))
        else:
            found.append(LeftOut(pair.name, f"{pair.verdict.level}: {pair.verdict.why}"))
    return sorted(found, key=_rank)


def _rank(entry: Contender | LeftOut) -> int:
    """The baseline first; of one objective's losses the one that is so by itself before those that come down to it."""
    if isinstance(entry, LeftOut):
        return 3
    if entry.pair.loss.name == CHOSEN[entry.pair.task.is_classification]:
        return 0
    return 2 if entry.pair.verdict.level is Level.EQUIVALENT else 1


def _with_names(contenders: Sequence[Contender]) -> list[Contender]:
    times = Counter(contender.label for contender in contenders)
    return [replace(c, name=c.label if times[c.label] == 1 else c.full_name) for c in contenders]


def _with_choice(contender: Contender) -> Contender:
    """The contender with the other setting of its own parameters, unless one of these was given."""
    pair, also_try = contender.pair, contender.pair.loss.also_try
    if not also_try or set(also_try) & set(contender.given):
        return contender
    return replace(contender, other=replace(pair, loss=pair.loss.bind(**also_try)))


def _pull(contender: Contender) -> Tensor | None:
    """What a net feels of the pair, at every setting that it may choose; None where it cannot be tried."""
    try:
        return torch.cat([probe_gradient(p.loss, p.activation, p.task, p.classes) for p in contender.pairs])
    except Exception:  # a user's own loss may fail on outputs that no net gives; training will tell
        return None


def _relation(first: Tensor | None, other: Tensor | None) -> Relation | None:
    return None if first is None or other is None else compare(first, other)


def _grouped(
    contenders: Sequence[Contender], *, merge: bool, up_to_scale: bool
) -> tuple[list[Contender], list[LeftOut]]:
    """Contenders with their groups; with `merge` only the first of each objective stays."""
    pulls = {c.name: _pull(c) for c in contenders}
    firsts: list[Contender] = []
    kept: list[Contender] = []
    left_out: list[LeftOut] = []
    merged: dict[str, list[str]] = {}
    for contender in contenders:
        like = [
            (first, relation)
            for first in firsts
            if first.pair.class_weight == contender.pair.class_weight
            and (relation := _relation(pulls[contender.name], pulls[first.name])) is not None
            and (relation.is_one_objective or up_to_scale)
        ]
        if not like:
            firsts.append(contender)
            kept.append(replace(contender, group=contender.name))
            continue
        first, relation = like[0]
        if merge:
            what = "the same objective as" if relation.is_one_objective else f"{relation.factor:.3g} times"
            left_out.append(LeftOut(contender.full_name, f"{what} {first.full_name}"))
            merged.setdefault(first.name, []).append(contender.full_name)
        else:
            kept.append(replace(contender, group=first.name, factor=relation.factor))
    return [replace(c, stands_for=tuple(merged.get(c.name, ()))) for c in kept], left_out
