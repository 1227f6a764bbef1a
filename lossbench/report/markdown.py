"""Record -> comparison.md: the sentence, a table per data set and the protocol, for a pull request or a lab book."""

from __future__ import annotations

import re

from lossbench.record import Record
from lossbench.report.evidence import Across, Comparison, Row, Table
from lossbench.report.wording import interval, learning_rate, number, p_value, probability

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$!])")


def plain(text: str) -> str:
    """A text from data or config that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def comparison_markdown(record: Record, comparison: Comparison) -> str:
    """The whole comparison as Markdown."""
    parts = [f"# {plain(record.name)}", f"**{plain(comparison.sentence)}**"]
    parts += [f"> **{plain(banner)}**" for banner in comparison.banners]
    parts += [part for across in comparison.across for part in _across(across)]
    parts += [part for table in comparison.tables for part in _table(table, comparison.metric)]
    if text := record.protocol.get("text"):
        parts += ["## Protocol", "\n".join(f"- {plain(sentence)}" for sentence in text)]
    if record.command:
        parts += ["## Reproduce", _fenced(record.command)]
    return "\n\n".join(parts) + "\n"


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def _lines(head: list[str], rows: list[list[str]]) -> str:
    marks = ["---" if i < 2 else "---:" for i in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, marks, *rows])


def _table(table: Table, metric: str) -> list[str]:
    head = ["loss", "verdict", "rank", plain(metric), "95%", "difference", "95%", "P(better)", "P(equal)", "p (Holm)"]
    head += ["lr", "untuned", "diverged"]
    parts = [f"## {plain(table.title)}", plain(table.sentence)]
    parts.append(_lines(head, [_row(row, table.decimals) for row in table.rows]))
    if table.notes:
        parts.append("\n".join(f"- {plain(note)}" for note in table.notes))
    return parts


def _row(row: Row, decimals: int) -> list[str]:
    return [
        plain(f"{row.loss} + {row.last_act}"),
        row.word + (f" ({plain(row.same_as)})" if row.same_as else ""),
        "–" if row.rank is None else str(row.rank),
        number(row.mean, decimals),
        interval(row.low, row.high, decimals),
        number(row.difference, decimals, sign=True),
        interval(row.difference_low, row.difference_high, decimals, sign=True),
        probability(row.p_better),
        probability(row.p_equal),
        p_value(row.p_holm),
        learning_rate(row.lr),
        number(row.untuned, decimals),
        str(row.diverged),
    ]


def _across(across: Across) -> list[str]:
    head = ["loss", "verdict", "average rank", "IQM", "95%", "median gain", "P(better)", "P(equal)", "p (Holm)"]
    rows = [
        [
            plain(row.name),
            row.word,
            number(row.average_rank, 2),
            number(row.iqm),
            interval(row.iqm_low, row.iqm_high),
            number(row.gain, sign=True),
            probability(row.p_better),
            probability(row.p_equal),
            p_value(row.p_holm),
        ]
        for row in across.rows
    ]
    return [f"## {across.title}", plain(across.sentence), _lines(head, rows)]
