"""Runs an experiment's story: hands its events to sinks, and turns the first Ctrl-C into an orderly end."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from typing import Literal, Protocol, TypeVar

from lossbench.events import Event

Mode = Literal["rich", "quiet", "json"]
T = TypeVar("T")


class Sink(Protocol):
    """Takes in what a run says; answers nothing."""

    def __call__(self, event: Event) -> None:
        """Take in one event."""

    def close(self) -> None:
        """Tidy up; called once, also after an error."""


def drive(story: Generator[Event, None, T], sinks: Sequence[Sink], stop: threading.Event) -> T:
    """Run an experiment to its end, handing every event to every sink; the sinks are closed afterwards.

    The first Ctrl-C asks the experiment to stop, which leaves a valid record; a second one ends it at once.
    """
    with contextlib.ExitStack() as closing:
        for sink in sinks:
            closing.callback(sink.close)
        closing.enter_context(_first_interrupt_sets(stop))
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
    if threading.current_thread() is not threading.main_thread():  # Python handles signals in the main thread only
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
