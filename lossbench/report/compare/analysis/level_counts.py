"""On how many data sets each loss gives up less or more than the baseline, condition by condition: counts, no tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lossbench.record import ConditionRecord
from lossbench.record.comparison import Sensitivity


@dataclass(frozen=True)
class LevelCount:
    """One loss under one condition: how often what it gives up is less, more, not distinguishable, or not tested."""

    name: str
    less: int
    more: int
    open: int
    other: int


@dataclass(frozen=True)
class ConditionCounts:
    """The losses under one condition, those that most often give up less first."""

    condition: ConditionRecord
    baseline: str
    count: int  # data sets times combinations of the other conditions' levels
    rows: list[LevelCount]


def level_counts(sensitivity: Sequence[Sensitivity]) -> list[ConditionCounts]:
    """One `ConditionCounts` for each condition that was varied."""
    of: dict[str, list[Sensitivity]] = {}
    for found in sensitivity:
        of.setdefault(found.condition.name, []).append(found)
    return [_counts(group) for group in of.values()]


def _counts(group: list[Sensitivity]) -> ConditionCounts:
    words: dict[str, Counter[str]] = {}
    for found in group:
        for row in found.rows:
            words.setdefault(row.name, Counter())[row.word] += 1
    rows = []
    for name, count in words.items():
        less, more, open_ = count["better"], count["worse"], count["not distinguishable"]
        rows.append(LevelCount(name, less, more, open_, count.total() - less - more - open_))
    rows.sort(key=lambda row: (row.more - row.less, row.name))
    return ConditionCounts(group[0].condition, group[0].baseline, len(group), rows)
