"""Banners, notes and warnings of a comparison."""

from __future__ import annotations

import math

from lossbench.catalog.estimands import agree_if_symmetric
from lossbench.errors import counted
from lossbench.record import CompareRecord
from lossbench.record.comparison import COMPARED, NOT_ESTIMATED, ComparisonRow, ComparisonTable
from lossbench.report.compare.analysis.scores import SettingScores, primary_metric
from lossbench.report.format import decimals_of, interval, learning_rate, listed, number, p_value, probed

FEW_SPLITS = 5  # fewer carry no conclusion


def partial(record: CompareRecord) -> str:
    """`Partial: 37 of 225 evaluations are done.`; "" of a whole record."""
    if record.status != "interrupted":
        return ""
    done = sum(result.status != "interrupted" for result in record.results)
    return f"Partial: {done:,} of {counted(len(record.results), 'evaluation is', 'evaluations are')} done."


def partial_table(names: list[str], of: int) -> str:
    """`partial: 2 of 9 evaluations are not done (mse and l1)`; "" where none is missing."""
    if not names:
        return ""
    return f"partial: {len(names)} of {counted(of, 'evaluation is', 'evaluations are')} not done ({listed(names, 12)})"


def banners(record: CompareRecord, tables: list[ComparisonTable]) -> list[str]:
    """What must be known before any number is read."""
    sentences = []
    if few := [t for t in tables if 0 < t.splits < FEW_SPLITS]:
        count = min(t.splits for t in few)
        sentences.append(f"anecdotal: {counted(count, 'split')} cannot carry a conclusion; use at least {FEW_SPLITS}")
    if record.status == "interrupted":
        stopped = [result for result in record.results if result.status == "interrupted"]
        done = len(record.results) - len(stopped)
        sentences.append(
            f"interrupted: this is partial, {done:,} of"
            f" {counted(len(record.results), 'evaluation', 'evaluations')};"
            " losses are compared on the splits that all of them have"
            + _named("; stopped on the way", [result.name for result in stopped if result.members])
            + _named("; never begun", [result.name for result in stopped if not result.members])
        )
    return sentences


def _named(what: str, names: list[str]) -> str:
    return f"{what}: {listed(names, 12)}" if names else ""


def warnings(record: CompareRecord, tables: list[ComparisonTable]) -> list[str]:
    """The record's warnings, less what a banner says for all data sets at once and what a table's note repeats."""
    said = {note for table in tables for note in table.notes}
    left = [warning for warning in record.warnings if f"{warning}." not in said]
    return [warning for warning in left if not warning.startswith("anecdotal:")]


def notes(tables: list[ComparisonTable]) -> list[str]:
    """What the splits can resolve, of all tables in one sentence."""
    known = [(table, table.resolution) for table in tables if table.resolution is not None]
    if not known:
        return []
    if len(known) == 1:
        ((table, size),) = known
        resolved = f"{counted(table.splits, 'split')} of this table resolve differences down to about"
        resolved += f" {number(size, table.decimals)}"
    else:
        sizes = [f"{number(size, table.decimals)} on {table.title}" for table, size in known]
        resolved = f"The splits resolve differences down to about {listed(sizes, 12)}"
    return [f"{resolved}; more repeats of the same rows hardly help, more rows do."]


def table_notes(table: ComparisonTable, record: CompareRecord) -> list[str]:
    """What is to be known of one table's losses."""
    sentences = _not_estimated(table, record)
    if table.picked:
        where = f" (it came out best in the run {looked})" if (looked := record.protocol.looked_in) else ""
        sentences.append(
            f"{table.baseline} was chosen as the baseline for its score on these splits{where}, so differences to it"
            " are tested as one of all pairs of losses (wider intervals)."
        )
    if edge := [row.name for row in table.rows if (row.grid_edge or 0) > 0.5 and _tuned(row)]:
        rates = record.protocol.lrs
        grid = f" ({learning_rate(min(rates))} to {learning_rate(max(rates))})" if rates else ""
        sentences.append(f"{listed(edge)} chose an end of the learning-rate grid{grid} in most splits: widen it.")
    if chose := [f"{row.name} {row.params} ({row.params_share:.0%})" for row in table.rows if row.params]:
        sentences.append(f"Parameters of their own, as most splits chose them: {listed(chose, len(chose))}.")
    for row in table.rows:
        if row.ended is not None:
            sentences.append(_failed(row, table))
    for row in table.rows:
        extent = probed(row.probes, row.reach)
        if row.differs_from:
            sentences.append(
                f"{row.name} and {row.differs_from} have the same gradients{extent}, but their scores differ by"
                f" {number(row.differs_by, table.decimals)} per split. They are compared like any other pair."
            )
        elif row.same_as and not math.isclose(row.factor, 1.0, rel_tol=1e-6):
            sentences.append(
                f"The gradient of {row.name} is {row.factor:.3g} times that of {row.same_as}{extent}. They count"
                " as one loss, because the learning rate compensates a factor."
            )
    return sentences


def _not_estimated(table: ComparisonTable, record: CompareRecord) -> list[str]:
    """Which losses estimate something else than the metric scores, a sentence for each estimand."""
    metric = primary_metric(record)
    having: dict[str, list[str]] = {}
    for row in table.rows:
        if row.estimand:
            having.setdefault(row.estimand, []).append(row.name)
    sentences = []
    for estimand, names in having.items():
        one = len(names) == 1
        sentence = f"{listed(names, 12)} {'estimates' if one else 'estimate'} {estimand}, and {metric.name} scores"
        sentence += f" {metric.estimand}: {NOT_ESTIMATED if one else 'not what they estimate'}"
        if agree_if_symmetric(estimand, metric.estimand):
            sentence += " (the same only where the noise is symmetric)"
        sentences.append(f"{sentence}.")
    return sentences


def _failed(row: ComparisonRow, table: ComparisonTable) -> str:
    """How often a loss or the baseline failed, and what is left of the difference without these splits."""
    d, who = table.decimals, row.name
    share = (
        f" ({row.failed_low:.0%} to {row.failed_high:.0%})" if row.failed_low is not None and row.failed_high else ""
    )
    often = row.p_failed_as_baseline
    test = f" (sign test against {table.baseline}: adjusted p {p_value(often)})" if often is not None else ""
    ended = f"{number(row.difference_ended, d, sign=True)} {interval(row.ended_low, row.ended_high, d, sign=True)}"
    return (
        f"{who} failed on {row.failed_splits} of {table.splits} splits{share}{test}, where it has the worst score; on"
        f" the {row.ended} splits that both it and {table.baseline} ended, the difference is {ended} (single interval,"
        " not tested: a loss that fails selects its own splits)."
    )


def _tuned(row: ComparisonRow) -> bool:
    """Whether a wider grid could help: no learning rate helps a pair that is broken, failed or diverged everywhere."""
    return row.word in COMPARED | {"baseline", "anecdotal", "not compared"}


def rope_text(settings: list[SettingScores], rope: float) -> str:
    """`±0.01`, or for errors `±0.77 (1% of the target mean's error)`: what was used, whence it comes."""
    scaled = [setting for setting in settings if setting.unit != 1]
    if not scaled:
        return f"±{rope:g}"
    share = f"{100 * rope:g}% of the {scaled[0].dummy_name}'s error"
    used = [f"±{number(s.rope, decimals_of(s.rope))}" for s in scaled]
    if len(set(used)) == 1:
        return f"{used[0]} ({share})"
    return f"±{share} ({listed([f'{u} on {s.title}' for u, s in zip(used, scaled, strict=True)], 12)})"
