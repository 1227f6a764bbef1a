"""Which journal a plan can go on with."""

from __future__ import annotations

from pathlib import Path

from lossbench.experiments.compare.plan import ComparePlan
from lossbench.experiments.compare.planned import evaluations
from lossbench.experiments.compare.unit_key import protocol_key, table_key
from lossbench.record import JOURNAL, Journal, RunKey


def run_key(plan: ComparePlan) -> RunKey:
    """What all units of a comparison share, and its tables.

    Losses, conditions, repeats and further tables ask for more or less of the same numbers: they are no part of it.
    """
    tables = {entry.table.name: table_key(entry) for entry in plan.tables}
    return RunKey("compare-losses", {"config": protocol_key(plan)}, tables)


def asks_for_less(folder: Path, plan: ComparePlan) -> bool:
    """Whether the plan asks for all that the folder's journal was last asked for, so that no answer is lost."""
    if not (folder / JOURNAL).exists():
        return True
    journal = Journal.open(folder, read_only=True)
    try:
        wanted = {unit for one in evaluations(plan, folder) for unit in one.asked.units}
        return all(unit in wanted for one in journal.asked() for unit in one.units)
    finally:
        journal.close()
