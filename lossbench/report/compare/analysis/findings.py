"""From the numbers of a table's rows to a word for each: what is tested, for how many at once, and what follows."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lossbench.record.comparison import SCORELESS, SURE, TESTED, ComparisonRow, Word
from lossbench.report.compare.analysis.failures import clopper_pearson, p_as_often, p_tolerable
from lossbench.report.compare.analysis.notes import FEW_SPLITS
from lossbench.report.compare.analysis.scores import LossScores, SettingScores
from lossbench.report.compare.analysis.statistics.paired import Floats, corrected_t, holm, known
from lossbench.report.compare.analysis.statistics.simultaneous import Simultaneous, all_pairs, max_t, may_be_best
from lossbench.report.scale import floor_of

_FAMILY: frozenset[Word] = frozenset({"not distinguishable", "anecdotal"})


def find(setting: SettingScores, rows: list[ComparisonRow], alpha: float) -> list[ComparisonRow]:
    """The rows with simultaneous intervals, tests of failures and of the dummy, and their words."""
    rows = _simultaneous(setting, rows, alpha)
    rows = _failures(setting, rows)
    rows = _beside_dummy(setting, rows, alpha)
    return [row.replace(word=_word(row, alpha)) for row in rows]


def not_excluded_as_best(setting: SettingScores, alpha: float) -> list[str] | None:
    """Where the baseline was picked for its score: every loss that may be the best as well (Hsu 1984)."""
    candidates = setting.candidates
    if not setting.picked or len(candidates) < 2 or len(setting.splits) < FEW_SPLITS:
        return None
    kept = may_be_best(setting.sign * _columns(candidates), setting.test_over_train, alpha=alpha, grain=setting.grain)
    return [entry.name for entry, may in zip(candidates, kept, strict=True) if may]


def _columns(entries: list[LossScores]) -> Floats:
    return np.stack([entry.score_J for entry in entries if entry.score_J is not None], axis=1)


def _simultaneous(setting: SettingScores, rows: list[ComparisonRow], alpha: float) -> list[ComparisonRow]:
    """Intervals and p-values for all that is tested at once: each objective once, and no broken pair among them."""
    tested = [row for row in rows if row.word in _FAMILY and row.difference is not None]
    if not tested or len(setting.splits) < 2:
        return rows
    of = _against(setting, [setting.entry(row.name) for row in tested], alpha)
    enough = len(setting.splits) >= FEW_SPLITS
    adjusted = {
        row.name: row.replace(
            difference_low=known(of.mean_K[k] - of.half_K[k]),
            difference_high=known(of.mean_K[k] + of.half_K[k]),
            p_adjusted=known(of.p_K[k]) if enough else None,
        )
        for k, row in enumerate(tested)
    }
    return [adjusted.get(row.name, row) for row in rows]


def _against(setting: SettingScores, entries: list[LossScores], alpha: float) -> Simultaneous:
    """Every loss against the baseline; a baseline that was picked is one of all pairs."""
    baseline = setting.baseline.score_J
    assert baseline is not None
    family = all_pairs(_columns(setting.candidates)) if setting.picked and len(setting.candidates) > 1 else None
    difference = _columns(entries) - baseline[:, None]
    return max_t(difference, setting.test_over_train, alpha=alpha, grain=setting.grain, comparisons=family)


def _failures(setting: SettingScores, rows: list[ComparisonRow]) -> list[ComparisonRow]:
    """The share of failed splits with its interval and tests, and the difference over the splits that both ended."""
    base = setting.baseline
    found = [_failed(setting, setting.entry(row.name), row) for row in rows]
    tested = [row for row in found if row.word in _FAMILY]
    splits = len(setting.splits)
    p_failed = holm([p_tolerable(row.failed_splits, splits) for row in tested])
    p_as_base = holm([p_as_often(setting.entry(row.name).failed_J, base.failed_J) for row in tested])
    p_of = {row.name: both for row, *both in zip(tested, p_failed, p_as_base, strict=True)}
    return [
        row.replace(p_failed=p_of[row.name][0], p_failed_as_baseline=p_of[row.name][1]) if row.name in p_of else row
        for row in found
    ]


def _failed(setting: SettingScores, entry: LossScores, row: ComparisonRow) -> ComparisonRow:
    failed, splits = int(entry.failed_J.sum()), len(setting.splits)
    if not splits or entry.score_J is None:
        return row
    low, high = clopper_pearson(failed, splits)
    row = row.replace(failed_splits=failed, failed_low=low, failed_high=high)
    gain = setting.gain(entry)
    both = ~(entry.failed_J | setting.baseline.failed_J)
    if row.difference is None or gain is None or both.all() or both.sum() < 2:
        return row
    ended = corrected_t(setting.sign * gain[both], setting.test_over_train, grain=setting.grain)
    return row.replace(
        difference_ended=ended.mean,
        ended_low=known(ended.low),
        ended_high=known(ended.high),
        ended=int(both.sum()),
    )


def _beside_dummy(setting: SettingScores, rows: list[ComparisonRow], alpha: float) -> list[ComparisonRow]:
    """Whether each loss scores better than the majority class or the target mean, all of them tested at once.

    A loss that failed somewhere is excluded: its mean is that of its failures.
    """
    floor = floor_of(setting.metric_record, setting.dummies)
    scored = [row for row in rows if row.mean is not None and row.word not in SCORELESS and not row.failed_splits]
    if floor is None or not scored or len(setting.splits) < FEW_SPLITS:
        return rows
    gain = setting.sign * (_columns([setting.entry(row.name) for row in scored]) - floor)
    of = max_t(gain, setting.test_over_train, alpha=alpha, grain=setting.grain)
    apart = dict(zip([row.name for row in scored], zip(of.mean_K, of.p_K, strict=True), strict=True))
    return [row.replace(beside_dummy=_beside(*apart[row.name], alpha)) if row.name in apart else row for row in rows]


def _beside(gain: float, p: float, alpha: float) -> Literal["better", "not better", "worse"]:
    if p >= alpha:
        return "not better"
    return "better" if gain > 0 else "worse"


def _word(row: ComparisonRow, alpha: float) -> Word:
    """Of the tested: worse; else unreliable; else better, practically equal or not distinguishable.

    A loss that fails too often is called that whatever it scores where it ends, unless it is worse anyway.
    """
    if row.word != "not distinguishable" or row.p_adjusted is None:
        return row.word
    differs = row.p_adjusted < alpha
    is_better = (row.p_better or 0) > (row.p_worse or 0)
    equal = (row.p_equal or 0) > SURE
    if differs and not is_better and not equal:
        return "worse"
    if row.p_failed is not None and row.p_failed < alpha:
        return "unreliable"
    if equal:
        return "practically equal"
    return "better" if differs else "not distinguishable"


def learnt_nothing(rows: list[ComparisonRow]) -> bool:
    """Whether no loss that was compared, the baseline included, scores better than the dummy."""
    beside = [row.beside_dummy for row in rows if row.word in TESTED | {"baseline"} and row.beside_dummy]
    return bool(beside) and "better" not in beside
