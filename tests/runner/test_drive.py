"""An experiment is driven to its end whatever happens on the way."""

import os
import signal
import sys
import threading
from collections.abc import Generator

import pytest

from lossbench.events import Event, Warned
from lossbench.runner.drive import drive


class Listener:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.closed = 0

    def __call__(self, event: Event) -> None:
        self.heard.append(event)

    def close(self) -> None:
        self.closed += 1


def test_every_sink_hears_every_event_and_the_result_comes_back() -> None:
    def story() -> Generator[Event, None, int]:
        yield Warned("a")
        yield Warned("b")
        return 7

    sinks = [Listener(), Listener()]
    assert drive(story(), sinks, threading.Event()) == 7
    assert all(sink.heard == [Warned("a"), Warned("b")] and sink.closed == 1 for sink in sinks)


def test_the_first_interrupt_asks_to_stop_and_the_second_ends_it() -> None:
    stop = threading.Event()

    def story() -> Generator[Event, None, bool]:
        os.kill(os.getpid(), signal.SIGINT)
        yield Warned("asked to stop")
        assert stop.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        yield Warned("never heard")
        return True

    before = signal.getsignal(signal.SIGINT)
    sink = Listener()
    with pytest.raises(KeyboardInterrupt):
        drive(story(), [sink], stop)
    assert sink.heard == [Warned("asked to stop")]
    assert sink.closed == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_a_sink_whose_reader_has_gone_hears_no_more_and_the_story_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    silenced: list[bool] = []
    monkeypatch.setattr(sys.modules[drive.__module__], "silence_output", lambda: silenced.append(True))

    class Gone(Listener):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            raise BrokenPipeError

    def story() -> Generator[Event, None, int]:
        yield Warned("a")
        yield Warned("b")
        return 7

    gone, there = Gone(), Listener()
    assert drive(story(), [gone, there], threading.Event()) == 7
    assert (gone.heard, gone.closed) == ([Warned("a")], 1)
    assert there.heard == [Warned("a"), Warned("b")]
    assert silenced == [True]


def test_sinks_are_closed_when_the_story_fails() -> None:
    def story() -> Generator[Event, None, int]:
        yield Warned("a")
        raise ZeroDivisionError

    sink = Listener()
    with pytest.raises(ZeroDivisionError):
        drive(story(), [sink], threading.Event())
    assert sink.closed == 1
