"""`compare-losses`: from a config to a plan, a journal, a record, an answer and its reports."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.events import Emit
from lossbench.runner.drive import Listener, Mode, Stop, choose_listeners, drive
from lossbench.runner.finish import OK, draw, ended, print_answer, refuse_broken
from lossbench.runner.folder import run_folder
from lossbench.runner.run_files import RECORD, TABLES, remove

if TYPE_CHECKING:
    from lossbench.config.commands.compare import CompareConfig
    from lossbench.data.table import Table
    from lossbench.experiments.compare.plan import ComparePlan
    from lossbench.record import CompareRecord, Journal
    from lossbench.workers import Workers

WORTH_PROCESSES = 15.0  # seconds of work of one process: starting others takes some of them


def compare(
    config: CompareConfig,
    *,
    command: str = "",
    mode: Mode = "rich",
    strict: bool = False,
    force: bool = False,
    dry_run: bool = False,
    retry_failed: bool = False,
) -> int:
    """`lossbench compare-losses`."""
    if dry_run:
        from lossbench.experiments.compare.plan import plan
        from lossbench.experiments.compare.time_estimate import estimate
        from lossbench.runner.show import show_plan

        planned = plan(config)
        work = estimate(planned)
        parallel = config.jobs is not None or work.seconds >= WORTH_PROCESSES
        show_plan(planned, work, jobs_of(config, planned) if parallel else 1)
        return OK
    stop, listeners = Stop(), choose_listeners(mode)
    record, folder = run_compare(
        config,
        listeners=listeners,
        command=command,
        strict=strict,
        force=force,
        retry_failed=retry_failed,
        stop=stop,
        answer=print_answer if mode == "rich" else None,
    )
    return ended(record, folder, mode, stop)


def run_compare(
    config: CompareConfig,
    *,
    listeners: Sequence[Listener] = (),
    command: str = "",
    strict: bool = False,
    force: bool = False,
    retry_failed: bool = False,
    stop: Stop | None = None,
    tables: Sequence[Table | None] = (),
    answer: Callable[[CompareRecord, Path], None] | None = None,
) -> tuple[CompareRecord, Path]:
    """Compare, and leave the journal, result.json and every report in the run's folder.

    What the folder's journal has is not trained again. `answer` gets the record as soon as there is one: before
    pictures are drawn, which may take long or fail.
    """
    from lossbench.experiments.compare.plan import default_name, plan
    from lossbench.experiments.compare.resume import asks_for_less, looked_in, run_key
    from lossbench.experiments.compare.run import run
    from lossbench.record import Journal

    chosen = plan(config, tables)
    if strict:
        refuse_broken([candidate.pair for entry in chosen.tables for candidate in entry.selection.candidates])
    with (
        run_folder(
            config.output,
            config.name,
            default_name(chosen),
            run_key(chosen),
            force=force,
            suits=lambda folder: asks_for_less(folder, chosen),
        ) as folder,
        drive(listeners, stop) as (emit, stopped),
        Journal.open(folder) as journal,
        _shared(folder / TABLES) as share,
    ):
        record = run(
            chosen,
            journal,
            partial(workers_of, config, chosen),
            share=share,
            retry_failed=retry_failed,
            emit=emit,
            stopped=stopped,
            command=command,
            looked_in=looked_in(chosen, sorted(folder.parent.iterdir())),
        )
        conclude(record, journal, folder, emit, answer)
    return record, folder


def conclude(
    record: CompareRecord,
    journal: Journal,
    folder: Path,
    emit: Emit,
    answer: Callable[[CompareRecord, Path], None] | None,
) -> None:
    """Judge, give the answer, and write the reports and, last, the record.

    Where there is a result.json, all that lies beside it belongs to it.
    """
    from lossbench.experiments.compare.resume import look
    from lossbench.record import manifest, write_record
    from lossbench.report.compare.analysis.comparison import compare as analyse

    record.name = folder.name
    record.analysis = analyse(record)
    journal.describe(sentence=record.analysis.sentence)
    if record.status != "interrupted" and (seen := look(record)) not in (looks := journal.described("looks", [])):
        journal.describe(looks=[*looks, seen])
    if answer is not None:
        answer(record, folder)
    remove(folder, [RECORD])
    record.files = manifest(folder, draw(record, folder, emit))
    write_record(record, folder)


def jobs_of(config: CompareConfig, plan: ComparePlan) -> int:
    """How many processes a comparison of some length uses."""
    from lossbench.engine.device import default_threads

    if config.jobs is not None:
        return config.jobs
    return max(1, default_threads() // (config.threads or 1)) if plan.device.type == "cpu" else 1


def workers_of(config: CompareConfig, plan: ComparePlan, seconds: float) -> AbstractContextManager[Workers]:
    """The workers for so many seconds of work: a cluster's, or this machine's processes where that is worth it."""
    from lossbench.workers import in_process

    if config.scheduler is not None:
        from lossbench.workers.cluster import cluster

        return cluster(config.scheduler)
    jobs = jobs_of(config, plan)
    if jobs == 1 or (config.jobs is None and seconds < WORTH_PROCESSES) or not seconds:
        return in_process()
    from lossbench.workers.processes import processes

    return processes(jobs)


@contextmanager
def _shared(folder: Path) -> Iterator[Path]:
    """A folder for what workers share, gone afterwards."""
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        folder.mkdir()
    except OSError as problem:
        from lossbench.record import cannot_write

        raise cannot_write(problem, str(folder)) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
