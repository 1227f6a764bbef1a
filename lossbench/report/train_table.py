"""What a terminal shows after a training run: scores by part beside the dummy's, the verdict, and where the files are.

Every text from data, config or an error is a `Text`, never markup.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from lossbench.record import MetricRecord, Record, RunRecord
from lossbench.report.symptoms import symptoms
from lossbench.report.wording import listed, number

_PARTS = {"train": "train", "val": "validation", "test": "test"}


def train_report(record: Record, folder: Path) -> RenderableType:
    """Scores by part with the dummy's beside them, the verdict with what was measured, the files in `folder`."""
    parts: list[RenderableType] = []
    for run in record.runs:
        seeds = len(run.members)
        spread = f"   mean ± standard deviation of {seeds} seeds" if seeds > 1 else ""
        parts += [Text(run.name + spread, style="bold"), _train_grid(run, record.metrics), Text()]
        parts += [_verdict(run), Text()]
    said = [run.verdict.why for run in record.runs]  # with what came of it
    others = [warning for warning in record.warnings if not any(why in warning for why in said)]
    parts += [Text(f"! {warning}", style="yellow") for warning in others]
    if record.status == "interrupted":
        parts.append(Text("! interrupted: scores are of the weights at that moment", style="bold yellow"))
    files = [file for file in ("result.json", "curves.png", "weights.safetensors") if (folder / file).exists()]
    parts.append(Text(f"{folder}/" + (f"  ({', '.join(files)})" if files else ""), overflow="fold"))
    return Group(*parts)


def _train_grid(run: RunRecord, metrics: Sequence[MetricRecord]) -> Grid:
    parts = [(part, name) for part, name in _PARTS.items() if any(getattr(m, part) for m in run.members)]
    dummy_of = parts[-1][0] if parts else "test"
    grid = Grid(
        Column("metric"),
        *(Column(name, justify="right", no_wrap=True) for _, name in parts),
        Column("dummy", justify="right", no_wrap=True, style="dim"),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for metric in metrics:
        cells = [_spread([getattr(m, part).get(metric.name) for m in run.members]) for part, _ in parts]
        dummy = run.baseline.get(dummy_of, {}).get(metric.name)
        if any(cell != "–" for cell in cells):
            name = f"{metric.name} {'↑' if metric.better == 'higher' else '↓'}"
            grid.add_row(Text(name), *(Text(cell) for cell in cells), Text(_figure(dummy)))
    return grid


def _spread(values: Sequence[float | None]) -> str:
    """`0.805 ± 0.012` over the seeds; seeds without a value are counted."""
    known = [v for v in values if v is not None]
    if not known:
        return "–"
    mean = sum(known) / len(known)
    text = _figure(mean)
    if len(known) > 1:
        deviation = math.sqrt(sum((v - mean) ** 2 for v in known) / (len(known) - 1))
        text += f" ± {_figure(deviation, scale=mean)}"
    return text + (f" ({len(values) - len(known)} n/a)" if len(known) < len(values) else "")


def _figure(value: float | None, scale: float | None = None) -> str:
    """Three decimals, or as many as four digits of a larger number need."""
    size = abs(scale if scale is not None else value or 0)
    return number(value, 3 if size < 10 else max(0, 3 - int(math.log10(size))))


def _verdict(run: RunRecord) -> Text:
    """`ok: why`, and for an unsound pair the fix and what was measured."""
    style = {"ok": "green", "equivalent": "green", "degraded": "yellow", "broken": "bold magenta"}[run.verdict.level]
    text = Text(f"{run.loss.label} + {run.last_act} is {run.verdict.level}", style=style)
    text.append(f": {run.verdict.why}" if run.verdict.why else "", style="not bold")
    if run.verdict.fix:
        text.append(f"\n  fix: {run.verdict.fix}", style="not bold")
    if run.verdict.level in {"degraded", "broken"}:
        for symptom in symptoms(run):
            text.append(f"\n  measured: {symptom}", style="not bold")
    diverged = [str(m.seed) for m in run.members if m.status == "diverged"]
    if diverged:
        text.append(f"\n  diverged: {'seed' if len(diverged) == 1 else 'seeds'} {listed(diverged, 6)}", style="yellow")
    return text
