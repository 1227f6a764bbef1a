"""Progress on a terminal: a Rich bar a run, with epochs, seconds left, losses and scores."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from lossbench.events import EpochEnded, Event, MemberStopped, Phase, RunEnded, RunSkipped, RunStarted, Warned
from lossbench.sinks.standing import Standing

MARKS = {
    "ok": "[green]done[/]",
    "interrupted": "[yellow]interrupted[/]",
    "failed": "[red]failed[/]",
    "diverged": "[red]diverged[/]",
}


class ProgressBars:
    """One line a run; lines stay when their run has ended, so that the display tells the story of the experiment."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[numbers]}", style="dim"),
            console=console,
        )
        self._standings: dict[str, Standing] = {}
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        """Show what the event says."""
        self._progress.start()
        match event:
            case RunStarted():
                standing = self._standings[event.run] = Standing(event)
                name = escape(event.run) + (f" [dim]{escape(event.stage)}[/]" if event.stage else "")
                if event.run in self._tasks:
                    self._progress.reset(self._tasks[event.run], description=name, total=event.epochs, numbers="")
                else:
                    self._tasks[event.run] = self._progress.add_task(name, total=event.epochs, numbers="")
                self._show(standing)
            case EpochEnded():
                self._standings[event.run].update(event)
                self._show(self._standings[event.run])
            case MemberStopped():
                self._standings[event.run].stop(event)
                self._show(self._standings[event.run])
            case RunEnded():
                if event.run in self._tasks:
                    summary = escape(event.message or self._standings[event.run].summary())
                    self._progress.update(self._tasks[event.run], numbers=f"{MARKS[event.status]} {summary}")
                    self._progress.stop_task(self._tasks[event.run])
            case RunSkipped():
                self._progress.console.print(
                    f"[dim]skipped {escape(event.run)}: {escape(event.why)}[/]", soft_wrap=True, highlight=False
                )
            case Warned():
                self._progress.console.print(
                    f"[yellow]warning:[/] {escape(event.message)}", soft_wrap=True, highlight=False
                )
            case Phase():
                if event.name not in self._tasks:
                    self._tasks[event.name] = self._progress.add_task(escape(event.name), total=event.total, numbers="")
                self._progress.update(self._tasks[event.name], completed=event.done, total=event.total)

    def _show(self, standing: Standing) -> None:
        mean_epoch = standing.done // max(standing.started.members, 1)
        self._progress.update(
            self._tasks[standing.started.run],
            completed=mean_epoch,
            numbers=escape(standing.summary()) if standing.done else "",
        )

    def close(self) -> None:
        """Leave the terminal as it was found."""
        self._progress.stop()
