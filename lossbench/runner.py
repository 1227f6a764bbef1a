"""The composition root: a config becomes a plan, a plan events, events a record, a record files and printed lines."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from lossbench.errors import UserError
from lossbench.events import Event

if TYPE_CHECKING:
    from rich.console import Console

    from lossbench.config.schema import CompareConfig, TrainConfig
    from lossbench.record import Record

Mode = Literal["rich", "quiet", "json"]
T = TypeVar("T")

INTERRUPTED = 130
FAILED_RUNS = 3


class Sink(Protocol):
    """Takes in what a run says; answers nothing."""

    def __call__(self, event: Event) -> None:
        """Take in one event."""

    def close(self) -> None:
        """Tidy up; called once, also after an error."""


def drive(story: Generator[Event, None, T], sinks: Sequence[Sink], stop: threading.Event) -> T:
    """Run an experiment to its end, handing every event to every sink.

    The first Ctrl-C asks the experiment to stop, which leaves a valid record; a second one ends it at once.
    """
    with _first_interrupt_sets(stop), contextlib.ExitStack() as closing:
        for sink in sinks:
            closing.callback(sink.close)
        while True:
            try:
                event = next(story)
            except StopIteration as end:
                result: T = end.value
                return result
            for sink in sinks:
                sink(event)


@contextlib.contextmanager
def _first_interrupt_sets(stop: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_interrupt(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def choose_sinks(mode: Mode) -> list[Sink]:
    """Bars on a terminal, plain lines off it, JSON lines on request.

    Progress goes to standard error, results to standard output.
    """
    if mode == "quiet":
        return []
    if mode == "json":
        from lossbench.sinks.jsonl import JsonLines

        return [JsonLines()]
    if sys.stderr.isatty():
        from rich.console import Console

        from lossbench.sinks.progress import ProgressBars

        return [ProgressBars(Console(stderr=True))]
    from lossbench.sinks.lines import PlainLines

    return [PlainLines()]


@contextlib.contextmanager
def run_folder(output: str, name: str | None, default_name: str, *, force: bool) -> Iterator[Path]:
    """A folder of the run's own, made before training starts and removed again if nothing comes of it.

    A name that was asked for and is taken is an error without `force`; a default one gets the next free number.
    """
    parent = Path(output)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = parent / (name or default_name)
        number = 1
        while True:
            try:
                folder.mkdir()
                made = True
                break
            except FileExistsError:
                if force:
                    made = False
                    break
                if name is not None:
                    raise UserError(
                        "this run exists already",
                        where=str(folder),
                        fix="give another --name, or --force to overwrite it",
                    ) from None
                number += 1
                folder = parent / f"{default_name}-{number}"
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as problem:
        raise UserError(
            f"cannot write there ({problem.strerror})", where=str(parent), fix="give another --output"
        ) from None
    try:
        yield folder
    finally:
        if made:
            with contextlib.suppress(OSError):  # not empty: something came of it
                folder.rmdir()


def console() -> Console:
    """Where results are printed: at the terminal's width; off a terminal wide enough that nothing is cut."""
    from rich.console import Console

    return Console(soft_wrap=False) if sys.stdout.isatty() else Console(width=120, no_color=True, highlight=False)


# --- train -----------------------------------------------------------------------------------------------------------


def run_train(
    config: TrainConfig, *, sinks: Sequence[Sink] = (), command: str = "", strict: bool = False, force: bool = False
) -> tuple[Record, Path]:
    """Train, and leave the record, the curves and the weights in the run's folder; nothing is printed."""
    from lossbench.experiments.predictor import save_predictors
    from lossbench.experiments.train import default_name, plan_train, run
    from lossbench.record import write_record
    from lossbench.report.train import write_train

    plan = plan_train(config)
    if strict and plan.pair.verdict.level == "broken":
        raise UserError(
            f"{plan.pair.name} is broken: {plan.pair.verdict.why}", where="--strict", fix=plan.pair.verdict.fix
        )
    stop = threading.Event()
    with run_folder(config.output, config.name, default_name(plan.table, plan.pair), force=force) as folder:
        result = drive(run(plan, stop=stop, command=command), sinks, stop)
        record = result.record
        record.name = folder.name
        members = range(len(result.splits))
        states = [result.trained.state(m) for m in members]
        save_predictors(
            folder,
            states,
            result.splits,
            result.pair,
            config.net.activation,
            plan.table.target_name,
            plan.table.classes,
        )
        write_record(record, folder)
        write_train(record, folder)
    return record, folder


def train(
    config: TrainConfig, *, command: str = "", mode: Mode = "rich", strict: bool = False, force: bool = False
) -> int:
    """`lossbench train`: the exit code."""
    from lossbench.report.tables import train_report

    record, folder = run_train(config, sinks=choose_sinks(mode), command=command, strict=strict, force=force)
    return _finish(record, folder, mode, train_report)


def _finish(record: Record, folder: Path, mode: Mode, report: Callable[[Record, Path], Any]) -> int:
    if mode == "rich":
        console().print(report(record, folder))
    elif mode == "json":
        import json

        print(json.dumps({"event": "Written", "folder": str(folder), "status": record.status}), flush=True)
    if record.status == "interrupted":
        return INTERRUPTED
    return FAILED_RUNS if any(run.status == "failed" for run in record.runs) else 0


# --- compare-losses --------------------------------------------------------------------------------------------------


def run_compare(
    config: CompareConfig, *, sinks: Sequence[Sink] = (), command: str = "", strict: bool = False, force: bool = False
) -> tuple[Record, Path]:
    """Compare, and leave the record and every report in the run's folder; nothing is printed."""
    from lossbench.experiments.compare import default_name, run
    from lossbench.experiments.compare import plan as plan_compare
    from lossbench.record import write_record
    from lossbench.report.comparison import analyse
    from lossbench.report.write import write_comparison

    plan = plan_compare(config)
    stop = threading.Event()
    with run_folder(config.output, config.name, default_name(plan), force=force) as folder:
        record = drive(run(plan, stop=stop, command=command), sinks, stop)
        record.name = folder.name
        record.analysis = analyse(record)
        write_record(record, folder)
        write_comparison(record, folder)
    return record, folder


# --- the others ------------------------------------------------------------------------------------------------------


def report(folder: Path) -> int:
    """`lossbench report`: draw everything again from result.json alone."""
    raise NotImplementedError
