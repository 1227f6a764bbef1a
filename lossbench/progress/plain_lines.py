"""Progress off a terminal: plain lines, no escape codes, few enough to read in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from lossbench.events import (
    EpochEnded,
    EvaluationEnded,
    EvaluationSkipped,
    EvaluationsPlanned,
    EvaluationStarted,
    Event,
    MemberStopped,
    Phase,
    UnitsEnded,
    Warned,
)
from lossbench.printable import one_line
from lossbench.progress.status import EvaluationStatus, duration, ended_results

SECONDS_BETWEEN_LINES = 5.0
TENTHS = 10


class PlainLines:
    """A line when a run starts and ends, and in between at each tenth of the work, at most every few seconds; with
    `every_epoch`, one for each epoch."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        every_epoch: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock, self._every_epoch = clock, every_epoch
        self._statuses: dict[str, EvaluationStatus] = {}
        self._began: dict[str, float] = {}
        self._said: dict[str, tuple[int, float]] = {}
        self._planned = self._ended = 0
        self._worked = (clock(), clock())  # when the work began, and when it was last told of

    def __call__(self, event: Event) -> None:
        """Print what the event says, if it is time to."""
        match event:
            case EvaluationStarted():
                self._statuses[event.evaluation] = EvaluationStatus(event, self._statuses.get(event.evaluation))
                self._began[event.evaluation] = now = self._clock()
                self._said[event.evaluation] = (0, now)
                stage = f" ({event.stage})" if event.stage else ""
                self._print(
                    f"{event.evaluation}{stage}: {event.members} member{'s'[: event.members != 1]}, "
                    f"{event.epochs} epoch{'s'[: event.epochs != 1]}"
                )
            case EpochEnded():
                self._statuses[event.evaluation].update(event)
                if self._every_epoch:
                    of = self._statuses[event.evaluation]
                    self._print(f"{event.evaluation}: epoch {event.epoch}/{of.started.epochs}; {of.summary()}")
                else:
                    self._at_each_tenth(event.evaluation)
            case MemberStopped():
                self._statuses[event.evaluation].stop(event)
            case EvaluationEnded():
                self._ended += 1
                status = self._statuses.pop(event.evaluation, None)
                diverged = status.diverged_nets if status else ""
                results = [event.message] if event.message else [ended_results(event, status)[0], diverged]
                count = f" ({self._ended} of {self._planned})" if self._planned > 1 else ""
                ended = f"{event.evaluation}: {event.status} after {event.seconds:.1f} s{count}"
                self._print("; ".join(filter(None, [ended, *results])))
            case EvaluationsPlanned():
                self._planned, self._worked = event.evaluations, (self._clock(), self._clock())
            case EvaluationSkipped():
                self._print(f"skipped {event.evaluation}: {event.why}")
            case Warned():
                self._print(f"{event.level}: {event.message}")
            case UnitsEnded():
                self._at_work(event)
            case Phase():
                if event.done == event.total:
                    self._print(f"{event.name}: {event.done} of {event.total}")

    def _at_work(self, event: UnitsEnded) -> None:
        """A line at most every few seconds, while workers are at work."""
        now = self._clock()
        if now - self._worked[1] >= SECONDS_BETWEEN_LINES and event.done:
            left = duration((now - self._worked[0]) * (event.total - event.done) / event.done)
            self._worked = (self._worked[0], now)
            self._print(
                f"{self._ended} of {self._planned} evaluations, {event.done / event.total:.0%} done, {left} left"
            )

    def _at_each_tenth(self, evaluation: str) -> None:
        status, now = self._statuses[evaluation], self._clock()
        tenth = TENTHS * status.done // max(status.total, 1)
        last_tenth, last_time = self._said[evaluation]
        if tenth <= last_tenth or tenth == TENTHS or now - last_time < SECONDS_BETWEEN_LINES:
            return
        self._said[evaluation] = (tenth, now)
        left = (now - self._began[evaluation]) * (status.total - status.done) / max(status.done, 1)
        self._print(
            f"{evaluation}: epoch {status.mean_epoch}/{status.started.epochs}, {left:.0f} s left; {status.summary()}"
        )

    def _print(self, line: str) -> None:
        print(one_line(line), file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing to tidy up."""
