"""Record -> comparison.md: the sentence, a table per data set and the protocol, for a pull request or a lab book."""

from __future__ import annotations

import re

from lossbench.record import CompareRecord
from lossbench.record.comparison import Across, Comparison, ComparisonRow, ComparisonTable, Sensitivity
from lossbench.report.compare.analysis.multiple_datasets import RANK_WARNING
from lossbench.report.compare.columns import shown_columns
from lossbench.report.format import interval, learning_rate, number, p_value, probability

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$!])")


def plain(text: str) -> str:
    """A text from data or config that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def comparison_markdown(record: CompareRecord, comparison: Comparison) -> str:
    """The whole comparison as Markdown."""
    parts = [f"# {plain(record.name)}", f"**{plain(comparison.sentence)}**"]
    parts += [f"> **{plain(banner)}**" for banner in comparison.banners]
    parts += [part for across in comparison.across for part in _across(across, ranks=comparison.ranks)]
    parts += [part for found in comparison.sensitivity for part in _sensitivity(found, comparison.metric)]
    parts += [part for table in comparison.tables for part in _table(table, comparison.metric)]
    known = [
        f"P(better): probability of being better by more than the ROPE, {comparison.rope_text}; P(equal): of a"
        " difference within it."
    ]
    if any(not table.single for table in comparison.tables):
        known.append(
            "The intervals of differences hold for all comparisons of a table at once; one excludes 0 exactly where"
            f" p (adjusted) is below {comparison.alpha:g}."
        )
    if any(table.dummy is not None for table in comparison.tables):
        known.append("dummy: the prediction that ignores the features.")
    if (default := record.protocol.default_lr) is not None:
        known.append(
            f"untuned: score with the default learning rate ({learning_rate(default)}) and default parameters."
        )
    known.append("edge: share of the splits that chose an end of the learning-rate grid.")
    parts.append("\n".join(f"- {plain(note)}" for note in [*known, *comparison.notes, *comparison.warnings]))
    if text := record.protocol.text:
        parts += ["## Protocol", "\n".join(f"- {plain(sentence)}" for sentence in text)]
    if record.command:
        parts += ["## Reproduce", _fenced(record.command)]
    return "\n\n".join(parts) + "\n"


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max((len(result) for result in re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def _lines(head: list[str], rows: list[list[str]]) -> str:
    marks = ["---" if i < 2 else "---:" for i in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, marks, *rows])


def _table(table: ComparisonTable, metric: str) -> list[str]:
    columns = shown_columns(table)
    head = ["loss", "finding", "rank", *(plain(column.title(metric)) for column in columns)]
    parts = [f"## {plain(table.title)}", plain(table.sentence)]
    if table.changed:
        parts.append(plain(f"{table.changed}."))
    rows = [[*_identity(row, table), *(column.full(row, table) for column in columns)] for row in table.shown]
    if table.dummy is not None:  # last: the majority class or the mean, what all losses have to beat
        cells = [table.dummy_name, "dummy", "–", number(table.dummy, table.decimals)]
        rows.append(cells + ["–"] * (len(head) - len(cells)))
    parts.append(_lines(head, rows))
    if table.notes:
        parts.append("\n".join(f"- {plain(note)}" for note in table.notes))
    return parts


def _identity(row: ComparisonRow, table: ComparisonTable) -> list[str]:
    """The loss, what was found of it, and its rank."""
    beside = f"; {row.beside_dummy} than the {table.dummy_name}" if row.beside_dummy in {"not better", "worse"} else ""
    return [
        plain(f"{row.loss} + {row.last_act}" if row.last_act else row.loss),
        row.word + (f" ({plain(row.same_as)})" if row.same_as else "") + beside,
        "–" if row.rank is None else str(row.rank),
    ]


def _across(across: Across, *, ranks: bool) -> list[str]:
    head = ["loss", "verdict", *(["average rank"] if ranks else []), "IQM gain", "95%", "median gain", "P(better)"]
    head += ["P(equal)", "p (Holm)"]
    rows = [
        [
            plain(row.name),
            row.word,
            *([number(row.average_rank, 2)] if ranks else []),
            number(row.iqm),
            interval(row.iqm_low, row.iqm_high),
            number(row.gain, sign=True),
            probability(row.p_better),
            probability(row.p_equal),
            p_value(row.p_holm),
        ]
        for row in across.rows
    ]
    parts = [f"## {across.title}", plain(across.sentence), _lines(head, rows), plain(across.omnibus)]
    return [*parts, f"> **{plain(RANK_WARNING)}**"] if ranks else parts


def _sensitivity(found: Sensitivity, metric: str) -> list[str]:
    """Losses by levels of a condition, and what it costs each beside what it costs the baseline."""
    levels = [level + (f" ({realised})" if realised else "") for level, realised in found.columns]
    less = f"less than {plain(found.baseline)}"
    head = ["loss", "verdict", *levels, "lost", less, "95% simultaneous", "p (adjusted)"]
    d = found.decimals
    rows = [
        [
            plain(f"{row.loss} + {row.last_act}"),
            row.word,
            *(number(mean, d) for mean in row.means),
            number(row.cost, d),
            number(row.saved, d, sign=True),
            interval(row.saved_low, row.saved_high, d, sign=True),
            p_value(row.p_adjusted),
        ]
        for row in found.rows
    ]
    if any(dummy is not None for dummy in found.dummies):
        rows.append([found.dummy_name, "dummy", *(number(dummy, d) for dummy in found.dummies), *["–"] * 4])
    sentence = found.sentence[:1].upper() + found.sentence[1:]
    return [
        f"## {plain(found.title)}: {plain(metric)} by {plain(found.condition.label)}",
        plain(sentence),
        _lines(head, rows),
    ]
