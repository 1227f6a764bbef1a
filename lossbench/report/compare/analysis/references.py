"""Rows of reference models: beside the losses, outside of every test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lossbench.record import CompareRecord, MetricRecord, ReferenceRecord
from lossbench.record.comparison import ComparisonRow, ComparisonTable
from lossbench.report.compare.analysis.scores import ConditionKey, SettingScores, condition_key
from lossbench.report.format import number

ReferencesOf = dict[tuple[str, ConditionKey], list[ReferenceRecord]]


def references_of(record: CompareRecord) -> ReferencesOf:
    """The record's reference models by data set and condition."""
    found: ReferencesOf = {}
    for reference in record.references:
        found.setdefault((reference.data, condition_key(reference.condition)), []).append(reference)
    return found


def reference_rows(
    references: ReferencesOf, setting: SettingScores, metrics: Sequence[MetricRecord]
) -> list[ComparisonRow]:
    """The setting's reference models with their means on the splits that were finished, and no interval: untested."""
    mine = references.get((setting.data.name, condition_key(setting.condition)), [])
    baseline = setting.baseline.mean_of(setting.metric)
    return [_row(reference, setting.metric, baseline, [m.name for m in metrics]) for reference in mine]


def _row(reference: ReferenceRecord, metric: str, baseline: float | None, metrics: list[str]) -> ComparisonRow:
    means = {name: _mean(reference, name) for name in metrics}
    mean = means.get(metric)
    return ComparisonRow(
        name=reference.name,
        loss=f"{reference.name} (reference)",
        last_act="",
        formula=reference.estimator,
        verdict="",
        why="",
        fix="",
        word="reference, not a loss",
        reason="",
        symptoms=[],
        group="",
        same_as="",
        factor=1.0,
        represents=[],
        mean=mean,
        difference=None if mean is None or baseline is None else mean - baseline,
        means=means,
    )


def _mean(reference: ReferenceRecord, metric: str) -> float | None:
    known = [value for m in reference.members if (value := m.test.get(metric)) is not None]
    return float(np.mean(known)) if known else None


def reference_notes(table: ComparisonTable, sign: int) -> list[str]:
    """Where a reference scores better than every loss by more than the splits resolve, by how much."""
    scored = [row for row in table.rows if row.mean is not None and row.rank is not None]
    if not scored:
        return []
    best = max(scored, key=lambda row: sign * (row.mean or 0.0))
    noticeable = max(table.rope, table.resolution or 0.0)
    notes = []
    for row in table.references:
        if row.mean is None or best.mean is None or sign * (row.mean - best.mean) <= noticeable:
            continue
        gap = number(abs(row.mean - best.mean), table.decimals)
        notes.append(
            f"{row.name} ({row.formula}; a reference, not a loss) scores {number(row.mean, table.decimals)}, better by"
            f" {gap} than the best loss, {best.name}: another model may gain more here than another loss."
        )
    return notes
