"""The candidates of a comparison: losses that a config names, alone or by group, each with its last activation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.loss_groups import COMMON, loss_groups
from lossbench.catalog.plugins.distinct_names import disambiguated
from lossbench.catalog.soft_targets import softened
from lossbench.catalog.verdicts import Level
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import PairConfig
from lossbench.config.parts import LossConfig
from lossbench.data.table import Table
from lossbench.errors import UserError
from lossbench.experiments.compare.objectives import Probed, grouped
from lossbench.experiments.compare.user_losses import UserLoss, UserLosses, alternative
from lossbench.experiments.setup.pair import Pair, resolve_pair
from lossbench.experiments.setup.pair_on_table import check_target, shape_of_target
from lossbench.experiments.setup.resolve import AUTO, group_of, resolve_loss
from lossbench.record import LossRecord

CHOSEN = {True: "cross_entropy", False: "mse"}  # the baseline where none is named, for classes and for values


@dataclass(frozen=True)
class Candidate:
    """A pair that is compared.

    `name` is unique on its table: the loss's label, with the activation where another pair has the same loss. `other`
    is the pair with other parameters that it may choose instead (None: it has no choice); parameters that the user has
    `given` are not its choice. `group` names the first candidate with the same gradients (itself, where there is no
    other), up to a `factor`; `represents` are pairs with its gradients that were excluded for it. `probes` and `reach`
    say on how many probes, and up to which |z|, no difference from those was found; 0 where there are none. `config` is
    what a config says of it, from which `candidate_of` makes it again.
    """

    pair: Pair
    config: PairConfig
    other: Pair | None = None
    given: tuple[str, ...] = ()
    name: str = ""
    group: str = ""
    factor: float = 1.0
    represents: tuple[str, ...] = ()
    probes: int = 0
    reach: float = 0.0

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

    @property
    def is_scored_raw(self) -> bool:
        """Whether its probabilities are scored without the common temperature, too, whatever parameters it chooses."""
        return all(pair.is_scored_raw for pair in self.pairs)

    def params(self, param_set: int) -> dict[str, Any]:
        """Those of its own parameters that it chooses, at one of its settings; none where it has no choice."""
        chosen = {} if self.other is None else self.pair.loss.also_try
        return {name: self.pairs[param_set].loss.params[name] for name in chosen}

    def loss_record(self) -> LossRecord:
        """The loss as the record keeps it."""
        return self.pair.loss_record().model_copy(update={"proper": self.is_proper})


@dataclass(frozen=True)
class Excluded:
    """A pair that is excluded, and why."""

    name: str
    why: str
    index: int | None = None  # in the config's list of losses


@dataclass(frozen=True)
class Selection:
    """The candidates on one table, in their order, and who was excluded."""

    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]


def select_candidates(
    losses: Sequence[PairConfig] | None,
    table: Table,
    *,
    added: Sequence[PairConfig] = (),
    tune_params: bool = False,
    up_to_scale: bool = True,
    user_losses: UserLosses | None = None,
    probed: Probed | None = None,
) -> Selection:
    """The candidates on a table; a named loss that does not support its task is excluded, said so.

    Of a group (without names: the common losses) every one that estimates what the metrics count (the most probable
    class; any loss of values), behind its own best activation if that is sound; of the same gradients, one.
    `tune_params`: losses may choose those of their own parameters that were not given. `up_to_scale`: gradients that
    differ by one factor everywhere count as the same. `added` are named besides. `user_losses` looks at users' losses
    in other processes, and `probed` keeps what is known of gradients; both are for the selection on another table, too.
    Raises `UserError` for names that are unknown or come twice, and where none is left.
    """
    task = Task(table.task)
    groups = [COMMON] if losses is None else _named_groups(losses)
    pairs = _sound_losses(groups, task, table)
    named = _named([*(losses or ()), *added], table, user_losses or UserLosses(isolate=False), tune_params=tune_params)
    mergeable = {entry.full_name for entry in pairs if isinstance(entry, Candidate)}
    pairs += named
    if tune_params:
        pairs = [entry if isinstance(entry, Excluded) else _with_choice(entry) for entry in pairs]
    candidates = [entry for entry in pairs if isinstance(entry, Candidate)]
    excluded = [entry for entry in pairs if isinstance(entry, Excluded)]
    if not candidates:
        whys = (
            "; ".join(f"{entry.name}: {entry.why}" for entry in excluded) or f"{', '.join(groups)} has none for {task}"
        )
        raise UserError(
            f"no loss to compare on {table.name}: {whys}",
            where="losses",
            fix=f"choose losses for {task} (`lossbench losses --task {task}`)",
        )
    if all(candidate.pair.verdict.level is Level.BROKEN for candidate in candidates):
        why = "; ".join(f"{c.full_name}: {c.pair.verdict.why}" for c in candidates)
        raise UserError(f"every pair is broken: {why}", where="losses", fix="add a sound one, or say last_act: auto")
    twice = [c for c in named if isinstance(c, Candidate) and c.full_name in mergeable]
    if twice:
        where = "losses" if twice[0].config in (losses or ()) else "losses_add"
        raise UserError(f"{twice[0].full_name} is compared anyway", where=where, fix="leave it out")
    merged, same = grouped(_with_names(candidates), mergeable, probed or Probed(), up_to_scale)
    return Selection(tuple(merged), (*excluded, *(Excluded(name, why) for name, why in same)))


def _named_groups(losses: Sequence[PairConfig]) -> list[str]:
    return [entry.loss.name for i, entry in enumerate(losses) if group_of(entry, where=f"losses.{i}")]


def candidate_of(config: PairConfig, table: Table, *, tune_params: bool) -> Candidate:
    """The candidate that a config's pair is on a table, as it is trained: without a name or a group among others."""
    task = Task(table.task)
    candidate = _candidate(config, resolve_loss(config.loss, task), table)
    return _with_choice(candidate) if tune_params else candidate


def _named(
    losses: Sequence[PairConfig], table: Table, user_losses: UserLosses, *, tune_params: bool
) -> list[Candidate | Excluded]:
    task = Task(table.task)
    entries = [(i, entry) for i, entry in enumerate(losses) if group_of(entry, where=f"losses.{i}") is None]
    theirs = [
        user_losses.look_at(entry, task, len(table.classes), tune_params=tune_params, where=f"losses.{i}.")
        for i, entry in entries
    ]
    resolved = [
        resolve_loss(entry.loss, task, where=f"losses.{i}.loss") if user_loss is None else user_loss.loss
        for (i, entry), user_loss in zip(entries, theirs, strict=True)
    ]
    found: list[Candidate | Excluded] = []
    for (i, entry), loss, user_loss in zip(entries, disambiguated(resolved), theirs, strict=True):
        if task not in loss.targets:
            supported = " and ".join(sorted(loss.targets))
            note = f": {table.target_note}" if table.target_note else ""
            found.append(Excluded(loss.label, f"it supports {supported}, and {table.name} is a {task} task{note}", i))
            continue
        candidate = _candidate(entry, loss, table, user_loss, where=f"losses.{i}.")
        check_target(candidate.pair, table)
        twice = [c for c in found if isinstance(c, Candidate) and c.full_name == candidate.full_name]
        if twice:
            raise UserError(f"{candidate.full_name} comes twice", where=f"losses.{i}", fix="leave one of them out")
        found.append(candidate)
    return found


def _candidate(
    config: PairConfig, loss: Loss, table: Table, user_loss: UserLoss | None = None, where: str = ""
) -> Candidate:
    pair = resolve_pair(
        loss,
        config.last_act if user_loss is None else user_loss.activation or config.last_act,
        Task(table.task),
        len(table.classes),
        class_weight=config.loss.class_weight,
        class_names=table.classes,
        target_weight=config.loss.target_weight,
        path=where,
        **shape_of_target(table),
    )
    given = tuple(config.loss.params)
    if user_loss is None:
        return Candidate(pair, config, given=given)
    settings = user_loss.named(loss.name).settings
    first, *second = (replace(pair, loss=_trained(one, pair, table), seen=seen) for one, seen in settings)
    return Candidate(first, config, second[0] if second else None, given=given)


def _trained(loss: Loss, pair: Pair, table: Table) -> Loss:
    """A user's loss as a pair on the table has it."""
    return loss if table.soft is None else softened(loss, pair.task)


def _sound_losses(groups: Sequence[str], task: Task, table: Table) -> list[Candidate | Excluded]:
    """The sound losses of some groups, and why the others are excluded; what does not support the task is not said."""
    found: list[Candidate | Excluded] = []
    members = dict.fromkeys(loss.name for group in groups for loss in loss_groups()[group].losses)
    for loss in map(LOSSES.get, members):
        if task not in loss.tasks or (table.soft is not None and not loss.soft):
            continue
        try:
            pair = resolve_pair(loss, AUTO, task, len(table.classes), **shape_of_target(table))
            check_target(pair, table)
        except UserError as reason:
            found.append(Excluded(loss.label, reason.what))
            continue
        if task.is_classification and loss.is_consistent(task) is None:
            found.append(Excluded(pair.name, f"it does not estimate the most probable class but {loss.estimates}"))
        elif pair.verdict.level.is_sound:
            found.append(Candidate(pair, PairConfig(loss=LossConfig(name=loss.name), last_act=pair.activation.name)))
        else:
            found.append(Excluded(pair.name, f"{pair.verdict.level}: {pair.verdict.why}"))
    return sorted(found, key=_rank)


def _rank(entry: Candidate | Excluded) -> int:
    """The baseline first; of losses with the same gradients the one that declares no equal before those that do."""
    if isinstance(entry, Excluded):
        return 3
    if entry.pair.loss.name == CHOSEN[entry.pair.task.is_classification]:
        return 0
    return 2 if entry.pair.verdict.level is Level.EQUIVALENT else 1


def _with_names(candidates: Sequence[Candidate]) -> list[Candidate]:
    times = Counter(candidate.label for candidate in candidates)
    return [replace(c, name=c.label if times[c.label] == 1 else c.full_name) for c in candidates]


def _with_choice(candidate: Candidate) -> Candidate:
    """The candidate with the other setting of its own parameters, unless one of these was given."""
    if candidate.other is not None:  # a user_loss brings it
        return candidate
    return replace(candidate, other=alternative(candidate.pair, candidate.given))
