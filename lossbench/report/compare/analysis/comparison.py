"""A comparison's evidence: per data set who is better, worse, practically equal or not distinguishable, and why.

Tables, pictures and pages draw from the `Comparison`, which is the record's `analysis` as well. Everything comes from
the record's results, so the evidence can be computed again from an old result.json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from lossbench.catalog.estimands import are_even, differ
from lossbench.record import CompareRecord, ConditionRecord, Levels, LossRecord, MetricRecord
from lossbench.record.comparison import COMPARED, SCORELESS, Comparison, ComparisonRow, ComparisonTable, Word
from lossbench.report.compare.analysis.calibrated import RAW, temperature_notes
from lossbench.report.compare.analysis.conclusion import answer, setting_sentence
from lossbench.report.compare.analysis.findings import find, learnt_nothing, not_excluded_as_best
from lossbench.report.compare.analysis.multiple_datasets import compare_across
from lossbench.report.compare.analysis.notes import (
    FEW_SPLITS,
    banners,
    notes,
    partial,
    partial_table,
    rope_text,
    table_notes,
    warnings,
)
from lossbench.report.compare.analysis.read_scores import read_settings
from lossbench.report.compare.analysis.references import ReferencesOf, reference_notes, reference_rows, references_of
from lossbench.report.compare.analysis.scores import LossScores, SettingScores, first_of_each, primary_metric
from lossbench.report.compare.analysis.sensitivity import compare_levels
from lossbench.report.compare.analysis.statistics.paired import Posterior, corrected_t, correlated_t, known, share_won
from lossbench.report.format import decimals_of, parameters
from lossbench.report.scale import within_range
from lossbench.report.symptoms import reason, symptoms


def evidence_of(record: CompareRecord) -> Comparison:
    """The record's analysis; computed where it has none.

    Terminal, page and files all ask for it, and of a hundred tables it takes longer than any of them.
    """
    return record.analysis or compare(record)


def compare(record: CompareRecord) -> Comparison:
    """The evidence of a comparison's record."""
    settings, metric = read_settings(record), primary_metric(record)
    alpha = record.protocol.alpha
    references = references_of(record)
    tables = [_table(setting, record, references, alpha) for setting in settings]
    stop_text = record.protocol.stop_text
    sensitivity = compare_levels(record.conditions, settings, tables, alpha=alpha, stop_text=stop_text)
    rope = record.protocol.rope
    across = compare_across(settings, alpha=alpha, rope=rope, seed=int(record.config.get("seed") or 0))
    opening = partial(record)
    found = answer(tables, record.conditions, sensitivity, across, metric.name)
    return Comparison(
        sentence=f"{opening} {found}" if opening else found,
        partial=opening,
        banners=banners(record, tables),
        metric=metric.name,
        better=metric.better,
        formula=metric.formula,
        baseline=tables[0].baseline if tables else "",
        rope=rope,
        rope_text=rope_text(settings, rope),
        alpha=alpha,
        ranks=record.protocol.ranks,
        notes=notes(tables),
        warnings=warnings(record, tables),
        tables=tables,
        sensitivity=sensitivity,
        across=across,
    )


def _corrupts(conditions: Sequence[ConditionRecord], levels: Levels) -> bool:
    """Whether what is found is about robustness, which how long nets train decides."""
    return any(c.kind and levels.get(c.name, c.reference) != c.reference for c in conditions)


def _table(setting: SettingScores, record: CompareRecord, references: ReferencesOf, alpha: float) -> ComparisonTable:
    first = first_of_each((setting.baseline, *setting.entries))
    rows = [_row(setting, entry, first[entry.group], record.metrics) for entry in setting.entries]
    rows = _ranked(setting, find(setting, rows, alpha))
    halves = [
        (r.difference_high - r.difference_low) / 2
        for r in rows
        if r.word in COMPARED and not r.failed_splits and r.difference_high is not None and r.difference_low is not None
    ]
    single = record.protocol.intervals == "single"
    if single:
        rows = [row.replace(difference_low=row.single_low, difference_high=row.single_high) for row in rows]
    missing = [entry.name for entry in setting.entries if entry.result.status == "interrupted"]
    table = ComparisonTable(
        title=setting.title,
        data=setting.data.name,
        task=setting.data.task,
        condition=dict(setting.condition),
        condition_text=setting.condition_text,
        stop_text=record.protocol.stop_text if _corrupts(record.conditions, setting.condition) else "",
        realised=dict(setting.realised),
        realised_text=setting.realised_text,
        splits=len(setting.splits),
        test_over_train=setting.test_over_train,
        baseline=setting.baseline.name,
        baseline_lost=setting.baseline.lost,
        dummy=setting.dummy,
        dummy_name=setting.dummy_name,
        picked=setting.picked,
        single=single,
        learnt_nothing=learnt_nothing(rows),
        may_be_best=not_excluded_as_best(setting, alpha),
        rope=setting.rope,
        resolution=float(np.median(halves)) if halves else None,
        decimals=decimals_of(setting.rope),
        sentence="",
        notes=[],
        rows=rows,
        references=reference_rows(references, setting, record.metrics),
        missing=missing,
        partial=partial_table(missing, len(rows)),
    )
    about = [
        *table_notes(table, record),
        *reference_notes(table, setting.sign),
        *temperature_notes(setting, rows, alpha),
    ]
    table = table.replace(notes=about)
    return table.replace(sentence=setting_sentence(table, setting.metric))


def _differs(setting: SettingScores, loss: LossRecord) -> bool:
    """Whether it estimates something else than the metric scores on a table with such classes."""
    return differ(
        loss.estimand,
        setting.metric_record.estimand,
        even=are_even(setting.data.class_totals or setting.data.class_counts),
    )


def _row(setting: SettingScores, entry: LossScores, first: LossScores, metrics: list[MetricRecord]) -> ComparisonRow:
    result, word = entry.result, _before_tests(setting, entry, first)
    rates = sorted(m.lr for m in entry.refits if m.lr is not None)
    edges = [m.grid_edge for m in entry.refits if m.grid_edge is not None]
    row = ComparisonRow(
        name=entry.name,
        loss=result.loss.label,
        last_act=result.last_act,
        formula=result.loss.formula,
        verdict=result.verdict.level,
        why=result.verdict.why,
        fix=result.verdict.fix,
        word=word,
        reason=reason(result) if word in {"failed", "broken"} else "",
        symptoms=symptoms(result),
        estimand=result.loss.estimand if _differs(setting, result.loss) else "",
        group=entry.group,
        same_as="" if entry is first else first.name,
        factor=entry.factor / first.factor,
        differs_from=entry.differs_from,
        differs_by=entry.differs_by,
        probes=result.objective.probes if result.objective else 0,
        reach=result.objective.reach if result.objective else 0.0,
        represents=result.objective.represents if result.objective else [],
        lr=min(rates, key=lambda lr: (-Counter(rates)[lr], lr), default=None),
        lr_low=rates[0] if rates else None,
        lr_high=rates[-1] if rates else None,
        params=parameters(entry.params),
        params_share=float(np.mean([m.params == entry.params for m in entry.refits])) if entry.params else None,
        grid_edge=float(np.mean(edges)) if edges else None,
        diverged=sum(m.status == "diverged" for m in entry.refits),
        diverged_trials=sum(m.status == "diverged" and m.role == "trial" for m in result.members),
        untuned=entry.mean_of(setting.metric, "untuned"),
        raw=entry.mean_of(f"{RAW}{setting.metric}"),
        means={m.name: entry.mean_of(m.name) for m in metrics},
        scores=[] if entry.score_J is None else [float(v) for v in entry.score_J],
    )
    return row.replace(**_numbers(setting, entry, word, twin=entry is not first))


def _before_tests(setting: SettingScores, entry: LossScores, first: LossScores) -> Word:
    """The word that needs no test; "not distinguishable" for a loss that is to be tested."""
    level = entry.result.verdict.level
    if entry.result.status == "failed":
        return "failed"
    if entry.score_J is None:
        return "interrupted"
    if entry.diverged_everywhere and (level != "broken" or entry is setting.baseline):
        return "diverged"
    if entry is setting.baseline:
        return "baseline"
    if level == "broken":
        return "broken"
    if entry is not first:
        return "same objective"
    if setting.baseline.lost:
        return "not compared"
    return "anecdotal" if len(setting.splits) < FEW_SPLITS else "not distinguishable"


def _numbers(setting: SettingScores, entry: LossScores, word: Word, *, twin: bool) -> dict[str, Any]:
    """A row's statistics; what failures score is no measurement, so it has no interval and no difference.

    A twin has the differences of the first of its objective. Few splits have differences, and no probabilities.
    """
    if entry.score_J is None:
        return {}
    mean = corrected_t(entry.score_J, setting.test_over_train, grain=setting.grain)
    if word in SCORELESS:
        return {"mean": mean.mean}
    low, high = within_range(setting.metric_record, known(mean.low), known(mean.high))
    numbers: dict[str, Any] = {"mean": mean.mean, "low": low, "high": high}
    gain = setting.gain(entry)
    if gain is None or entry is setting.baseline or setting.baseline.lost or twin:
        return numbers
    if word == "broken":  # what it lost is shown; it is no candidate, so it is not tested
        return numbers | {"difference": float(np.mean(setting.sign * gain)), "won": share_won(gain)}
    by = corrected_t(setting.sign * gain, setting.test_over_train, grain=setting.grain)
    numbers |= {
        "difference": by.mean,
        "single_low": known(by.low),
        "single_high": known(by.high),
        "won": share_won(gain),
    }
    if len(gain) < FEW_SPLITS:
        return numbers
    posterior: Posterior = correlated_t(gain, setting.test_over_train, setting.rope, grain=setting.grain)
    return numbers | {
        "p_worse": known(posterior.worse),
        "p_equal": known(posterior.equal),
        "p_better": known(posterior.better),
        "p": known(by.p),
    }


def _ranked(setting: SettingScores, rows: list[ComparisonRow]) -> list[ComparisonRow]:
    """Best first; losses of one objective share the rank of the first of them, ties share theirs."""
    value = {row.name: setting.sign * round(row.mean, 12) for row in rows if row.mean is not None}
    lead = {row.name: value.get(row.same_as or row.name) for row in rows}
    leads = [lead[row.name] for row in rows if not row.same_as]
    ranked = [
        row.replace(
            rank=None if (mine := lead[row.name]) is None else 1 + sum(v > mine for v in leads if v is not None)
        )
        for row in rows
    ]
    last = len(rows) + 1
    return sorted(
        ranked, key=lambda row: (row.word in SCORELESS, row.rank or last, row.same_as or row.name, bool(row.same_as))
    )
