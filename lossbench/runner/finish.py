"""The end of every experiment: its answer printed, its files drawn, its exit code."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.errors import UserError
from lossbench.events import Emit
from lossbench.runner.drive import Mode, Stop, silence_output
from lossbench.standard_streams import OutputFailed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lossbench.experiments.setup.pair import Pair
    from lossbench.record import Record

OK, LOSS_FAILED, PARTIAL = 0, 3, 4


def draw(record: Record, folder: Path, emit: Emit, tables: Sequence[str] | None = None) -> list[str]:
    """Write every picture, table and page of a record into its folder; the names of the files.

    `tables`: of a comparison, the data sets whose pictures are drawn as PNG files too.
    """
    from lossbench.record import CompareRecord, RegularizeRecord, TrainRecord

    match record:
        case TrainRecord():
            from lossbench.report.train.files import write_train

            written = write_train(record, folder)
        case CompareRecord():
            from lossbench.report.compare.files import write_comparison

            written = write_comparison(record, folder, tables=tables)
        case RegularizeRecord():
            from lossbench.report.regularize import write

            written = write(record, folder, **record.animation, emit=emit)
    return [str(path.relative_to(folder)) for path in written]


def refuse_broken(pairs: Sequence[Pair]) -> None:
    """`--strict`: a broken pair is a mistake, not a lesson."""
    for pair in pairs:
        if pair.verdict.level == "broken":
            raise UserError(f"{pair.name} is broken: {pair.verdict.why}", where="--strict", fix=pair.verdict.fix)


def print_answer(record: Record, folder: Path) -> None:
    """Print what came out of a run to standard output."""
    from lossbench.report.terminal.table import console

    with _whoever_reads():
        console().print(_answer(record, folder))


def answer_as_html(record: Record) -> str:
    """What `print_answer` prints, as an element of a notebook, in Python's words."""
    from lossbench.config.python_words import python_words
    from lossbench.config.schema import CONFIGS
    from lossbench.report.terminal.html import as_html

    return as_html(_answer(record, None), python_words(CONFIGS[record.kind]))  # type: ignore[index]


def _answer(record: Record, folder: Path | None) -> RenderableType:
    from lossbench.record import CompareRecord, RegularizeRecord, TrainRecord

    match record:
        case TrainRecord():
            from lossbench.report.train.terminal import train_report

            return train_report(record, folder)
        case CompareRecord():
            from lossbench.report.compare.terminal import comparison_report

            return comparison_report(record, folder)
        case RegularizeRecord():
            from lossbench.report.regularize.terminal import regularize_report

            return regularize_report(record, folder)
    raise AssertionError(record.kind)


@contextlib.contextmanager
def _whoever_reads() -> Iterator[None]:
    """What is printed of a run that is recorded: a reader that has gone, or no room, changes nothing about it."""
    try:
        yield
        sys.stdout.flush()
    except (BrokenPipeError, OutputFailed):
        silence_output()


def ended(record: Record, folder: Path, mode: Mode, stop: Stop) -> int:
    """The exit code of a run; with `--json` its last line is printed."""
    if mode == "json":
        with _whoever_reads():
            print(json.dumps({"event": "RecordWritten", "folder": str(folder), "status": record.status}), flush=True)
    if record.status == "interrupted":
        return stop.exit_code
    # A training of which no net is left has failed; in a comparison a loss that diverges is a result.
    diverged = record.kind == "train" and record.status == "diverged"
    return LOSS_FAILED if diverged or any(result.status == "failed" for result in record.results) else OK
