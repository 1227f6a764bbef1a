"""Which candidates are one objective: those whose gradients show no difference, on every probe."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lossbench.catalog.equivalence import Gradients, ProbedWhenRead, Relation, compare
from lossbench.catalog.plugins.resolve import loss_file
from lossbench.engine.threads import one_thread

if TYPE_CHECKING:
    from lossbench.experiments.compare.candidates import Candidate


class Probed:
    """Candidates' gradients at all probes and how they are related, kept for their selection on another table."""

    def __init__(self) -> None:
        self._gradients: dict[Hashable, Gradients | None] = {}
        self._relations: dict[tuple[Hashable, Hashable], Relation | None] = {}

    def relation(self, candidate: Candidate, other: Candidate) -> Relation | None:
        """How two candidates' gradients are related; None where a difference was found anywhere."""
        keys = _key(candidate), _key(other)
        if keys not in self._relations:
            gradients = self._of(candidate), self._of(other)
            found = None if gradients[0] is None or gradients[1] is None else compare(gradients[0], gradients[1])
            self._relations[keys] = found if found is not None and found.is_complete else None
        return self._relations[keys]

    def _of(self, candidate: Candidate) -> Gradients | None:
        """The pair's gradients at every setting that it may choose; None where it cannot be tried."""
        key = _key(candidate)
        if key not in self._gradients:
            settings = [pair.gradients for pair in candidate.pairs]
            known = [gradients for gradients in settings if gradients is not None]
            blocks = (partial(gradients.__getitem__, place) for gradients in known for place in range(len(gradients)))
            self._gradients[key] = ProbedWhenRead(blocks) if len(known) == len(settings) else None
        return self._gradients[key]


def _key(candidate: Candidate) -> Hashable:
    """What gradients depend on: pair, task and number of classes."""
    pair = candidate.pair
    return candidate.full_name, loss_file(pair.loss), pair.task, pair.classes, len(candidate.pairs)


def grouped(
    candidates: Sequence[Candidate], mergeable: Collection[str], probed: Probed, up_to_scale: bool
) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """Candidates with their groups; of those that are `mergeable` only the first of each group stays, and the others
    are named with the reason.

    `up_to_scale`: gradients that differ by one factor everywhere count as the same.
    """
    firsts: list[Candidate] = []
    kept: list[Candidate] = []
    excluded: list[tuple[str, str]] = []
    merged: dict[str, list[str]] = {}
    relations: dict[str, Relation] = {}
    for candidate in candidates:
        with one_thread():  # on probes this small torch's own threads cost ten times what they save
            like = [
                (first, relation)
                for first in firsts
                if first.pair.weights == candidate.pair.weights
                and (relation := probed.relation(candidate, first)) is not None
                and (relation.is_one_objective or up_to_scale)
            ]
        if not like:
            firsts.append(candidate)
            kept.append(replace(candidate, group=candidate.name))
            continue
        first, relation = like[0]
        if candidate.full_name in mergeable:
            times = "" if relation.is_one_objective else f"{relation.factor:.3g} times "
            why = f"the same gradients as {times}{first.full_name} on {relation.extent}"
            excluded.append((candidate.full_name, why))
            merged.setdefault(first.name, []).append(candidate.full_name)
        else:
            kept.append(replace(candidate, group=first.name, factor=relation.factor))
            relations[candidate.name] = relation
        relations[first.name] = relation
    kept = [replace(c, represents=tuple(merged.get(c.name, ()))) for c in kept]
    return [_with_extent(c, relations.get(c.name)) for c in kept], excluded


def _with_extent(candidate: Candidate, relation: Relation | None) -> Candidate:
    return candidate if relation is None else replace(candidate, probes=relation.probes, reach=relation.reach)
