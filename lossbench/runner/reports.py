"""`report`: a run's pictures and pages again, from what it has left, finished or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.runner.drive import choose_listeners, drive
from lossbench.runner.finish import OK, PARTIAL, draw

if TYPE_CHECKING:
    from lossbench.record import Record


def report(folder: Path, tables: Sequence[str] | None = None) -> int:
    """`lossbench report`: draw a run's pictures and pages again; exit code 4 where the run is not finished.

    `tables`: of a comparison of many, the data sets whose pictures are drawn as PNG files too.
    """
    from lossbench.record import manifest, write_record

    where = folder if folder.is_dir() else folder.parent
    record = read(folder)
    with drive(choose_listeners("rich")) as (emit, _):
        drawn = manifest(where, draw(record, where, emit, tables))
    if folder.is_dir() or folder.name == "result.json":
        if record.files or record.kind == "compare-losses":  # a training from before there were checksums has none
            record.files |= drawn
        write_record(record, where)
    partial = record.status == "interrupted"
    print(f"drawn again in {where}" + (" (partial: the run is not finished)" if partial else ""))
    return PARTIAL if partial else OK


def read(folder: Path) -> Record:
    """A run's record: made of a comparison's journal, which has it at any time; else its result.json."""
    from lossbench.record import JOURNAL, read_record

    if not folder.is_dir() or not (folder / JOURNAL).exists():
        return read_record(folder)
    from lossbench.experiments.compare.assemble import assemble
    from lossbench.record import Journal
    from lossbench.report.compare.analysis.comparison import compare as analyse

    with Journal.open(folder, read_only=True) as journal:
        record = assemble(journal)
    record.name = folder.name
    record.analysis = analyse(record)
    return record
