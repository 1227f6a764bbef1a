"""The cost of a condition: the score that every loss loses from the mildest level to the harshest (L levels, J splits).

The splits are the same at every level, so what a loss gives up is compared with what the baseline gives up split by
split, by the same corrected test as any other difference. Of several conditions the others are held: one `Sensitivity`
for each combination of their levels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lossbench.record import ConditionRecord, levels_text
from lossbench.record.comparison import (
    COMPARED,
    SCORELESS,
    TESTED,
    ComparisonRow,
    ComparisonTable,
    Sensitivity,
    SensitivityRow,
    Word,
)
from lossbench.report.compare.analysis.notes import FEW_SPLITS
from lossbench.report.compare.analysis.scores import ConditionKey, SettingScores, condition_key
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.compare.analysis.statistics.simultaneous import all_pairs, max_t
from lossbench.report.format import interval, number

LevelScores = tuple[SettingScores, ComparisonTable]


def compare_levels(
    conditions: Sequence[ConditionRecord],
    settings: Sequence[SettingScores],
    tables: Sequence[ComparisonTable],
    *,
    alpha: float,
    stop_text: str = "",
) -> list[Sensitivity]:
    """One `Sensitivity` for each condition, data set and combination of the other conditions with several levels.

    `stop_text`, in words, is part of every sentence: how long nets train decides which loss is robust.
    """
    found = []
    for condition in conditions:
        levels_of: dict[tuple[str, ConditionKey], list[LevelScores]] = {}
        for setting, table in zip(settings, tables, strict=True):
            held = {name: level for name, level in table.condition.items() if name != condition.name}
            levels_of.setdefault((table.data, condition_key(held)), []).append((setting, table))
        for (_, held_key), levels in levels_of.items():
            if len(levels) > 1:
                by_level = {table.condition[condition.name]: (setting, table) for setting, table in levels}
                ordered = [by_level[level] for level in condition.mild_to_harsh(list(by_level))]
                found.append(_sensitivity(condition, conditions, dict(held_key), ordered, alpha, stop_text))
    return [one for one in found if any(mean is not None for row in one.rows for mean in row.means)]


def _sensitivity(
    condition: ConditionRecord,
    conditions: Sequence[ConditionRecord],
    held: dict[str, float],
    levels: list[LevelScores],
    alpha: float,
    stop_text: str,
) -> Sensitivity:
    tables = [table for _, table in levels]
    rows = _with_words([_row(row, levels) for row in tables[0].rows], levels, alpha)
    rows.sort(key=lambda row: (row.word in SCORELESS | {"broken"}, math.inf if row.cost is None else row.cost))
    found = Sensitivity(
        condition=condition,
        data=tables[0].data,
        held=held,
        held_text=levels_text(conditions, held),
        baseline=tables[0].baseline,
        levels=[table.condition[condition.name] for table in tables],
        realised=[table.realised.get(condition.name) for table in tables],
        dummies=[table.dummy for table in tables],
        dummy_name=tables[0].dummy_name,
        decimals=tables[0].decimals,
        sentence="",
        rows=rows,
    )
    return found.replace(sentence=_sentence(found, _held(conditions, held), stop_text))


def _held(conditions: Sequence[ConditionRecord], held: dict[str, float]) -> str:
    """What the other conditions are held at, each that has several levels by name."""
    texts = [c.text(held[c.name]) for c in conditions if c.name in held]
    return " and ".join(texts)


def _row(first: ComparisonRow, levels: list[LevelScores]) -> SensitivityRow:
    """A loss at every level; what it gives up only where it has scores of its own at both ends."""
    same = [next((row for row in table.rows if row.name == first.name), None) for _, table in levels]
    words: list[Word] = [row.word for row in same if row is not None]
    lost = next((word for word in words if word in SCORELESS | {"interrupted", "not compared"}), None)
    word: Word = lost or ("not distinguishable" if first.word in TESTED else first.word)
    row = SensitivityRow(
        name=first.name,
        loss=first.loss,
        last_act=first.last_act,
        word=word,
        means=[row.mean if row is not None else None for row in same],
        lows=[row.low if row is not None else None for row in same],
        highs=[row.high if row is not None else None for row in same],
    )
    low, high = row.means[0], row.means[-1]
    if low is None or high is None or lost in SCORELESS | {"interrupted"}:
        return row
    row = row.replace(cost=levels[0][0].sign * (low - high))
    saved = None if word in {"baseline", "same objective", "not compared"} else _saved(first.name, levels)
    if saved is None:
        return row
    return row.replace(saved=float(saved.mean()))


def _saved(name: str, levels: list[LevelScores]) -> Floats | None:
    """Per split, how much less than the baseline a loss gives up; None where the levels have other splits."""
    (low, _), (high, _) = levels[0], levels[-1]
    gains = [setting.gain(setting.entry(name)) for setting in (low, high)]
    if gains[0] is None or gains[1] is None or low.splits != high.splits:
        return None
    return gains[1] - gains[0]


def _with_words(rows: list[SensitivityRow], levels: list[LevelScores], alpha: float) -> list[SensitivityRow]:
    """Intervals and p-values for all losses at once, and the words that follow; no broken pair is tested."""
    tested = [row for row in rows if row.word in {"not distinguishable", "anecdotal"} and row.saved is not None]
    setting = levels[0][0]
    if not tested or len(setting.splits) < 2:
        return rows
    saved = np.stack([found for row in tested if (found := _saved(row.name, levels)) is not None], axis=1)
    # A baseline that was chosen after looking is one of all pairs; its own saving is 0.
    family = all_pairs(np.column_stack([np.zeros(len(saved)), saved])) if setting.picked else None
    ratio = max(setting.test_over_train, levels[-1][0].test_over_train)  # the wider interval
    of = max_t(saved, ratio, alpha=alpha, grain=setting.grain, comparisons=family)
    few = len(setting.splits) < FEW_SPLITS
    scored = {}
    for k, row in enumerate(tested):
        p, word = float(of.p_K[k]), row.word
        if word == "not distinguishable" and p < alpha:
            word = "better" if of.mean_K[k] > 0 else "worse"
        low, high = (float(of.mean_K[k] + side * of.half_K[k]) for side in (-1, 1))
        scored[row.name] = row.replace(word=word, saved_low=low, saved_high=high, p_adjusted=None if few else p)
    return [scored.get(row.name, row) for row in rows]


def _sentence(found: Sensitivity, held: str, stop_text: str) -> str:
    """Who gives up least and most, beside the baseline; broken losses do not compete."""
    base = next((row for row in found.rows if row.name == found.baseline), None)
    where = f"with {held}, " if held else ""
    facts = ", ".join(fact for fact in (found.condition.kind, stop_text) if fact)
    end = f" ({facts})." if facts else "."
    span = f"{where}from {found.condition.text(found.levels[0])} to {found.condition.text(found.levels[-1])}"
    d = found.decimals
    if base is None or base.cost is None:
        return f"{span} no loss can be compared with {found.baseline}{end}"
    rivals = [row for row in found.rows if row.word in COMPARED | {"anecdotal"} and row.saved is not None]
    text = f"{span} {found.baseline} {_gives_up(base, d)}"
    if not rivals:
        return f"{text}{end}"
    if len(rivals) == 1:
        return f"{text} and {rivals[0].name} {_gives_up(rivals[0], d)}{_against(rivals[0], d)}{end}"
    least, most = rivals[0], rivals[-1]
    return (
        f"{text}; of the others {least.name} loses least ({number(least.cost, d)}"
        f"{_against(least, d, inside=True)})"
        f" and {most.name} most ({number(most.cost, d)}{_against(most, d, inside=True)}){end}"
    )


def _gives_up(row: SensitivityRow, decimals: int) -> str:
    cost = row.cost or 0.0
    return f"{'gains' if cost < 0 else 'loses'} {number(abs(cost), decimals)}"


def _against(row: SensitivityRow, decimals: int, *, inside: bool = False) -> str:
    """`, 0.019 less [0.011, 0.027]`, the difference to what the baseline gives up; and whether it is one."""
    size, low, high = row.saved or 0.0, row.saved_low, row.saved_high
    if size < 0 and low is not None and high is not None:
        low, high = -high, -low
    ends = f" {interval(low, high, decimals)}" if low is not None else ""
    text = f"{number(abs(size), decimals)} {'less' if size >= 0 else 'more'}{ends}"
    text += ", not distinguishable" if row.word == "not distinguishable" else ""
    return f", {text}" if inside else f" ({text})"
