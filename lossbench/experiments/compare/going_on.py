"""Whether a journal can go on with a plan: what the two have in common, and what they differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lossbench.experiments.compare.plan import ComparePlan
from lossbench.experiments.compare.planned import Evaluation
from lossbench.experiments.compare.unit_key import protocol_key, table_key
from lossbench.record import Journal

PROTOCOL, TABLES = "protocol_key", "table_keys"


def keys(plan: ComparePlan) -> dict[str, Any]:
    """What a journal keeps of a plan, to be compared with the next one."""
    return {PROTOCOL: protocol_key(plan), TABLES: {entry.table.name: table_key(entry) for entry in plan.tables}}


def differences(journal: Journal, plan: ComparePlan) -> list[str]:
    """What would change numbers that the journal has: `optim.epochs was 100, is 50`; none of an empty journal.

    Losses, conditions, repeats and further tables ask for more or less, and are no difference; another table of the
    same name is one.
    """
    now = keys(plan)
    before = journal.described(PROTOCOL)
    if before is None:
        return []
    found = [f"{key} was {old}, is {new}" for key, old, new in _changed(before, now[PROTOCOL])]
    tables = journal.described(TABLES, {})
    for name, table in now[TABLES].items():
        for key, old, new in _changed(tables.get(name, table), table):
            found.append(
                f"the table {name} has changed" if key == "sha256" else f"data.{key} of {name} was {old}, is {new}"
            )
    return found


def includes(journal: Journal, evaluations: list[Evaluation]) -> bool:
    """Whether all that the journal's run asks for is asked for again."""
    wanted = {unit for one in evaluations for unit in one.asked.units}
    return all(unit in wanted for one in journal.asked() for unit in one.units)


def _changed(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any, Any]]:
    for name in [*now, *(name for name in before if name not in now)]:
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changed(old, new, f"{path}{name}.")
        elif old != new:
            yield f"{path}{name}", old, new
