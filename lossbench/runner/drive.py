"""Runs an experiment for its user: passes its events to listeners, and turns the first Ctrl-C into an orderly end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from lossbench.events import Emit, Event, Stopped
from lossbench.standard_streams import OutputFailed

Mode = Literal["rich", "quiet", "json"]
# Ctrl-C, a job scheduler's or a shutdown's request to end, and a terminal that was closed.
SIGNALS = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])
PATIENCE = 0.5  # seconds that an aborted run waits for a listener to return


class Listener(Protocol):
    """Receives the events of a run, one at a time, from whichever thread emits; answers nothing."""

    def __call__(self, event: Event) -> None:
        """Take in one event."""

    def close(self) -> None:
        """Tidy up; called once, also after an error."""


class Stop:
    """Whether an experiment was asked to stop, `stop()`, and by which signal."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.signal = signal.SIGINT

    def __call__(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def request(self, number: int) -> None:
        """Ask the experiment to stop, because this signal came."""
        self.signal = signal.Signals(number)
        self._event.set()

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.signal


class Aborted(KeyboardInterrupt):
    """A second signal: the experiment ends at once, and what was not recorded is lost."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


@contextlib.contextmanager
def drive(listeners: Sequence[Listener], stop: Stop | None = None) -> Iterator[tuple[Emit, Stopped]]:
    """The `emit` and `stopped` of an experiment that is run inside; the listeners are closed afterwards.

    The first Ctrl-C, SIGTERM or SIGHUP makes `stopped()` true, which leaves a valid record; a second one ends the
    experiment at once. Both functions can be called by several threads.
    """
    stop = stop or Stop()
    with contextlib.ExitStack() as closing:
        for listener in listeners:
            closing.callback(listener.close)
        collector = _Collector(listeners)
        closing.callback(collector.close)
        closing.enter_context(_interrupts(stop, collector))
        try:
            yield collector, stop
        except _ListenerFailed as failure:
            raise failure.problem from None


class _Collector:
    """Hands every event to every listener, one event at a time, in the order in which they happen.

    A listener whose reader has gone (`--json | head -1`) gets no more events, and the experiment goes on.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners, self._lock = list(listeners), threading.RLock()
        self._inside = 0  # the thread that is or was the last to call listeners

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._inside = threading.get_ident()
            for listener in list(self._listeners):
                try:
                    listener(event)
                except (BrokenPipeError, OutputFailed):
                    self._listeners.remove(listener)
                    silence_output()
                except Exception as problem:
                    raise _ListenerFailed(problem) from problem

    def close(self) -> None:
        """Nothing is handed on any more: a thread that was left behind may still emit."""
        self._listeners.clear()

    def stuck(self) -> int | None:
        """The thread that waits in a listener for a reader who does not read, if there is one."""
        if self._lock.acquire(timeout=PATIENCE):
            self._lock.release()
            return None
        return self._inside


class _ListenerFailed(BaseException):
    """What a listener has raised, on its way to whoever chose the listener.

    It is no Exception: where a loss is expected to fail, a listener's failure is not the loss's.
    """

    def __init__(self, problem: Exception) -> None:
        super().__init__(problem)
        self.problem = problem


@contextlib.contextmanager
def _interrupts(stop: Stop, collector: _Collector) -> Iterator[None]:
    """The first signal requests a stop, the second raises KeyboardInterrupt in the main thread."""
    if threading.current_thread() is not threading.main_thread():  # Python handles signals in the main thread only
        yield
        return

    def on_first(number: int, _: object) -> None:
        stop.request(number)
        for one in SIGNALS:
            signal.signal(one, on_second)
        again = "Ctrl-C again" if number == signal.SIGINT else f"{signal.Signals(number).name} again"
        _say(f"stopping; finished work will be recorded ({again} to abort without recording)")

    def on_second(number: int, _: object) -> None:
        _say("aborted")
        stuck = collector.stuck()
        if stuck is not None and sys.platform != "win32":
            # A write that waits for its reader ends when its thread gets a signal; it is tried again, and goes nowhere.
            silence_output()
            signal.signal(signal.SIGINT, on_own)
            signal.pthread_kill(stuck, signal.SIGINT)
        raise Aborted(number)

    def on_own(*_: object) -> None:
        signal.signal(signal.SIGINT, on_second)

    before = {one: signal.signal(one, on_first) for one in SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _say(line: str) -> None:
    """Write a line by hand: a signal may have interrupted a print, and what prints then is not to be entered again."""
    with contextlib.suppress(OSError):
        os.write(2, f"\n{line}\n".encode())


def silence_output() -> None:
    """Let what is still printed go nowhere: whoever read standard output has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def choose_listeners(mode: Mode) -> list[Listener]:
    """Bars on a terminal and in a notebook, plain lines elsewhere, JSON lines on request.

    Progress goes to standard error, results to standard output.
    """
    if mode == "quiet":
        return []
    if mode == "json":
        from lossbench.progress.json_lines import JsonLines

        return [JsonLines()]
    from lossbench.progress.notebook import NotebookProgress, in_notebook

    if in_notebook():
        return [NotebookProgress()]
    if sys.stderr.isatty():
        from lossbench.progress.bars import ProgressBars
        from lossbench.rich_console import PrintableConsole

        return [ProgressBars(PrintableConsole(stderr=True))]
    from lossbench.progress.plain_lines import PlainLines

    return [PlainLines()]
