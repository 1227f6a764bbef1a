"""What joins an experiment to its user: hands its events to sinks, and turns the first Ctrl-C into an orderly end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from lossbench.events import Emit, Event, Stopped

Mode = Literal["rich", "quiet", "json"]


class Sink(Protocol):
    """Receives the events of a run, one at a time, from whichever thread emits; answers nothing."""

    def __call__(self, event: Event) -> None:
        """Take in one event."""

    def close(self) -> None:
        """Tidy up; called once, also after an error."""


@contextlib.contextmanager
def drive(sinks: Sequence[Sink]) -> Iterator[tuple[Emit, Stopped]]:
    """The `emit` and `stopped` of an experiment that is run inside; the sinks are closed afterwards.

    The first Ctrl-C makes `stopped()` true, which leaves a valid record; a second one ends the experiment at once. Both
    functions can be called by several threads.
    """
    stop = threading.Event()
    with contextlib.ExitStack() as closing:
        for sink in sinks:
            closing.callback(sink.close)
        collector = _Collector(sinks)
        closing.callback(collector.close)
        closing.enter_context(_first_interrupt_sets(stop))
        try:
            yield collector, stop.is_set
        except _SinkFailed as failure:
            raise failure.problem from None


class _Collector:
    """Hands every event to every sink, one event at a time, in the order in which they happen.

    A sink whose reader has gone (`--json | head -1`) gets no more events, and the experiment goes on.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks, self._lock = list(sinks), threading.Lock()

    def __call__(self, event: Event) -> None:
        with self._lock:
            for sink in list(self._sinks):
                try:
                    sink(event)
                except BrokenPipeError:
                    self._sinks.remove(sink)
                    silence_output()
                except Exception as problem:
                    raise _SinkFailed(problem) from problem

    def close(self) -> None:
        """Nothing is handed on any more: a thread that was left behind may still emit."""
        self._sinks.clear()


class _SinkFailed(BaseException):
    """What a sink has raised, on its way to whoever chose the sink.

    It is no Exception: where a loss is expected to fail, a sink's failure is not the loss's.
    """

    def __init__(self, problem: Exception) -> None:
        super().__init__(problem)
        self.problem = problem


@contextlib.contextmanager
def _first_interrupt_sets(stop: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # Python handles signals in the main thread only
        yield
        return

    def on_interrupt(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, on_second)
        _say("stopping, what was reached will be recorded; Ctrl-C again to abort without")

    def on_second(*_: object) -> None:
        _say("aborted")
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _say(line: str) -> None:
    """Write a line by hand: a signal may have interrupted a print, and what prints then is not to be entered again."""
    with contextlib.suppress(OSError):
        os.write(2, f"\n{line}\n".encode())


def silence_output() -> None:
    """Let what is still printed go nowhere: whoever read standard output has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def choose_sinks(mode: Mode) -> list[Sink]:
    """Bars on a terminal, plain lines off it, JSON lines on request.

    Progress goes to standard error, results to standard output.
    """
    if mode == "quiet":
        return []
    if mode == "json":
        from lossbench.progress.json_lines import JsonLines

        return [JsonLines()]
    if sys.stderr.isatty():
        from rich.console import Console

        from lossbench.progress.bars import ProgressBars

        return [ProgressBars(Console(stderr=True))]
    from lossbench.progress.plain_lines import PlainLines

    return [PlainLines()]
