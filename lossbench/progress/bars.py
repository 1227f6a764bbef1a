"""Progress on a terminal: a line per evaluation at work and one for all, below the lines of those that have ended.

A line gives what is needed first (name, epoch, time left, best so far) whatever the width; the rest follows as room
allows. Nothing wraps. Ended ones are printed once, above, so that any number of them fits a screen of any height.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from lossbench.events import (
    EpochEnded,
    EvaluationEnded,
    EvaluationLabel,
    EvaluationSkipped,
    EvaluationsPlanned,
    EvaluationStarted,
    Event,
    MemberStopped,
    Phase,
    UnitsEnded,
    Warned,
)
from lossbench.progress.status import EvaluationStatus, duration, ended_results, time_left

MARKS = {
    "ok": ("✓", "green"),
    "interrupted": ("interrupted", "yellow"),
    "failed": ("failed", "red"),
    "diverged": ("diverged", "red"),
}
SECONDS_BETWEEN_FRAMES = 0.1
_BAR = 12
_GAP = "  "


class Display(Protocol):
    """Where the lines of what is at work stand until it is stopped."""

    @property
    def is_started(self) -> bool:
        """Whether they are shown."""

    def start(self) -> None:
        """Show them, if they are not shown."""

    def refresh(self) -> None:
        """Draw them again."""

    def stop(self) -> None:
        """Take them away."""


class ProgressBars:
    """Lines of what is at work, drawn again in place; lines of what has ended stay."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._live: Display = Live(self, console=console, auto_refresh=False, transient=True)
        self._statuses: dict[str, EvaluationStatus] = {}
        self._stage_began: dict[str, float] = {}
        self._phase: tuple[Phase, float] | None = None
        self._planned = self._ended = 0
        self._units: UnitsEnded | None = None
        self._began = self._shown = clock()
        self._longest = 0

    def __call__(self, event: Event) -> None:
        """Show what the event says."""
        self._live.start()
        match event:
            case EvaluationsPlanned():
                self._planned, self._began = event.evaluations, self._clock()
            case EvaluationStarted():
                self._statuses[event.evaluation] = EvaluationStatus(event, self._statuses.get(event.evaluation))
                self._stage_began[event.evaluation] = self._clock()
                self._longest = max(self._longest, len(event.evaluation))
            case EpochEnded():
                self._statuses[event.evaluation].update(event)
            case MemberStopped():
                self._statuses[event.evaluation].stop(event)
            case EvaluationEnded():
                status = self._statuses.pop(event.evaluation, None)
                self._ended += 1
                self._print(self._ended_line(event, status, self._console.width))
            case EvaluationSkipped():
                self._print(Text(f"skipped {event.evaluation}: {event.why}", style="dim"))
            case Warned():
                self._print(Text.assemble((f"{event.level}: ", "yellow"), event.message))
            case UnitsEnded():
                self._units = event
            case Phase():
                began = self._phase[1] if self._phase and self._phase[0].name == event.name else self._clock()
                self._phase = (event, began)
        if self._clock() - self._shown >= SECONDS_BETWEEN_FRAMES:
            self._shown = self._clock()
            self._live.refresh()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._lines(options.max_width)

    def close(self) -> None:
        """Leave the terminal as it was found, and the lines of what has ended."""
        if self._planned > 1 and self._live.is_started:
            self._print(
                Text(f"{self._ended} of {self._planned} evaluations in {duration(self._clock() - self._began)}")
            )
        self._live.stop()

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True, highlight=False)

    def _lines(self, width: int) -> Iterator[Text]:
        for evaluation, status in self._statuses.items():
            yield self._running_line(evaluation, status, width)
        if self._phase and self._phase[0].done < self._phase[0].total:
            phase, began = self._phase
            share = phase.done / phase.total
            left = f"{time_left(self._clock() - began, share)} left"
            yield _line(Text(), [phase.name], [f"{phase.done}/{phase.total}", left], [_bar(share)], width)
        if self._planned > 1:
            share = (self._ended + sum(s.share for s in self._statuses.values())) / self._planned
            if self._units is not None:  # workers are at work: of more evaluations than have ended something is done
                share = self._units.done / self._units.total
            needed = [
                f"{self._ended}/{self._planned} evaluations",
                f"{time_left(self._clock() - self._began, share)} left",
            ]
            yield _line(Text(), ["all"], needed, [f"{share:.0%}", _bar(share, 2 * _BAR)], width)

    def _names(self, evaluation: str, status: EvaluationStatus | None) -> list[str]:
        """A run's names, the longest first, so wide that the lines stand in columns where there is room."""
        return [evaluation.ljust(self._longest), *shorter_names(evaluation, status.started.label if status else None)]

    def _running_line(self, evaluation: str, status: EvaluationStatus, width: int) -> Text:
        share = status.done / max(status.total, 1)
        epochs = str(status.started.epochs)
        needed = [
            f"{status.mean_epoch:>{len(epochs)}}/{epochs}",
            f"{time_left(self._clock() - self._stage_began[evaluation], share):>5} left",
            f"best {status.best_so_far:<6}",
        ]
        # Trials differ by design, so their spread says little; a training has several seeds to show theirs.
        spread = [_bar(share)] if status.started.stage else [status.spread(), _bar(share)]
        more = [f"{status.started.stage:<6}", *spread, status.diverged_nets, status.scores(), status.losses()]
        return _line(Text(), self._names(evaluation, status), needed, more, width)

    def _ended_line(self, event: EvaluationEnded, status: EvaluationStatus | None, width: int) -> Text:
        mark = Text(f"{MARKS[event.status][0]} ", style=MARKS[event.status][1])
        names, after = self._names(event.evaluation, status), duration(event.seconds)
        if event.message:
            line = _line(mark, names, [after], [], width)
            message = Text(" ".join(event.message.split()))
            message.truncate(max(0, width - len(line) - len(_GAP)), overflow="ellipsis")
            return line.append(_GAP).append(message) if len(message) > 1 else line
        room = width - len(mark) - len(event.evaluation) - len(after) - 2 * len(_GAP)
        results = ended_results(event, status)
        result = next((text for text in results if len(text) <= room), results[-1])
        return _line(mark, names, [after, result], [status.diverged_nets] if status else [], width)


def _bar(share: float, cells: int = _BAR) -> str:
    full = round(min(max(share, 0.0), 1.0) * cells)
    return "━" * full + "╌" * (cells - full)


def _line(mark: Text, names: Sequence[str], needed: Sequence[str], more: Sequence[str], width: int) -> Text:
    """One line of at most `width` characters: the longest name that fits, what is needed, what else fits."""
    line = Text(no_wrap=True, overflow="crop").append_text(mark)
    room = width - len(mark) - sum(len(_GAP) + len(part) for part in needed if part)
    line.append(fitted(names, room))
    left = room + len(mark) - len(line)
    for part in needed:
        line.append(f"{_GAP}{part}" if part else "")
    for part in more:
        if part.strip() and len(_GAP) + len(part) <= left:
            left -= len(_GAP) + len(part)
            line.append(_GAP).append(part, style="dim")
    line.truncate(width)
    return line


def fitted(names: Sequence[str], room: int) -> str:
    """The first of the names that has room; else as much as there is room for of the last one."""
    for name in names:
        if len(name) <= room:
            return name
    return names[-1][: max(room - 1, 0)] + "…"


def shorter_names(evaluation: str, label: EvaluationLabel | None) -> list[str]:
    """`titanic / nll + relu (20% symmetric label noise)`, then without its data set, its activation, its condition."""
    if label is None:
        return [evaluation]
    condition = f" ({label.condition_text})" if label.condition_text else ""
    return [evaluation, f"{label.loss} + {label.last_act}{condition}", f"{label.loss}{condition}", label.loss]
