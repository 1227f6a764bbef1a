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
from lossbench.events import Emit
from lossbench.runner.drive import Listener, Mode, Stop, choose_listeners, drive, silence_output
from lossbench.runner.folder import run_folder

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
    """Train, and leave result.json, curves.png and weights.safetensors in the run's folder; nothing is printed."""
    from lossbench.experiments.train.plan import default_name, plan_train
    from lossbench.experiments.train.run import run
    from lossbench.experiments.train.saved_model import save_predictors
    from lossbench.record import manifest, write_record

    plan = plan_train(config, table)
    _refuse_broken([plan.pair] if strict else [])
    name, plans = default_name(plan), [plan]
    del plan, table
    with run_folder(config.output, config.name, name, force=force) as folder, drive(listeners, stop) as (emit, stopped):
        # The run alone has the plan, so that the columns of a large table are freed as soon as it lets go of them.
        result = run(plans.pop(), emit=emit, stopped=stopped, command=command)
        record = result.record
        record.name = record.config["name"] = folder.name
        record.files = manifest(folder, [save_predictors(folder, result).name])
        write_record(record, folder)
        record.files |= manifest(folder, _draw(record, folder, emit))
        write_record(record, folder)
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
    with run_folder(config.output, config.name, name, force=force) as folder, drive(listeners, stop) as (emit, stopped):
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
    """Train every penalty at every alpha, and leave the record and the animation in the run's folder."""
    from lossbench.experiments.regularize.plan import default_name, plan
    from lossbench.experiments.regularize.run import run
    from lossbench.record import write_record
    from lossbench.report.regularize.animation import check_format

    check_format(config.format)
    chosen = plan(config)
    _refuse_broken([chosen.pair] if strict else [])
    name = default_name(chosen)
    with run_folder(config.output, config.name, name, force=force) as folder, drive(listeners, stop) as (emit, stopped):
        record = run(chosen, emit=emit, stopped=stopped, command=command)
        record.name = folder.name
        write_record(record, folder)
        _draw(record, folder, emit)
    return record, folder


def report(folder: Path) -> int:
    """`lossbench report`: draw a run's pictures and pages again, from its result.json alone."""
    from lossbench.record import manifest, read_record, write_record

    record = read_record(folder)
    where = folder if folder.is_dir() else folder.parent
    with drive(choose_listeners("rich")) as (emit, _):
        drawn = manifest(where, _draw(record, where, emit))
    if record.files and (folder.is_dir() or folder.name == "result.json"):
        record.files |= drawn
        write_record(record, where)
    print(f"drawn again in {where}")
    return OK


def _draw(record: Record, folder: Path, emit: Emit) -> list[str]:
    """Write every picture, table and page of a record into its folder; the names of the files."""
    from lossbench.record import CompareRecord, RegularizeRecord, TrainRecord

    match record:
        case TrainRecord():
            from lossbench.report.train.files import write_train

            written = write_train(record, folder)
        case CompareRecord():
            from lossbench.report.compare.files import write_comparison

            written = write_comparison(record, folder)
        case RegularizeRecord():
            from lossbench.report.regularize import write

            written = write(record, folder, **record.animation, emit=emit)
    return [path.name for path in written]


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
