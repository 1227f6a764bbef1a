"""Prints plans, tables, diagnoses and predictions. Texts from data are never read as markup."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.several_targets import takes_several
from lossbench.catalog.vocabulary import Task
from lossbench.data.table import level
from lossbench.errors import counted
from lossbench.experiments.setup.metric_choice import BETTER_METRICS, rare_class
from lossbench.printable import printable
from lossbench.record import written_aside
from lossbench.report.csv_text import csv_text
from lossbench.report.terminal.levels import BAD, style_of
from lossbench.report.terminal.table import console, plain_table
from lossbench.rich_console import PrintableConsole

if TYPE_CHECKING:
    from lossbench.data.describe import Description
    from lossbench.experiments.compare.plan import ComparePlan
    from lossbench.experiments.compare.time_estimate import WorkEstimate
    from lossbench.experiments.doctor import Diagnosis, Finding
    from lossbench.experiments.train.predictions import Predicted


def grid(columns: Sequence[str], rows: Iterable[Sequence[str]], *, style_by: int | None = None) -> Grid:
    """A table; `style_by` is the column whose word (a level) colours it."""
    made = plain_table(*(Column(name, overflow="fold") for name in columns))
    for row in rows:
        cells = [Text(cell) for cell in row]
        if style_by is not None:
            cells[style_by].stylize(style_of(row[style_by]))
        made.add_row(*cells)
    return made


def show_plan(plan: ComparePlan, work: WorkEstimate, jobs: int) -> None:
    """What a comparison would run, and how long it would take here on so many processes."""
    from lossbench.experiments.compare.protocol import trials_in_words

    screen = console()
    for entry in plan.tables:
        per_loss = plan.members(entry)
        screen.print(
            Text(
                f"{entry.table.name}: {len(entry.folds)} splits, {per_loss} nets for each loss"
                + (f" in each of {len(plan.grid)} settings" if len(plan.grid) > 1 else "")
            )
        )
        rows = [
            (
                candidate.label + (" (baseline)" if candidate.name == plan.baseline else ""),
                candidate.pair.activation.name,
                candidate.pair.verdict.level.value,
                candidate.pair.verdict.why,
            )
            for candidate in entry.selection.candidates
        ]
        screen.print(grid(["loss", "last_act", "verdict", "why"], rows, style_by=2))
        for left in entry.selection.excluded:
            screen.print(Text(f"excluded: {left.name}: {left.why}"), style="dim", soft_wrap=True)
        screen.print()
    trials = trials_in_words(plan.config, plan.space)
    screen.print(Text(f"{plan.trials} trials a split: {trials}"), soft_wrap=True)
    seconds = work.seconds / jobs
    minutes = f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
    units = plan.evaluations * plan.protocol.repeats
    summary = (
        f"in all {counted(units, 'unit')} of work, at most {work.members:,} nets and {work.steps:,} steps:"
        f" about {minutes} on {counted(jobs, 'process', 'processes')} of this machine"
    )
    screen.print(Text(summary), style="bold", soft_wrap=True)


def show_data(found: Description) -> None:
    """What is understood of a table, and the losses that suit its task."""
    screen = console()
    size = f"{counted(found.rows, 'row')}, {counted(len(found.columns), 'column')} beside the target"
    screen.print(Text(f"{found.name}: {size}, {found.task}"), style="bold")
    screen.print(Text(f"target {found.target}: {found.target_example}"), soft_wrap=True)
    if found.classes:
        counts = ", ".join(f"{label} {count}" for label, count in found.classes[:12])
        screen.print(Text(f"classes: {counts}" + (", ..." if len(found.classes) > 12 else "")), soft_wrap=True)
    rows = [
        (
            c.name,
            c.kind + " (requested)" * c.requested,
            str(c.gaps),
            str(c.distinct),
            c.example,
            c.use + (f": {c.why}" if c.why else ""),
        )
        for c in found.columns
    ]
    screen.print(grid(["column", "kind", "gaps", "distinct", "values", "what happens to it"], rows))
    for note in found.notes:
        screen.print(Text(f"{level(note)}: {note}"), soft_wrap=True)
    labels, sizes = [label for label, _ in found.classes], [size_of for _, size_of in found.classes]
    if not found.soft and (rare := rare_class(labels, sizes)):
        screen.print(Text(f"warning: {rare}; {BETTER_METRICS}"), soft_wrap=True)
    task = Task(found.task)
    if found.inputs:
        screen.print(Text(f"{counted(found.inputs, 'input')} after encoding"), soft_wrap=True)
        suiting = [loss for loss in LOSSES if task in loss.targets and _takes(loss, found)]
        names = ", ".join(loss.name for loss in suiting if loss.common)
        others = len(suiting) - sum(loss.common for loss in suiting)
        screen.print(Text(f"losses for it: {names} and {others} more (`lossbench losses --task {task}`)"))
    for why in found.stops:
        screen.print(Text(f"train would stop: {why}"), style=BAD, soft_wrap=True)


def _takes(loss: Loss, found: Description) -> bool:
    """Whether the loss takes such a target: probabilities, or several numbers."""
    return bool(loss.soft) if found.soft else found.targets < 2 or takes_several(loss)


@contextlib.contextmanager
def watching(what: str) -> Iterator[Callable[[str], None]]:
    """On a terminal, a line on standard error that says what is being done, gone afterwards; nothing off it."""
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    with PrintableConsole(stderr=True).status(Text(what)) as status:
        yield lambda step: status.update(Text(f"{what}: {step}"))


def show_diagnosis(diagnosis: Diagnosis, *, as_json: bool, verbose: bool = False) -> None:
    """The doctor's findings: in short, tasks together and how it was measured where all is not well; or one by one."""
    if as_json:
        sys.stdout.write(diagnosis.to_json())
        return
    screen = console()
    title = f"{diagnosis.loss}: {diagnosis.formula}" if diagnosis.formula else diagnosis.loss
    screen.print(Text(title), style="bold", soft_wrap=True)
    several = len({finding.task for finding in diagnosis.findings}) > 1
    names = (["task"] if several else []) + ["check", "level", "finding", "how it was measured"]
    rows = [
        ([tasks] if several else []) + [f.check, f.level, f.finding, f.measured if verbose or f.level != "ok" else ""]
        for tasks, f in (_one_by_one(diagnosis) if verbose else _together(diagnosis))
    ]
    screen.print(grid(names, rows, style_by=names.index("level")))
    if not verbose:
        screen.print(Text("--verbose says of each finding how it was measured"), style="dim", soft_wrap=True)


def _one_by_one(diagnosis: Diagnosis) -> Iterable[tuple[str, Finding]]:
    return ((finding.task, finding) for finding in diagnosis.findings)


def _together(diagnosis: Diagnosis) -> Iterable[tuple[str, Finding]]:
    """Findings that read the same on several tasks once; those of one check below each other; skipped ones together."""
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    skipped: dict[tuple[str, str], list[Finding]] = {}
    for finding in diagnosis.findings:
        if finding.level == "skipped":
            skipped.setdefault((finding.task, finding.finding), []).append(finding)
        else:
            alike.setdefault((finding.check, finding.level, finding.finding), []).append(finding)
    checks = list(dict.fromkeys(check for check, _, _ in alike))
    every = len({finding.task for finding in diagnosis.findings})
    for same in sorted(alike.values(), key=lambda same: checks.index(same[0].check)):
        tasks = list(dict.fromkeys(finding.task for finding in same))
        yield "all" if len(tasks) == every else ", ".join(tasks), same[0]
    for (task, _), left in skipped.items():
        yield task, replace(left[0], check=", ".join(finding.check for finding in left))


def show_predictions(predicted: Predicted, out: Path | None) -> None:
    """Predictions as CSV, to a file or to standard output; notes go to standard error."""
    for note in predicted.notes:
        print(printable(f"{level(note)}: {note}"), file=sys.stderr)
    text = csv_text([predicted.columns, *zip(*predicted.columns.values(), strict=True)])
    if out is None:
        sys.stdout.write(printable(text, keep="\n") if sys.stdout.isatty() else text)
        return
    with written_aside(out) as file:
        file.write(text.encode(errors="replace"))
    print(f"{counted(len(next(iter(predicted.columns.values()))), 'prediction')} in {out}", file=sys.stderr)
