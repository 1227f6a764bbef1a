"""Record -> comparison.md: the sentence, a table per data set and the protocol, for a pull request or a lab book."""

from __future__ import annotations

import re

from lossbench.record import CompareRecord
from lossbench.record.comparison import Across, Comparison, ComparisonRow, ComparisonTable, Sensitivity
from lossbench.report.compare.analysis.level_counts import ConditionCounts, level_counts
from lossbench.report.compare.analysis.multiple_datasets import RANK_WARNING
from lossbench.report.compare.columns import RAW_SCORE, shown_columns
from lossbench.report.compare.contents import WHOLE, is_whole, setting_lines
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
    whole = is_whole(comparison)
    if len(comparison.sensitivity) <= WHOLE:
        parts += [part for found in comparison.sensitivity for part in _sensitivity(found, comparison.metric)]
    else:
        parts += [part for count in level_counts(comparison.sensitivity) for part in _counts(count)]
        parts.append("Each condition on each data set has a page, listed in [report.html](report.html#sensitivities).")
    if whole:
        parts += [part for table in comparison.tables for part in _table(table, comparison.metric)]
    else:
        parts += _settings(comparison)
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
    if any(row.raw is not None for table in comparison.tables for row in table.rows):
        known.append(f"raw: {RAW_SCORE}.")
    known += [f"{one.name}: {one.weighted_text}" for one in record.data if one.weights]
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


def _settings(comparison: Comparison) -> list[str]:
    """A line for each of many settings."""
    head = ["setting", "first", plain(comparison.metric), "better", "worse", "what it says"]
    rows = [
        [
            f"[{plain(line.title)}]({line.page})" + (f" (partial: {line.missing} missing)" if line.missing else ""),
            plain(line.first),
            line.score_text,
            str(line.better),
            str(line.worse),
            plain(line.says),
        ]
        for line in setting_lines(comparison)
    ]
    about = (
        f"In each, which loss ranks first with its mean test {comparison.metric}, and how many losses are better and"
        f" worse than {comparison.baseline}. A page for each has its table and every picture."
    )
    return ["## Every setting", plain(about), _lines(head, rows)]


def _counts(count: ConditionCounts) -> list[str]:
    """How often each loss gives up less or more than the baseline under one condition."""
    rows = [[plain(row.name), str(row.less), str(row.more), str(row.open), str(row.other)] for row in count.rows]
    about = (
        f"In how many of {count.count} comparisons a loss gives up less or more than {count.baseline} from the mildest"
        " level to the harshest: counts of tests on single data sets, no test over all of them."
    )
    head = ["loss", "less", "more", "not distinguishable", "not tested"]
    return [f"## By {plain(count.condition.label)}", plain(about), _lines(head, rows)]


def _table(table: ComparisonTable, metric: str) -> list[str]:
    columns = shown_columns(table)
    head = ["loss", "finding", "rank", *(plain(column.title(metric)) for column in columns)]
    parts = [f"## {plain(table.title)}{' (partial)' if table.missing else ''}"]
    parts += [f"> **{plain(table.partial)}**"] if table.missing else []
    parts.append(plain(table.sentence))
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
