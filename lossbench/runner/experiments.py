"""`train` and `regularize-gif`: a config becomes a plan, a plan a record, a record files and printed lines.

One function a command; each returns the exit code. What a command needs is imported inside it, so that none waits for
what another one uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.errors import UserError
from lossbench.events import Emit, Warned
from lossbench.runner.drive import Listener, Mode, Stop, choose_listeners, drive
from lossbench.runner.finish import draw, ended, print_answer, refuse_broken
from lossbench.runner.folder import run_folder
from lossbench.runner.run_files import CHECKPOINTS, RECORD, RUN_FILES, remove

if TYPE_CHECKING:
    from lossbench.config.commands.regularize import RegularizeConfig
    from lossbench.config.commands.train import TrainConfig
    from lossbench.data.table import Table
    from lossbench.record import Record, RegularizeRecord, TrainRecord


def train(
    config: TrainConfig, *, command: str = "", mode: Mode = "rich", strict: bool = False, force: bool = False
) -> int:
    """`lossbench train`."""
    stop, listeners = Stop(), choose_listeners(mode)
    record, folder = run_train(config, listeners=listeners, command=command, strict=strict, force=force, stop=stop)
    if mode == "rich":
        print_answer(record, folder)
    return ended(record, folder, mode, stop)


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
    from lossbench.record import RunKey, TrainRecord, manifest

    plan = plan_train(config, table)
    refuse_broken([plan.pair] if strict else [])
    name, key, plans = default_name(plan), RunKey("train", plan.key), [plan]
    del plan, table
    with (
        run_folder(config.output, config.name, name, key, force=force) as folder,
        drive(listeners, stop) as (emit, stopped),
    ):
        if (before := _ended_before(folder, emit)) is not None:
            assert isinstance(before, TrainRecord), "run.json says so"
            return before, folder
        # The run alone has the plan, so that the columns of a large table are freed as soon as it lets go of them.
        result = run(plans.pop(), emit=emit, stopped=stopped, command=command, checkpoints=folder / CHECKPOINTS)
        record = result.record
        record.name = record.config["name"] = folder.name
        remove(folder, [RECORD])  # of an interrupted run: weights, pictures and record are of one moment
        record.files = manifest(folder, [save_predictors(folder, result).name])
        _draw_and_record(record, folder, emit)
    return record, folder


def regularize(
    config: RegularizeConfig, *, command: str = "", mode: Mode = "rich", strict: bool = False, force: bool = False
) -> int:
    """`lossbench regularize-gif`."""
    stop, listeners = Stop(), choose_listeners(mode)
    record, folder = run_regularize(config, listeners=listeners, command=command, strict=strict, force=force, stop=stop)
    if mode == "rich":
        print_answer(record, folder)
    return ended(record, folder, mode, stop)


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
    refuse_broken([chosen.pair] if strict else [])
    with (
        run_folder(
            config.output, config.name, default_name(chosen), RunKey("regularize-gif", chosen.key), force=force
        ) as folder,
        drive(listeners, stop) as (emit, stopped),
    ):
        if (before := _ended_before(folder, emit)) is not None:
            assert isinstance(before, RegularizeRecord), "run.json says so"
            return before, folder
        record = run(chosen, emit=emit, stopped=stopped, command=command)
        record.name = folder.name
        remove(folder, [RECORD])
        _draw_and_record(record, folder, emit)
    return record, folder


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
        raise UserError(problem.what, where=problem.where, fix="--force runs it again") from None
    if record.status == "interrupted":
        return None
    files = RUN_FILES[record.kind]
    remove(folder, files.progress)  # a process that was killed behind its record had no time to
    for warning in record.warnings:
        emit(Warned(warning))
    emit(Warned(f"nothing to train: {folder} holds this finished run (--force trains it again)", "note"))
    if not all(any(folder.glob(pattern)) for pattern in files.results):
        draw(record, folder, emit)
    return record


def _draw_and_record(record: Record, folder: Path, emit: Emit) -> None:
    """Draw, then write the record, which stands for a run that has ended; pictures that cannot be written cost none."""
    from lossbench.record import manifest, write_record

    try:
        record.files |= manifest(folder, draw(record, folder, emit))
    finally:
        write_record(record, folder)
        if record.status != "interrupted":
            remove(folder, RUN_FILES[record.kind].progress)
