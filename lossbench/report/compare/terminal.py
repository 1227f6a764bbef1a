"""The terminal report of a comparison: the conclusion, a table per data set, and the files.

Every text from data, config or an error is a `Text`, never markup: square brackets stay what they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from lossbench.errors import counted
from lossbench.record import CompareRecord
from lossbench.record.comparison import Across, Comparison, ComparisonTable, Sensitivity
from lossbench.report.compare.analysis.comparison import evidence_of
from lossbench.report.compare.analysis.level_counts import ConditionCounts, level_counts
from lossbench.report.compare.analysis.multiple_datasets import RANK_WARNING
from lossbench.report.compare.columns import RAW_SCORE, half_width, short_p
from lossbench.report.compare.contents import FIRST, WHOLE
from lossbench.report.compare.terminal_table import MARKS, ComparisonGrid
from lossbench.report.format import learning_rate, number
from lossbench.report.terminal.table import plain_table


def comparison_report(record: CompareRecord, folder: Path | None) -> RenderableType:
    """The sentence, a table per data set, what the marks mean, what to know, and the files in `folder`, if any."""
    page = (folder or Path()) / "report.html"
    comparison = evidence_of(record)
    parts: list[RenderableType] = [Text(comparison.sentence, style="bold"), Text()]
    parts += [Text(f"! {banner}", style="bold yellow") for banner in comparison.banners]
    across = _first(comparison.across)
    for one in across:
        parts += [_across_grid(one, ranks=comparison.ranks), Text(one.omnibus)]
        parts += [Text(RANK_WARNING, style="yellow")] if comparison.ranks else []
        parts.append(Text())
    parts += _rest(len(comparison.across) - len(across), "combination of the conditions' levels", page)
    if len(comparison.sensitivity) <= WHOLE:
        for sensitivity in comparison.sensitivity:
            parts += [_sensitivity_grid(sensitivity, comparison.metric), Text()]
    else:
        for count in level_counts(comparison.sensitivity):
            parts += [_counts_grid(count), Text()]
    several, tables = len(comparison.tables) > 1, _first(comparison.tables)
    for table in tables:
        if several:
            changed = f": {table.realised_text}" if table.realised_text else ""
            partial = " (partial)" if table.missing else ""
            parts.append(Text(f"{table.title}{partial}{changed}", style="bold"))
        parts += [ComparisonGrid(table, comparison.metric), Text()]
    parts += _rest(len(comparison.tables) - len(tables), "setting", page)
    parts.append(_legend(tables, comparison, record))
    for table in tables:
        parts += [Text(f"· {table.title}: {note}" if several else f"· {note}") for note in table.notes]
    parts += [Text(f"· {one.name}: {one.weighted_text}") for one in record.data if one.weights]
    parts += [Text(f"· {note}") for note in [*comparison.notes, *_first(comparison.warnings)]]
    left = len(comparison.warnings) - len(_first(comparison.warnings))
    parts += [Text(f"· {counted(left, 'more warning is', 'more warnings are')} in report.html")] if left else []
    if folder is not None:
        parts.append(Text(str(page), style="bold", overflow="fold"))
    return Group(*parts)


Some = TypeVar("Some")


def _first(items: list[Some]) -> list[Some]:
    """All of a few, the first of many."""
    return items if len(items) <= WHOLE else items[:FIRST]


def _rest(count: int, what: str, page: Path) -> list[RenderableType]:
    """Where those are that are not shown."""
    if not count:
        return []
    more = counted(count, f"more {what} is", f"more {what}s are")
    return [Text(f"{more} in {page}", style="bold", overflow="fold"), Text()]


def _legend(tables: list[ComparisonTable], comparison: Comparison, record: CompareRecord) -> Text:
    """What marks and columns mean, of those that are used."""
    rows = [row for table in tables for row in table.shown]
    used = {row.word for row in rows}
    lines = ["   ".join(f"{mark} {word}" for word, (mark, _) in MARKS.items() if word in used)]
    if any(row.p_better is not None for row in rows):
        lines.append(
            f"P>, P(better): probability of being better by more than the ROPE, {comparison.rope_text}; P=, P(equal):"
            " of lying within it"
        )
        single = any(table.single for table in tables)
        lines.append(
            "difference: 95% intervals of single comparisons, as requested; of many, some exclude 0 by chance. p is"
            " adjusted for all comparisons"
            if single
            else "difference: simultaneous 95% intervals, which hold for all comparisons of a table at once; one"
            f" excludes 0 exactly where the adjusted p is below {comparison.alpha:g}"
        )
    if any(row.failed_splits for row in rows):
        lines.append("failed, div: splits on which its net diverged or gave no score, and the share's 95% interval")
    if any(row.grid_edge for row in rows):
        lines.append("edge: share of the splits that chose an end of the learning-rate grid")
    if any(row.untuned is not None for row in rows):
        lr = record.protocol.default_lr
        at = f" ({learning_rate(lr)})" if lr else ""
        lines.append(f"untuned: score with the default learning rate{at} and default parameters")
    if any(row.raw is not None for row in rows):
        lines.append(f"raw: {RAW_SCORE}")
    return Text("\n".join(lines), style="dim")


def _plain_grid(title: str, columns: list[str]) -> Grid:
    return plain_table(
        Column("", width=1),
        Column("loss", overflow="fold", min_width=12),
        *(Column(name, justify="right", no_wrap=True) for name in columns),
        title=title,
        padding=(0, 1, 0, 0),
    )


def _across_grid(across: Across, *, ranks: bool) -> Grid:
    grid = _plain_grid(across.title, [*(["average rank"] if ranks else []), "median gain", "P>", "P=", "p"])
    for row in across.rows:
        mark, style = MARKS[row.word]
        numbers = [number(row.average_rank, 2)] if ranks else []
        numbers += [number(row.gain, sign=True), short_p(row.p_better), short_p(row.p_equal), short_p(row.p_holm, 3)]
        grid.add_row(*(Text(cell) for cell in [mark, row.name, *numbers]), style=style)
    return grid


def _counts_grid(count: ConditionCounts) -> Grid:
    """In how many comparisons each loss gives up less or more than the baseline."""
    title = f"by {count.condition.label}: gives up less or more than {count.baseline} in {count.count} comparisons"
    grid = _plain_grid(title, ["less", "more", "not distinguishable"])
    for row in count.rows:
        grid.add_row(*(Text(cell) for cell in ["", row.name, str(row.less), str(row.more), str(row.open)]))
    return grid


def _sensitivity_grid(found: Sensitivity, metric: str) -> Grid:
    """Losses by levels of a condition, the least cost first, and what it costs each beside the baseline."""
    levels = [level for level, _ in found.columns]
    title = f"{found.title}: {metric} by {found.condition.label}"
    grid = _plain_grid(title, [*levels, "lost", "less than baseline", "p"])
    d = found.decimals
    for row in found.rows:
        mark, style = MARKS[row.word]
        less = number(row.saved, d, sign=True) + half_width(row.saved, row.saved_low, row.saved_high, d)
        cells = [mark, row.name, *(number(mean, d) for mean in row.means), number(row.cost, d), less]
        grid.add_row(*(Text(cell) for cell in [*cells, short_p(row.p_adjusted, 3)]), style=style)
    if any(dummy is not None for dummy in found.dummies):
        cells = ["", found.dummy_name, *(number(dummy, d) for dummy in found.dummies)]
        grid.add_row(*map(Text, cells), style="dim")
    return grid
