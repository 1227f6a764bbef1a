"""The experiments: a config becomes a plan, a plan a record, a record files and printed lines.

One function a command; each returns the exit code. What a command needs is imported inside it, so that none waits for
what another one uses.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.errors import UserError
from lossbench.events import Emit, Warned
from lossbench.runner.drive import Listener, Mode, Stop, choose_listeners, drive, silence_output
from lossbench.runner.folder import run_folder
from lossbench.runner.numbered_folder import numbered_folder
from lossbench.runner.run_files import CHECKPOINTS, RECORD, RUN_FILES, remove

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lossbench.config.commands.compare import CompareConfig
    from lossbench.config.commands.regularize import RegularizeConfig
    from lossbench.config.commands.train import TrainConfig
    from lossbench.data.table import Table
    from lossbench.experiments.setup.pair import Pair
    from lossbench.record import CompareRecord, Record, RegularizeRecord, TrainRecord

OK, LOSS_FAILED = 0, 3


def train(
    config: TrainConfig, *, command: str = "", mode: Mode = "rich", strict: bool = False, force: bool = False
) -> int:
    """`lossbench train`."""
    stop, listeners = Stop(), choose_listeners(mode)
    record, folder = run_train(config, listeners=listeners, command=command, strict=strict, force=force, stop=stop)
    if mode == "rich":
        from lossbench.report.train.terminal import train_report

        _print(train_report(record, folder))
    return _ended(record, folder, mode, stop)


def run_train(
    config: TrainConfig,
    *,
    listeners: Sequence[Listener] = (),
    command: str = "",
    strict: bool = False,
    force: bool = False,
    stop: Stop | None = None,
    table: Table | None = None,
) -> tuple[TrainRecord, Path]:
    """Train, and leave result.json, curves.png and weights.safetensors in the run's folder; nothing is printed.

    What an earlier process has left of the same run is gone on from; of a run that has ended the record is returned.
    """
    from lossbench.experiments.train.plan import default_name, plan_train
    from lossbench.experiments.train.run import run
    from lossbench.experiments.train.saved_model import save_predictors
    from lossbench.record import RunKey, TrainRecord

    plan = plan_train(config, table)
    _refuse_broken([plan.pair] if strict else [])
    name, key, plans = default_name(plan), RunKey("train", plan.key), [plan]
    del plan, table
    with (
        run_folder(config.output, config.name, name, key, force=force) as folder,
        drive(listeners, stop) as (emit, stopped),
    ):
        if (ended := _ended_before(folder, emit)) is not None:
            assert isinstance(ended, TrainRecord), "run.json says so"
            return ended, folder
        # The run alone has the plan, so that the columns of a large table are freed as soon as it lets go of them.
        result = run(plans.pop(), emit=emit, stopped=stopped, command=command, checkpoints=folder / CHECKPOINTS)
        record = result.record
        record.name = record.config["name"] = folder.name
        remove(folder, [RECORD])  # of an interrupted run: weights, pictures and record are of one moment
        save_predictors(folder, result)
        _draw_and_record(record, folder, emit)
    return record, folder


def compare(
    config: CompareConfig,
    *,
    command: str = "",
    mode: Mode = "rich",
    strict: bool = False,
    force: bool = False,
    dry_run: bool = False,
) -> int:
    """`lossbench compare-losses`."""
    if dry_run:
        from lossbench.experiments.compare.plan import plan
        from lossbench.experiments.compare.time_estimate import estimate
        from lossbench.runner.show import show_plan

        planned = plan(config)
        show_plan(planned, estimate(planned))
        return OK
    stop, listeners = Stop(), choose_listeners(mode)
    record, folder = run_compare(config, listeners=listeners, command=command, strict=strict, force=force, stop=stop)
    if mode == "rich":
        from lossbench.report.compare.terminal import comparison_report

        _print(comparison_report(record, folder))
    return _ended(record, folder, mode, stop)


def run_compare(
    config: CompareConfig,
    *,
    listeners: Sequence[Listener] = (),
    command: str = "",
    strict: bool = False,
    force: bool = False,
    stop: Stop | None = None,
    tables: Sequence[Table | None] = (),
) -> tuple[CompareRecord, Path]:
    """Compare, and leave result.json and every report in the run's folder; nothing is printed."""
    from lossbench.experiments.compare.plan import default_name, plan
    from lossbench.experiments.compare.run import run
    from lossbench.record import write_record
    from lossbench.report.compare.analysis.comparison import compare as analyse

    chosen = plan(config, tables)
    if strict:
        _refuse_broken([candidate.pair for entry in chosen.tables for candidate in entry.selection.candidates])
    name = default_name(chosen)
    with (
        numbered_folder(config.output, config.name, name, force=force) as folder,
        drive(listeners, stop) as (emit, stopped),
    ):
        record = run(chosen, emit=emit, stopped=stopped, command=command)
        record.name = folder.name
        record.analysis = analyse(record)
        write_record(record, folder)
        _draw(record, folder, emit)
    return record, folder


def regularize(
    config: RegularizeConfig, *, command: str = "", mode: Mode = "rich", strict: bool = False, force: bool = False
) -> int:
    """`lossbench regularize-gif`."""
    stop, listeners = Stop(), choose_listeners(mode)
    record, folder = run_regularize(config, listeners=listeners, command=command, strict=strict, force=force, stop=stop)
    if mode == "rich":
        from lossbench.report.regularize.terminal import regularize_report

        _print(regularize_report(record, folder))
    return _ended(record, folder, mode, stop)


def run_regularize(
    config: RegularizeConfig,
    *,
    listeners: Sequence[Listener] = (),
    command: str = "",
    strict: bool = False,
    force: bool = False,
    stop: Stop | None = None,
) -> tuple[RegularizeRecord, Path]:
    """Train every penalty at every alpha, and leave the record and the animation in the run's folder.

    Of a run that has ended the record is returned; one that was stopped starts again.
    """
    from lossbench.experiments.regularize.plan import default_name, plan
    from lossbench.experiments.regularize.run import run
    from lossbench.record import RegularizeRecord, RunKey
    from lossbench.report.regularize.animation import check_format

    check_format(config.format)
    chosen = plan(config)
    _refuse_broken([chosen.pair] if strict else [])
    with (
        run_folder(
            config.output, config.name, default_name(chosen), RunKey("regularize-gif", chosen.key), force=force
        ) as folder,
        drive(listeners, stop) as (emit, stopped),
    ):
        if (ended := _ended_before(folder, emit)) is not None:
            assert isinstance(ended, RegularizeRecord), "run.json says so"
            return ended, folder
        record = run(chosen, emit=emit, stopped=stopped, command=command)
        record.name = folder.name
        remove(folder, [RECORD])
        _draw_and_record(record, folder, emit)
    return record, folder


def report(folder: Path) -> int:
    """`lossbench report`: draw a run's pictures and pages again, from its result.json alone."""
    from lossbench.record import read_record

    record = read_record(folder)
    where = folder if folder.is_dir() else folder.parent
    with drive(choose_listeners("rich")) as (emit, _):
        _draw(record, where, emit)
    print(f"drawn again in {where}")
    return OK


def _ended_before(folder: Path, emit: Emit) -> Record | None:
    """The record of the very run that a folder is for, where it has ended; pictures that are missing are drawn.

    Its warnings are said again. None where it has not begun or was stopped.
    """
    from lossbench.record import read_record

    if not (folder / RECORD).exists():
        return None
    try:
        record = read_record(folder)
    except UserError as problem:
        raise UserError(problem.what, where=problem.where, fix="--force has the run anew") from None
    if record.status == "interrupted":
        return None
    files = RUN_FILES[record.kind]
    remove(folder, files.progress)  # a process that was killed behind its record had no time to
    for warning in record.warnings:
        emit(Warned(warning))
    emit(Warned(f"nothing to train: {folder} has this very run (--force trains it anew)", "note"))
    if not all(any(folder.glob(pattern)) for pattern in files.results):
        _draw(record, folder, emit)
    return record


def _draw_and_record(record: Record, folder: Path, emit: Emit) -> None:
    """Draw, then write the record, which stands for a run that has ended; pictures that cannot be written cost none."""
    from lossbench.record import write_record

    try:
        _draw(record, folder, emit)
    finally:
        write_record(record, folder)
        if record.status != "interrupted":
            remove(folder, RUN_FILES[record.kind].progress)


def _draw(record: Record, folder: Path, emit: Emit) -> None:
    """Write every picture, table and page of a record into its folder."""
    from lossbench.record import CompareRecord, RegularizeRecord, TrainRecord

    match record:
        case TrainRecord():
            from lossbench.report.train.files import write_train

            write_train(record, folder)
        case CompareRecord():
            from lossbench.report.compare.files import write_comparison

            write_comparison(record, folder)
        case RegularizeRecord():
            from lossbench.report.regularize import write

            config = record.config
            write(record, folder, format=config["format"], fps=config["fps"], emit=emit)


def _refuse_broken(pairs: Sequence[Pair]) -> None:
    """`--strict`: a broken pair is a mistake, not a lesson."""
    for pair in pairs:
        if pair.verdict.level == "broken":
            raise UserError(f"{pair.name} is broken: {pair.verdict.why}", where="--strict", fix=pair.verdict.fix)


def _print(*renderables: RenderableType) -> None:
    from lossbench.report.terminal.table import console

    with _whoever_reads():
        console().print(*renderables)


@contextlib.contextmanager
def _whoever_reads() -> Iterator[None]:
    """What is printed of a run that is recorded: a reader that has gone changes nothing about it."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        silence_output()


def _ended(record: Record, folder: Path, mode: Mode, stop: Stop) -> int:
    if mode == "json":
        with _whoever_reads():
            print(json.dumps({"event": "RecordWritten", "folder": str(folder), "status": record.status}), flush=True)
    if record.status == "interrupted":
        return stop.exit_code
    # A training of which no net is left has failed; in a comparison a loss that diverges is a result.
    diverged = record.kind == "train" and record.status == "diverged"
    return LOSS_FAILED if diverged or any(result.status == "failed" for result in record.results) else OK
