"""The composition root: a config becomes a plan, a plan a record, a record files and printed lines;
what is emitted on the way goes to the listeners.

One function a command; each returns the exit code. What a command needs is imported inside it, so that none waits for
what another one uses.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossbench.errors import UserError
from lossbench.events import Emit
from lossbench.runner.drive import Listener, Mode, choose_listeners, drive, silence_output
from lossbench.runner.folder import run_folder

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lossbench.config.parts import LossConfig
    from lossbench.config.schema import CompareConfig, Kind, RegularizeConfig, TrainConfig
    from lossbench.data.table import Table
    from lossbench.experiments.setup.pair import Pair
    from lossbench.record import CompareRecord, Record, RegularizeRecord, TrainRecord

OK, LOSS_FAILED, INTERRUPTED = 0, 3, 130


# --- experiments -----------------------------------------------------------------------------------------------------


def train(
    config: TrainConfig, *, command: str = "", mode: Mode = "rich", strict: bool = False, force: bool = False
) -> int:
    """`lossbench train`."""
    record, folder = run_train(config, listeners=choose_listeners(mode), command=command, strict=strict, force=force)
    if mode == "rich":
        from lossbench.report.train.terminal import train_report

        _print(train_report(record, folder))
    return _ended(record, folder, mode)


def run_train(
    config: TrainConfig,
    *,
    listeners: Sequence[Listener] = (),
    command: str = "",
    strict: bool = False,
    force: bool = False,
    table: Table | None = None,
) -> tuple[TrainRecord, Path]:
    """Train, and leave result.json, curves.png and weights.safetensors in the run's folder; nothing is printed."""
    from lossbench.experiments.train.plan import default_name, plan_train
    from lossbench.experiments.train.run import run
    from lossbench.experiments.train.saved_model import save_predictors
    from lossbench.record import write_record

    plan = plan_train(config, table)
    _refuse_broken([plan.pair] if strict else [])
    name, plans = default_name(plan), [plan]
    del plan, table
    with run_folder(config.output, config.name, name, force=force) as folder, drive(listeners) as (emit, stopped):
        # The run alone has the plan, so that the columns of a large table are freed as soon as it lets go of them.
        result = run(plans.pop(), emit=emit, stopped=stopped, command=command)
        record = result.record
        record.name = record.config["name"] = folder.name
        save_predictors(folder, result)
        write_record(record, folder)
        _draw(record, folder, emit)
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
    record, folder = run_compare(config, listeners=choose_listeners(mode), command=command, strict=strict, force=force)
    if mode == "rich":
        from lossbench.report.compare.terminal import comparison_report

        _print(comparison_report(record, folder))
    return _ended(record, folder, mode)


def run_compare(
    config: CompareConfig,
    *,
    listeners: Sequence[Listener] = (),
    command: str = "",
    strict: bool = False,
    force: bool = False,
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
    with run_folder(config.output, config.name, name, force=force) as folder, drive(listeners) as (emit, stopped):
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
    record, folder = run_regularize(
        config, listeners=choose_listeners(mode), command=command, strict=strict, force=force
    )
    if mode == "rich":
        from lossbench.report.regularize.terminal import regularize_report

        _print(regularize_report(record, folder))
    return _ended(record, folder, mode)


def run_regularize(
    config: RegularizeConfig,
    *,
    listeners: Sequence[Listener] = (),
    command: str = "",
    strict: bool = False,
    force: bool = False,
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
    with run_folder(config.output, config.name, name, force=force) as folder, drive(listeners) as (emit, stopped):
        record = run(chosen, emit=emit, stopped=stopped, command=command)
        record.name = folder.name
        write_record(record, folder)
        _draw(record, folder, emit)
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


# --- looking at things -----------------------------------------------------------------------------------------------


def check(file: str) -> Kind:
    """`lossbench config check`: the command that the file is for; `UserErrors` for wrong keys, values and names."""
    from lossbench.config.load import load
    from lossbench.experiments.setup.resolve import check_names

    config = load(file)
    try:
        check_names(config)
    except UserError as error:
        raise error.at(file) from None
    return config.kind


def describe_data(config: TrainConfig) -> int:
    """`lossbench data`: what is understood of a table, and whether it could be trained on, before anything is."""
    from lossbench.data.describe import describe
    from lossbench.experiments.setup.data_source import data_source
    from lossbench.runner.show import show_data

    split, batch_size = config.split, config.optim.batch_size
    source = data_source(config.data)
    show_data(describe(source, test=split.test, validation=split.validation, batch_size=batch_size))
    return OK


def predict(
    run: Path,
    table: Path,
    out: Path | None,
    *,
    member: int | None = None,
    reading: Mapping[str, Any] | None = None,
    last_act: str | None = None,
) -> int:
    """`lossbench predict`: labels and probabilities, or values, for the rows of a new table."""
    from lossbench.experiments.train.predictions import predict_file
    from lossbench.runner.show import show_predictions

    show_predictions(predict_file(run, table, member, reading=reading, last_act=last_act), out)
    return OK


def doctor(config: LossConfig, *, task: str | None, as_json: bool, verbose: bool = False) -> int:
    """`lossbench doctor`: what a loss is like, measured; exit code 1 where an error was found."""
    from lossbench.catalog.plugins.resolve import choose
    from lossbench.catalog.vocabulary import Task
    from lossbench.experiments.doctor import examine
    from lossbench.experiments.setup.resolve import resolve_loss
    from lossbench.runner.show import show_diagnosis, watching

    requested = None if task is None else choose("--task", task, {known.value: known for known in Task})
    loss = resolve_loss(config, requested)
    with watching(f"examining {loss.label}") as watch:
        diagnosis = examine(loss, tasks=None if requested is None else [requested], watch=watch)
    show_diagnosis(diagnosis, as_json=as_json, verbose=verbose)
    return diagnosis.exit_code


# --- the end of a run ------------------------------------------------------------------------------------------------


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


def _ended(record: Record, folder: Path, mode: Mode) -> int:
    if mode == "json":
        with _whoever_reads():
            print(json.dumps({"event": "RecordWritten", "folder": str(folder), "status": record.status}), flush=True)
    if record.status == "interrupted":
        return INTERRUPTED
    # A training of which no net is left has failed; in a comparison a loss that diverges is a result.
    diverged = record.kind == "train" and record.status == "diverged"
    return LOSS_FAILED if diverged or any(run.status == "failed" for run in record.runs) else OK
