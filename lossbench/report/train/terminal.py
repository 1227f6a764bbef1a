"""The terminal report of a training: scores by part beside the dummy's, the verdict, and the files.

Every text from data, config or an error is a `Text`, never markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from lossbench.record import LossResult, MetricRecord, TrainRecord
from lossbench.report.format import learning_rate, listed, number
from lossbench.report.symptoms import symptoms
from lossbench.report.terminal.levels import colour_of, style_of
from lossbench.report.terminal.table import plain_table
from lossbench.report.train.below_dummy import below_dummy
from lossbench.report.train.spread import PARTS, figure, spread

RECOMMENDED = "recommended"  # the role of nets that were trained for comparison with those of a broken pair


def train_report(record: TrainRecord, folder: Path | None) -> RenderableType:
    """Scores by part with the dummy's beside them, the verdict with what was measured, the files in `folder`, if any.

    Beside a broken pair stand the test scores of the pair that is recommended instead.
    """
    result = record.results[0]
    instead = next((r for r in record.results[1:] if r.members and r.members[0].role == RECOMMENDED), None)
    seeds = len(result.members)
    about = f"   mean ± standard deviation of {seeds} seeds" if seeds > 1 else ""
    about += f"   {record.data.weighted_text}" if record.data.weights else ""
    parts: list[RenderableType] = [Text(result.name + about, style="bold"), _grid(result, instead, record.metrics)]
    parts += [Text(f"dummy: {_dummy(record)}; n/a: not measured", style="dim"), Text()]
    parts += [*_diverged(result, record), *_below_dummy(result, record), *_verdict(result)]
    if instead is not None:
        parts += [_indented(line) for line in _instead(result, instead, record)]
    if (kept := _kept(result, record)) is not None:
        parts.append(kept)
    parts.append(Text())
    verdict = f"{result.loss.label} + {result.last_act} is {result.verdict.level}:"
    parts += [Text(f"! {warning}", style="yellow") for warning in record.warnings if not warning.startswith(verdict)]
    if record.status == "interrupted":
        parts.append(Text("! interrupted: scores are of the weights at that moment", style="bold yellow"))
    if folder is None:
        return Group(*parts)
    files = [file for file in ("result.json", "curves.png", "weights.safetensors") if (folder / file).exists()]
    parts.append(Text(f"{folder}/" + (f"  ({', '.join(files)})" if files else ""), overflow="fold"))
    return Group(*parts)


def _grid(result: LossResult, instead: LossResult | None, metrics: Sequence[MetricRecord]) -> Grid:
    parts = [(part, name) for part, name in PARTS.items() if any(getattr(m, part) for m in result.members)]
    last = parts[-1][0] if parts else "test"
    if instead is not None:  # 80 columns hold no more
        parts = [part for part in parts if part[0] in {"train", last}]
    grid = plain_table(
        Column("metric"),
        *(Column(name, justify="right", no_wrap=True) for _, name in parts),
        Column("dummy", justify="right", no_wrap=True, style="dim"),
        *([] if instead is None else [Column(f"{last} of {instead.last_act}", justify="right", no_wrap=True)]),
    )
    for metric in metrics:
        cells = [spread(result, part, metric) for part, _ in parts]
        beside = [] if instead is None else [spread(instead, last, metric)]
        dummy = result.dummy.get(last, {}).get(metric.name)
        # A metric that a sound loss never has (probabilities of a margin loss) is excluded, one that failed is not.
        failed = result.status == "diverged" or result.verdict.level == "broken"
        if failed or any(cell != "n/a" for cell in cells):
            name = f"{metric.name} {'↑' if metric.better == 'higher' else '↓'}"
            grid.add_row(Text(name), *map(Text, cells), Text(figure(dummy)), *map(Text, beside))
    return grid


def _indented(text: Text) -> Padding:
    """Below what it belongs to; where it is wrapped, its other lines too."""
    return Padding(text, (0, 0, 0, 2), expand=False)


def _dummy(record: TrainRecord) -> str:
    if record.data.task == "regression":
        return "predicts the training part's mean, or its median where the target is scaled by that"
    return "predicts the training part's majority class, with the classes' shares as probabilities"


def _diverged(result: LossResult, record: TrainRecord) -> Iterator[RenderableType]:
    """Which nets diverged, when, and what to try; before the verdict, which says nothing about that."""
    lost = [m for m in result.members if m.status == "diverged"]
    if not lost:
        return
    seeds, epochs = [str(m.seed) for m in lost], sorted({m.epochs for m in lost})
    when = f"epoch {epochs[0]}" + (f" to {epochs[-1]}" if len(epochs) > 1 else "")
    if len(lost) == len(result.members):
        who = "the net" if len(lost) == 1 else f"all {len(lost)} nets"
    else:
        who = f"{len(lost)} of {len(result.members)} nets ({'seed' if len(lost) == 1 else 'seeds'} {listed(seeds, 6)})"
    text = Text(f"diverged: {who}: loss or weights were no finite numbers after {when}", style="bold magenta")
    yield text
    if result.verdict.level in {"ok", "equivalent", "unknown"}:
        yield _indented(Text(f"fix: lower --lr (it was {learning_rate(lost[0].lr)})", style="magenta"))


def _below_dummy(result: LossResult, record: TrainRecord) -> Iterator[RenderableType]:
    """The alarm where a net that learnt nothing would score better."""
    if sentence := below_dummy(result, record.metrics, record.protocol.metric, record.data.dummy_name):
        yield Text(f"! {sentence}", style="bold magenta")


def _verdict(result: LossResult) -> Iterator[RenderableType]:
    """`is sound: why`, and for an unsound pair the fix and what was measured."""
    colour = colour_of(result.verdict.level)
    level = {"ok": "sound", "equivalent": "sound"}.get(result.verdict.level, result.verdict.level)
    text = Text(f"{result.loss.label} + {result.last_act} is {level}", style=style_of(result.verdict.level))
    text.append(f": {result.verdict.why}" if result.verdict.why else "", style="not bold")
    yield text
    if result.verdict.fix:
        yield _indented(Text(f"fix: {result.verdict.fix}", style=f"not bold {colour}"))
    if result.verdict.level in {"degraded", "broken"}:
        for symptom in symptoms(result):
            yield _indented(Text(f"measured: {symptom}", style=colour))


def _instead(result: LossResult, instead: LossResult, record: TrainRecord) -> Iterator[Text]:
    """`instead: nll + logsoftmax, same seeds and splits, reaches accuracy 0.811 in the test part, not 0.594`."""
    part = "test" if any(m.test for m in result.members) else "train"
    metric = next((m for m in record.metrics if m.name == record.protocol.metric), record.metrics[0])
    here, there = spread(result, part, metric), spread(instead, part, metric)
    name = f"{instead.loss.label} + {instead.last_act}"
    text = f"instead: {name}, on the same seeds and splits, has {metric.name} {there} on the {part} part, not {here}"
    ended = instead.diagnostics.final_train_loss
    yield Text(text + ("" if ended is None else f"; its loss ended at {number(ended.mean, 3)}"), style="green")


def _kept(result: LossResult, record: TrainRecord) -> Text | None:
    """Whose weights were scored and kept, where the best epoch by validation was another one."""
    best = sorted(m.best_epoch for m in result.members if m.best_epoch)
    if not best or record.protocol.keep != "last" or all(m.best_epoch == m.epochs for m in result.members):
        return None
    which = f"epoch {best[0]}" if best[0] == best[-1] else f"epochs {best[0]} to {best[-1]}"
    metric = record.protocol.metric
    text = f"kept: the last epoch's weights; best by validation {metric}: {which} (--set early_stopping.keep=best)"
    return Text(text, style="dim")
