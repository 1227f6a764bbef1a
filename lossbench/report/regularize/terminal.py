"""The terminal report of `regularize-gif`: a few alphas of each penalty in numbers, and the files."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from lossbench.record import LossResult, MemberRecord, RegularizeRecord
from lossbench.report.terminal.table import plain_table

ROWS = 8  # alphas shown, first and last among them


def regularize_report(record: RegularizeRecord, folder: Path | None) -> RenderableType:
    """A table per penalty, members that did not converge marked, and the files in `folder`, if any."""
    parts: list[RenderableType] = []
    for result in record.results:
        parts += [_grid(result), Text()]
    if record.data.weights:
        parts.append(Text(record.data.weighted_text, style="dim"))
    members = [member for result in record.results for member in result.members]
    for message in dict.fromkeys(result.message for result in record.results if result.message):
        parts.append(Text(f"! diverged: {message}", style="yellow"))
    if any(not m.path_record().converged and m.status != "diverged" for m in members):
        parts.append(Text("! not converged; --max-iter allows more steps", style="yellow"))
    if record.status == "interrupted":
        parts.append(Text("! interrupted: the nets are as they were at that moment", style="bold yellow"))
    if folder is not None:
        files = [path.name for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
        parts.append(Text(f"{folder}/  ({', '.join(files)})", overflow="fold"))
    return Group(*parts)


def _grid(result: LossResult) -> Grid:
    grid = plain_table(
        title=f"{result.data}: {result.penalty_record().name} penalty, {result.loss.label} + {result.last_act}"
    )
    for name in ("alpha", "train", "test", "data loss", "penalty", "|w|_1", "|w|_2", "exact zeros"):
        grid.add_column(name, justify="right", no_wrap=True)
    last = len(result.members) - 1
    shown = sorted({round(i * last / (ROWS - 1)) for i in range(ROWS)}) if last >= ROWS else range(last + 1)
    for i in shown:
        grid.add_row(*_cells(result.members[i]))
    return grid


def _cells(member: MemberRecord) -> list[str]:
    path = member.path_record()
    mark = "" if path.converged else "! "
    numbers = [member.train.get("accuracy"), member.test.get("accuracy"), path.data_loss, path.penalty]
    numbers += [path.l1_norm, path.l2_norm]
    if member.status == "diverged":  # what was reached on the way down means nothing
        numbers[2:] = [None] * len(numbers[2:])
    figures = ["–" if value is None else f"{value:.3f}" for value in numbers]
    return [f"{mark}{path.alpha:.3g}", *figures, f"{path.zeros} of {len(path.weights)}"]
