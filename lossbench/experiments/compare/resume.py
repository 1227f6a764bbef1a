"""Which journal a plan can resume, and what was seen in it before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lossbench.experiments.compare.plan import ComparePlan
from lossbench.experiments.compare.planned import evaluations
from lossbench.experiments.compare.unit_key import protocol_key, table_key
from lossbench.record import BEST_BASELINE, JOURNAL, CompareRecord, Journal, RunKey


def run_key(plan: ComparePlan) -> RunKey:
    """What all units of a comparison share, and its tables.

    Losses, conditions, repeats and further tables ask for more or less of the same numbers: they are no part of it.
    """
    tables = {entry.table.name: table_key(entry) for entry in plan.tables}
    return RunKey("compare-losses", {"config": protocol_key(plan)}, tables)


def look(record: CompareRecord) -> dict[str, Any]:
    """What a finished run has shown: the loss that came out best on each table, by whichever baseline."""
    assert record.analysis is not None, "a run that was judged"
    best = {table.data: row.name for table in record.analysis.tables for row in table.rows if row.rank == 1}
    return {"baseline": record.protocol.baseline, "best": best}


def looked_in(plan: ComparePlan, folders: Iterable[Path]) -> str:
    """The run in which the named baseline came out best on these splits before it was named; "" where there is none.

    Against a loss that was named for its score even equally good ones look worse. A run of the same key has the same
    splits; one that already had this baseline named it before it looked.
    """
    if plan.config.baseline in {"auto", BEST_BASELINE}:
        return ""
    own = run_key(plan)
    for folder in folders:
        there = RunKey.read(folder)
        if there is None or own.differences(there) or not (folder / JOURNAL).exists():
            continue
        with Journal.open(folder, read_only=True) as journal:
            looks = journal.described("looks", [])
        if any(one["baseline"] == plan.baseline for one in looks[:1]):
            continue
        if any(one["best"].get(name) == plan.baseline for one in looks for name in own.tables):
            return folder.name
    return ""


def asks_for_less(folder: Path, plan: ComparePlan) -> bool:
    """Whether the plan asks for all that the folder's journal was last asked for, so that no answer is lost."""
    if not (folder / JOURNAL).exists():
        return True
    wanted = {unit for one in evaluations(plan, folder) for unit in one.asked.units}
    with Journal.open(folder, read_only=True) as journal:
        return all(unit in wanted for one in journal.asked() for unit in one.units)
