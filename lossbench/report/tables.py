"""What a terminal shows after a run: the answer, one table, and where the files are. 80 columns are enough.

Every text from data, config or an error is a `Text`, never markup: square brackets stay what they are.
"""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from lossbench.record import Record
from lossbench.report.comparison import compare
from lossbench.report.evidence import Across, Comparison, Row, Table, Word
from lossbench.report.wording import interval, learning_rate, number, p_value, probability

# One character says what the data say of a loss, for those who see no colours.
MARKS: dict[Word, tuple[str, str]] = {
    "baseline": ("*", "bold"),
    "better": ("+", "bold cyan"),
    "worse": ("-", "yellow"),
    "practically equal": ("=", ""),
    "not distinguishable": ("?", ""),
    "same objective": ("≡", "dim"),
    "broken": ("!", "magenta"),
    "failed": ("x", "magenta"),
    "interrupted": ("…", "dim"),
}
_WIDE = 132  # columns from which intervals are written out and activations have a column


class ComparisonGrid:
    """The table of one data set: narrow with `±`, wide with intervals, as the terminal allows."""

    def __init__(self, table: Table, metric: str) -> None:
        self.table, self.metric = table, metric

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._grid(wide=options.max_width >= _WIDE)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(80, options.max_width), options.max_width)

    def _grid(self, *, wide: bool) -> Grid:
        diverged = any(row.diverged for row in self.table.rows)
        right = [
            self.metric,
            "difference",
            *(["P(better)", "P(equal)", "p (Holm)"] if wide else ["P>", "P=", "p"]),
            "lr",
        ]
        columns = [
            Column("", width=1),
            Column("#", justify="right"),
            Column("loss", overflow="fold", min_width=12),
            *([Column("activation")] if wide else []),
            *(Column(name, justify="right", no_wrap=True, overflow="ellipsis") for name in right),
            *([Column("diverged" if wide else "div", justify="right")] if diverged else []),
        ]
        grid = Grid(*columns, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
        for row in self.table.rows:
            mark, style = MARKS[row.word]
            cells = [mark, "–" if row.rank is None else str(row.rank), row.loss if wide else row.name]
            cells += [row.last_act] if wide else []
            cells += self._numbers(row, wide=wide)
            cells += [str(row.diverged)] if diverged else []
            grid.add_row(*(Text(cell) for cell in cells), style=style)
        return grid

    def _numbers(self, row: Row, *, wide: bool) -> list[str]:
        d = self.table.decimals
        if wide:
            mean = number(row.mean, d) + (f" {interval(row.low, row.high, d)}" if row.low is not None else "")
            by = number(row.difference, d, sign=True)
            by += f" {interval(row.difference_low, row.difference_high, d, sign=True)}"
            rest = [probability(row.p_better), probability(row.p_equal), p_value(row.p_holm)]
        else:
            mean = f"{number(row.mean, d)}{_half(row.mean, row.low, row.high, d)}"
            by = number(row.difference, d, sign=True)
            by += _half(row.difference, row.difference_low, row.difference_high, d)
            rest = [_short(row.p_better), _short(row.p_equal), _short(row.p_holm, 3)]
        return [mean, by if row.difference is not None else "–", *rest, learning_rate(row.lr)]


def _half(mean: float | None, low: float | None, high: float | None, decimals: int) -> str:
    """`±.021`: half the width of an interval, which lies evenly around its mean unless it was cut at one end."""
    if mean is None or low is None or high is None:
        return ""
    return f"±{number(max(mean - low, high - mean), decimals).removeprefix('0')}"


def _short(p: float | None, decimals: int = 2) -> str:
    """`.97`, `>.99`, `<.001`: a probability without its zero, and never a 0 that was only rounded to it."""
    if p is None:
        return "–"
    least = 10.0**-decimals
    if p == 1 or least <= p <= 1 - least:
        return f"{p:.{decimals}f}".removeprefix("0") if p < 1 else "1"
    return ("<" if p < 0.5 else ">") + f"{least if p < 0.5 else 1 - least:.{decimals}f}".removeprefix("0")


def comparison_report(record: Record, folder: Path) -> RenderableType:
    """The sentence, a table per data set, what the marks mean, what to know, and the files in `folder`."""
    comparison = compare(record)
    parts: list[RenderableType] = [Text(comparison.sentence, style="bold"), Text()]
    parts += [Text(f"! {banner}", style="bold yellow") for banner in comparison.banners]
    for across in comparison.across:
        parts += [_across_grid(across), Text()]
    for table in comparison.tables:
        if len(comparison.tables) > 1:
            parts.append(Text(table.title, style="bold"))
        parts += [ComparisonGrid(table, comparison.metric), Text()]
    parts.append(_marks(comparison))
    several = len(comparison.tables) > 1
    for table in comparison.tables:
        parts += [Text(f"· {table.title}: {note}" if several else f"· {note}") for note in table.notes]
    parts += [Text(f"· {warning}") for warning in record.warnings]
    parts.append(Text(f"{folder / 'report.html'}", style="bold", overflow="fold"))
    return Group(*parts)


def _marks(comparison: Comparison) -> Text:
    used = {row.word for table in comparison.tables for row in table.rows}
    marks = "   ".join(f"{mark} {word}" for word, (mark, _) in MARKS.items() if word in used)
    rope = f"±{comparison.rope:g} (ROPE)"
    columns = f"P>, P(better): probability of it; P=, P(equal): of being within {rope}; p: after Holm"
    return Text(f"{marks}\n{columns}", style="dim")


def _across_grid(across: Across) -> Grid:
    names = ["average rank", "gain", "P>", "P=", "p"]
    grid = Grid(
        Column("", width=1),
        Column("loss", overflow="fold", min_width=12),
        *(Column(name, justify="right", no_wrap=True) for name in names),
        title=Text(across.title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for row in across.rows:
        mark, style = MARKS[row.word]
        numbers = [number(row.average_rank, 2), number(row.gain, sign=True)]
        numbers += [_short(row.p_better), _short(row.p_equal), _short(row.p_holm, 3)]
        grid.add_row(*(Text(cell) for cell in [mark, row.name, *numbers]), style=style)
    return grid
