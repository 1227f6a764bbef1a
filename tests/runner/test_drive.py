"""An experiment is driven to its end whatever happens on the way."""

import os
import signal
import sys
import threading
import time
from functools import partial

import pytest

from lossbench.engine.threads import in_threads
from lossbench.events import Emit, EpochEnded, EvaluationEnded, Event, Phase, Stopped, Warned
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.run import run
from lossbench.runner.drive import SIGNALS, Stop, drive
from tests.experiments.compare.comparisons import config


class Listener:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.closed = 0

    def __call__(self, event: Event) -> None:
        self.heard.append(event)

    def close(self) -> None:
        self.closed += 1


def test_every_sink_hears_every_event() -> None:
    listeners = [Listener(), Listener()]
    with drive(listeners) as (emit, stopped):
        emit(Warned("a"))
        emit(Warned("b"))
        assert not stopped()
        assert [listener.closed for listener in listeners] == [0, 0]
    assert all(listener.heard == [Warned("a"), Warned("b")] and listener.closed == 1 for listener in listeners)


def test_events_of_several_threads_reach_every_sink_one_at_a_time_and_in_one_order() -> None:
    inside, crowded = 0, False

    class Slow(Listener):
        def __call__(self, event: Event) -> None:
            nonlocal inside, crowded
            inside += 1
            time.sleep(1e-4)  # lets another thread in, if it can come in
            crowded |= inside > 1
            inside -= 1
            super().__call__(event)

    listeners = [Slow(), Slow()]
    with drive(listeners) as (emit, _):

        def work(k: int, stopped: Stopped) -> None:
            for i in range(20):
                emit(Phase(f"thread {k}", i, 20))

        in_threads([partial(work, k) for k in range(4)], 4)
    first, second = (listener.heard for listener in listeners)
    assert first == second
    assert not crowded
    for k in range(4):
        own = [event.done for event in first if isinstance(event, Phase) and event.name == f"thread {k}"]
        assert own == list(range(20))


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_the_first_signal_requests_a_stop_and_the_second_ends_it(first: signal.Signals, second: signal.Signals) -> None:
    def interrupted(emit: Emit, stopped: Stopped) -> None:
        os.kill(os.getpid(), first)
        emit(Warned("asked to stop"))
        assert stopped()
        os.kill(os.getpid(), second)
        emit(Warned("never heard"))

    before = [signal.getsignal(one) for one in SIGNALS]
    listener, stop = Listener(), Stop()
    with pytest.raises(KeyboardInterrupt) as aborted, drive([listener], stop) as (emit, stopped):
        interrupted(emit, stopped)
    assert listener.heard == [Warned("asked to stop")]
    assert listener.closed == 1
    assert (stop.exit_code, getattr(aborted.value, "exit_code", None)) == (128 + first, 128 + second)
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_the_second_interrupt_ends_threads_that_the_first_did_not() -> None:
    """The jobs do not get `drive`'s own `stopped`, so nothing but the abort can end them."""
    started, ended = threading.Barrier(3), []
    before = threading.active_count()

    def work(stopped: Stopped) -> None:
        started.wait()
        while not stopped():
            time.sleep(1e-3)
        ended.append(True)

    def interrupt() -> None:
        started.wait()
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)  # two signals at once may arrive as one

    interrupting = threading.Thread(target=interrupt)
    with pytest.raises(KeyboardInterrupt), drive([]):
        in_threads([work, work, lambda stopped: interrupting.start()], 3)
    interrupting.join()
    assert ended == [True, True]
    assert threading.active_count() == before


def test_a_sink_whose_reader_has_gone_hears_no_more_and_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    silenced: list[bool] = []
    monkeypatch.setattr(sys.modules[drive.__module__], "silence_output", lambda: silenced.append(True))

    class Gone(Listener):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            raise BrokenPipeError

    gone, there = Gone(), Listener()
    with drive([gone, there]) as (emit, _):
        emit(Warned("a"))
        emit(Warned("b"))
    assert (gone.heard, gone.closed) == ([Warned("a")], 1)
    assert there.heard == [Warned("a"), Warned("b")]
    assert silenced == [True]


def test_sinks_are_closed_when_the_run_fails() -> None:
    listener = Listener()
    with pytest.raises(ZeroDivisionError), drive([listener]):
        raise ZeroDivisionError
    assert listener.closed == 1


def test_a_sink_that_fails_ends_the_run_and_is_not_taken_for_a_failing_loss() -> None:
    class Failing(Listener):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            if isinstance(event, EpochEnded):
                raise ZeroDivisionError("the listener's")

    listener = Failing()
    with pytest.raises(ZeroDivisionError, match="the listener's"), drive([listener]) as (emit, stopped):
        run(plan(config(losses="ce,hinge")), emit=emit, stopped=stopped)
    assert listener.closed == 1
    assert not any(isinstance(event, EvaluationEnded) for event in listener.heard)
