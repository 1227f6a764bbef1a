r"""Record -> a LaTeX table for a paper: booktabs, the best in bold, what may be the best marked, everything escaped.

Of a comparison a row is a loss; of several settings each is a column, of many there are several tables. Of a training a
row is a metric. The tables are in ASCII but for what names have beyond it, and need no package but booktabs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lossbench.errors import counted
from lossbench.export.files import made_parent
from lossbench.export.formats import ExportedRun
from lossbench.record import BEST_BASELINE, CompareRecord, TrainRecord, written_aside
from lossbench.record.comparison import COMPARED, Comparison, ComparisonRow, ComparisonTable, Word
from lossbench.report.compare.analysis.comparison import compare, evidence_of
from lossbench.report.compare.columns import half_width
from lossbench.report.format import interval, number, p_value
from lossbench.report.train.spread import PARTS, figure, spread
from lossbench.version import __version__

MOST_COLUMNS = 5  # settings side by side on a page
MARK = r"$^{\dagger}$"
_NO_CANDIDATES: frozenset[Word] = frozenset({"broken", "failed", "diverged", "interrupted"})

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
    "`": r"\textasciigrave{}",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "–": "{--}",  # apart from a dash beside it
    "…": r"\dots{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
}


def escaped(text: str) -> str:
    """A text that LaTeX shows as it is, on one line; no ligature is made of dashes, and no argument of brackets."""
    plain = "".join(char if char.isprintable() else " " for char in " ".join(text.split()))
    shown = "-{}".join("".join(_ESCAPES.get(char, char) for char in part) for part in re.split("-(?=-)", plain))
    return f"{{}}{shown}" if shown[:1] in {"[", "*"} else shown


@dataclass(frozen=True)
class _Tabular:
    """One table float. Cells, heads and the caption are LaTeX already; `columns` is one letter each."""

    caption: str
    label: str
    columns: str
    head: Sequence[str]
    groups: Sequence[Sequence[Sequence[str]]]  # rows, with a rule between groups

    def lines(self) -> Iterator[str]:
        yield r"\begin{table}[tbp]"
        yield r"\centering"
        yield rf"\caption{{{self.caption}}}"
        yield rf"\label{{{self.label}}}"
        yield rf"\begin{{tabular}}{{@{{}}{self.columns}@{{}}}}"
        yield r"\toprule"
        yield " & ".join(self.head) + r" \\"
        for rows in self.groups:
            yield r"\midrule"
            yield from (" & ".join(row) + r" \\" for row in rows)
        yield r"\bottomrule"
        yield r"\end{tabular}"
        yield r"\end{table}"


def write(run: ExportedRun, out: str) -> list[str]:
    """Write the table of a training or a comparison."""
    path = made_parent(out)
    with written_aside(path) as file:
        file.write(latex(run.record).encode())
    return [f"latex: {path}"]


def latex(record: object) -> str:
    """The tables of a record, behind a comment that says what they need."""
    assert isinstance(record, TrainRecord | CompareRecord), "formats.py says so"
    tables = _training(record) if isinstance(record, TrainRecord) else _comparison(record)
    head = [f"% lossbench {__version__}: needs \\usepackage{{booktabs}}"]
    return "\n".join([*head, *("\n".join(["", *one.lines()]) for one in tables)]) + "\n"


def _label(*words: str) -> str:
    return "tab:" + re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")


def _metric(name: str, better: str) -> str:
    return escaped(f"{name} {'↑' if better == 'higher' else '↓'}")


def _training(record: TrainRecord) -> Iterator[_Tabular]:
    """Scores by part over the seeds, of the pair requested and of one that is recommended instead."""
    data, first = record.data, record.results[0]
    parts = [(part, name) for part, name in PARTS.items() if any(getattr(m, part) for m in first.members)]
    last = parts[-1][0] if parts else "test"
    seeds = len(first.members)
    groups = []
    for result in record.results:
        title = escaped(f"{result.loss.label} + {result.last_act}")
        rows = []
        for metric in record.metrics:
            cells = [spread(result, part, metric) for part, _ in parts]
            if any(cell != "n/a" for cell in cells):
                dummy = figure(result.dummy.get(last, {}).get(metric.name))
                rows.append([title, _metric(metric.name, metric.better), *map(escaped, cells), escaped(dummy)])
                title = ""
        groups.append(rows or [[title, "", *("--" for _ in parts), "--"]])
    over = f"mean $\\pm$ standard deviation of {counted(seeds, 'seed')}" if seeds > 1 else "one seed"
    caption = (
        f"Scores on {escaped(data.name)} by part ({over}). Dummy: the prediction that ignores the features, on the"
        f" {PARTS[last]} part.{_unfinished(record.status)}"
    )
    head = ["Loss + last activation", "Metric", *(name.capitalize() for _, name in parts), "Dummy"]
    yield _Tabular(caption, _label(record.name), "ll" + "r" * (len(parts) + 1), head, groups)


def _unfinished(status: str) -> str:
    return " Partial: the run is not finished." if status == "interrupted" else ""


def _comparison(record: CompareRecord) -> Iterator[_Tabular]:
    """One setting with its statistics, or up to so many settings side by side in each table."""
    found, best = evidence_of(record), _best_of_each(record)
    if len(found.tables) == 1:
        yield _one_setting(record, found, best)
        return
    for start in range(0, len(found.tables), MOST_COLUMNS):
        part = slice(start, start + MOST_COLUMNS)
        number = f"{start // MOST_COLUMNS + 1}" if len(found.tables) > MOST_COLUMNS else ""
        yield _several_settings(record, found, found.tables[part], best[part], number)


@dataclass(frozen=True)
class _Best:
    """In one setting, the losses of the best mean, and those not excluded as the best (None: not tested)."""

    first: frozenset[str]
    may_be: frozenset[str] | None

    def cell(self, row: ComparisonRow, text: str) -> str:
        """A score, in bold or marked. Names of one objective share what is said of the first of them."""
        name = row.same_as or row.name
        if name in self.first:
            return rf"\textbf{{{text}}}"
        return text + MARK if self.may_be is not None and name in self.may_be else text


def _best_of_each(record: CompareRecord) -> list[_Best]:
    """What may be best comes from the same evidence with the best loss as baseline, which is corrected for choosing it
    after looking."""
    protocol = record.protocol.model_copy(update={"baseline": BEST_BASELINE})
    tables = compare(record.model_copy(update={"protocol": protocol, "analysis": None})).tables
    best = []
    for table in tables:
        ranks = {row.name: row.rank for row in table.rows if row.rank is not None and row.word not in _NO_CANDIDATES}
        first = frozenset(name for name, rank in ranks.items() if rank == min(ranks.values()))
        best.append(_Best(first, None if table.may_be_best is None else frozenset(table.may_be_best)))
    return best


def _marks(record: CompareRecord, best: Sequence[_Best]) -> str:
    """What bold and the dagger mean."""
    told = "Bold: the best mean."
    if all(one.may_be is None for one in best):
        return told + " Too few splits to test which others may be the best."
    chance = f"{100 * record.protocol.alpha:g}"
    return (
        f"{told} {MARK}: not distinguishable from the best (not excluded as the best of all losses of its column at a"
        rf" family-wise error of {chance}\%)."
    )


def _protocol(record: CompareRecord, tables: Sequence[ComparisonTable]) -> str:
    splits = sorted({table.splits for table in tables})
    count = counted(splits[0], "split") if len(splits) == 1 else f"{splits[0]} to {splits[-1]} splits"
    return f"{count}, {escaped(record.protocol.scheme)}"


def _one_setting(record: CompareRecord, found: Comparison, best: Sequence[_Best]) -> _Tabular:
    table = found.tables[0]
    decimals, single = table.decimals, "" if table.single else "simultaneous "
    rows = [
        [
            *_names(row),
            best[0].cell(row, escaped(number(row.mean, decimals))),
            escaped(interval(row.low, row.high, decimals)),
            escaped(number(row.difference, decimals, sign=True)),
            escaped(interval(row.difference_low, row.difference_high, decimals, sign=True)),
            escaped(p_value(row.p_adjusted)) if row.word in COMPARED else escaped(row.word),
        ]
        for row in table.rows
    ]
    caption = (
        f"Losses on {escaped(table.title)} by mean test {escaped(found.metric)} with its 95\\% interval"
        f" ({_protocol(record, found.tables)}). Differences to {escaped(table.baseline)} with {single}95\\%"
        f" intervals; p adjusted for all comparisons. {_marks(record, best)}{_unfinished(record.status)}"
    )
    head = ["Loss", "Last activation", _metric(found.metric, found.better), r"95\% interval", "Difference"]
    return _Tabular(
        caption,
        _label(record.name),
        "llrrrrr",
        [*head, r"95\% interval", "p"],
        [rows, *_dummies([table], 4)],
    )


def _several_settings(
    record: CompareRecord, found: Comparison, tables: Sequence[ComparisonTable], best: Sequence[_Best], place: str
) -> _Tabular:
    names = dict.fromkeys(row.name for table in tables for row in table.rows)
    by_name = [{row.name: row for row in table.rows} for table in tables]
    rows = []
    for name in names:
        first = next(rows[name] for rows in by_name if name in rows)
        cells = []
        for mine, table, one in zip(by_name, tables, best, strict=True):
            row = mine.get(name)
            cells.append("--" if row is None else _score(row, table, one))
        rows.append([*_names(first), *cells])
    caption = (
        f"Losses by mean test {_metric(found.metric, found.better)} $\\pm$ half the width of its 95\\% interval"
        f" ({_protocol(record, tables)}). {_marks(record, best)}{_unfinished(record.status)}"
    )
    head = ["Loss", "Last activation", *(escaped(table.title) for table in tables)]
    groups = [rows, *_dummies(tables, 0)]
    return _Tabular(caption, _label(record.name, place), "ll" + "r" * len(tables), head, groups)


def _names(row: ComparisonRow) -> list[str]:
    return [escaped(row.loss), escaped(row.last_act)]


def _score(row: ComparisonRow, table: ComparisonTable, best: _Best) -> str:
    if row.mean is None:
        return escaped(row.word)
    spread = half_width(row.mean, row.low, row.high, table.decimals)
    text = escaped(number(row.mean, table.decimals) + spread.replace("±.", "±0.").replace("±", " ± "))
    return best.cell(row, text)


def _dummies(tables: Sequence[ComparisonTable], more: int) -> list[list[list[str]]]:
    """Last, below a rule: what every loss has to beat."""
    if all(table.dummy is None for table in tables):
        return []
    name = tables[0].dummy_name if len({table.dummy_name for table in tables}) == 1 else "dummy"
    scores = [escaped(number(table.dummy, table.decimals)) for table in tables]
    return [[[escaped(name), "", *scores, *[""] * more]]]
