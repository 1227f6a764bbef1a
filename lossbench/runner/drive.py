"""Runs an experiment's story: hands its events to sinks, and turns the first Ctrl-C into an orderly end."""

from __future__ import annotations

import contextlib
import os
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

    The first Ctrl-C asks the experiment to stop, which leaves a valid record; a second one ends it at once. A sink
    whose reader has gone (`--json | head -1`) hears no more, and the experiment goes on.
    """
    listening = list(sinks)
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
            for sink in list(listening):
                try:
                    sink(event)
                except BrokenPipeError:
                    listening.remove(sink)
                    silence_output()


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
