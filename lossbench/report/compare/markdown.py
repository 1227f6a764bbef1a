"""Record -> comparison.md: the sentence, a table per data set and the protocol, for a pull request or a lab book."""

from __future__ import annotations

import re

from lossbench.record import CompareRecord
from lossbench.record.comparison import Across, Comparison, ComparisonRow, ComparisonTable, Sensitivity
from lossbench.report.compare.analysis.multiple_datasets import RANK_WARNING
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
            "95% simultaneous: intervals that hold for all comparisons of a table at once; one excludes 0 exactly where"
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
    head = [
        "loss",
        "verdict",
        "rank",
        plain(metric),
        "95%",
        "difference",
        "95%" if table.single else "95% simultaneous",
    ]
    head += ["P(better)", "P(equal)", "p (adjusted)", "lr", "edge", "untuned", "failed splits"]
    parts = [f"## {plain(table.title)}", plain(table.sentence)]
    if table.changed:
        parts.append(plain(f"{table.changed}."))
    parts.append(_lines(head, [*(_row(row, table) for row in table.shown), *_dummy(table, len(head))]))
    if table.notes:
        parts.append("\n".join(f"- {plain(note)}" for note in table.notes))
    return parts


def _dummy(table: ComparisonTable, columns: int) -> list[list[str]]:
    """The majority class or the target mean as a row."""
    if table.dummy is None:
        return []
    cells = [table.dummy_name, "dummy", "–", number(table.dummy, table.decimals)]
    return [cells + ["–"] * (columns - len(cells))]


def _row(row: ComparisonRow, table: ComparisonTable) -> list[str]:
    decimals = table.decimals
    beside = f"; {row.beside_dummy} than the {table.dummy_name}" if row.beside_dummy in {"not better", "worse"} else ""
    scored = f"; {row.scored}" if row.scored else ""
    return [
        plain(f"{row.loss} + {row.last_act}" if row.last_act else row.loss),
        row.word + (f" ({plain(row.same_as)})" if row.same_as else "") + beside + scored,
        "–" if row.rank is None else str(row.rank),
        number(row.mean, decimals),
        interval(row.low, row.high, decimals),
        "=" if row.same_as and row.difference is None else number(row.difference, decimals, sign=True),
        interval(row.difference_low, row.difference_high, decimals, sign=True),
        probability(row.p_better),
        probability(row.p_equal),
        p_value(row.p_adjusted),
        learning_rate(row.lr),
        f"{row.grid_edge:.0%}" if row.grid_edge else "–",
        number(row.untuned, decimals),
        _failed(row),
    ]


def _failed(row: ComparisonRow) -> str:
    """`13 (31%–72%)`: splits on which its net failed, and the interval of that share."""
    if not row.failed_splits or row.failed_low is None or row.failed_high is None:
        return str(row.failed_splits)
    return f"{row.failed_splits} ({row.failed_low:.0%}–{row.failed_high:.0%})"


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
