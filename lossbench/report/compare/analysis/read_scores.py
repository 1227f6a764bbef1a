"""Reads the scores of a comparison's record: in every setting, every loss on the same splits (J splits)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lossbench.events import Better
from lossbench.record import (
    BEST_BASELINE,
    CompareProtocol,
    CompareRecord,
    DataRecord,
    LossResult,
    MemberRecord,
    Scores,
    levels_text,
    realised_text,
)
from lossbench.report.compare.analysis.scores import (
    TIE,
    ConditionKey,
    LossScores,
    SettingScores,
    SplitKey,
    condition_key,
    first_of_each,
    primary_metric,
)
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.scale import unit_of


def read_settings(record: CompareRecord) -> list[SettingScores]:
    """Every setting of a comparison, in the record's order."""
    results_of: dict[tuple[str, ConditionKey], list[LossResult]] = {}
    for result in record.results:
        results_of.setdefault((result.data, condition_key(result.condition)), []).append(result)
    counts = [Counter(result.loss.label for result in results) for results in results_of.values()]
    shared = {label for count in counts for label, times in count.items() if times > 1}
    by_name = {table.name: table for table in record.data}
    settings = [_setting(record, by_name[data], results, shared) for (data, _), results in results_of.items()]
    return _with_best(settings) if record.protocol.baseline == BEST_BASELINE else settings


def _with_best(settings: list[SettingScores]) -> list[SettingScores]:
    """The settings with the loss as baseline that came out best on average over all of them."""
    means: dict[str, list[float]] = {}
    for setting in settings:
        for entry in setting.candidates:
            means.setdefault(entry.name, []).append(float(setting.scaled(entry).mean()))
    everywhere = {name: values for name, values in means.items() if len(values) == len(settings)}
    if not everywhere:
        return settings
    best = max(everywhere, key=lambda name: float(np.mean(everywhere[name])))
    return [replace(setting, baseline=setting.entry(best)) for setting in settings]


def _setting(record: CompareRecord, data: DataRecord, results: list[LossResult], shared: set[str]) -> SettingScores:
    protocol, condition = record.protocol, results[0].condition
    primary = primary_metric(record)
    metric, better = primary.name, primary.better
    realised = {
        name: float(np.mean(known))
        for name in condition
        if (known := [result.realised[name] for result in results if name in result.realised])
    }
    refits = [tuple(m for m in result.members if m.role == "refit") for result in results]
    splits = _common_splits(results, refits)
    dummies: Scores = next((result.dummy["test"] for result in results if result.dummy.get("test")), {})
    dummy = dummies.get(metric)
    worst = dummy if dummy is not None else _worst(itertools.chain.from_iterable(refits), metric, better)
    entries = tuple(
        LossScores(
            result.loss.label if result.loss.label not in shared else f"{result.loss.label} + {result.last_act}",
            result,
            mine,
            _scores(result, mine, splits, metric, worst),
            _failed(mine, splits, metric),
        )
        for result, mine in zip(results, refits, strict=True)
    )
    baseline = _baseline(entries, protocol.baseline)
    unit = unit_of(primary, dummies)
    return SettingScores(
        data=data,
        condition=condition,
        condition_text=levels_text(record.conditions, condition),
        realised=realised,
        realised_text=realised_text(record.conditions, condition, realised),
        metric_record=primary,
        splits=splits,
        entries=_with_differences(entries, baseline),
        baseline=baseline,
        test_over_train=_test_over_train(refits, protocol),
        dummies=dummies,
        rope=protocol.rope * unit,
        unit=unit,
        grain=0.0 if data.task == "regression" else _grain(refits),
        picked=protocol.is_picked,
    )


def _key(member: MemberRecord) -> SplitKey:
    return tuple(sorted(member.split.items()))


def _common_splits(results: list[LossResult], refits: list[tuple[MemberRecord, ...]]) -> tuple[SplitKey, ...]:
    """The splits that every loss has; a failed one sets no limit, its missing scores are the worst ones."""
    having = [
        {_key(m) for m in mine}
        for result, mine in zip(results, refits, strict=True)
        if mine and result.status != "failed"
    ]
    return tuple(sorted(set.intersection(*having))) if having else ()


def _scores(
    result: LossResult, refits: tuple[MemberRecord, ...], splits: tuple[SplitKey, ...], metric: str, worst: float | None
) -> Floats | None:
    if not splits or (not refits and result.status != "failed"):
        return None
    found = {_key(m): m.test.get(metric) for m in refits}
    values = [worst if found.get(split) is None else found[split] for split in splits]
    return None if None in values else np.array(values, dtype=float)


def _failed(refits: tuple[MemberRecord, ...], splits: tuple[SplitKey, ...], metric: str) -> NDArray[np.bool_]:
    sound = {_key(m) for m in refits if m.status != "diverged" and m.test.get(metric) is not None}
    return np.array([split not in sound for split in splits], dtype=bool)


def _worst(members: Iterable[MemberRecord], metric: str, better: Better) -> float | None:
    values = [v for m in members if (v := m.test.get(metric)) is not None]
    return (min if better == "higher" else max)(values, default=None)


def _baseline(entries: tuple[LossScores, ...], name: str) -> LossScores:
    """The entry that the protocol names; of two pairs with that loss, the sound one."""
    named = [e for e in entries if name in {e.name, e.result.loss.label, e.result.loss.name}]
    sound = [e for e in named or entries if e.result.verdict.level != "broken" and e.result.status != "failed"]
    return next(iter(sound), next(iter(named), entries[0]))


def _with_differences(entries: tuple[LossScores, ...], baseline: LossScores) -> tuple[LossScores, ...]:
    """The entries, those marked whose scores differ from the scores of the first with the same gradients."""
    first = first_of_each((baseline, *entries))
    return tuple(_with_difference(entry, first[entry.group]) for entry in entries)


def _with_difference(entry: LossScores, first: LossScores) -> LossScores:
    if entry is first or entry.score_J is None or first.score_J is None:
        return entry
    apart = float(np.abs(entry.score_J - first.score_J).mean())
    if apart <= TIE * max(1.0, abs(float(first.score_J.mean()))):
        return entry
    return replace(entry, differs_from=first.name, differs_by=apart)


def _grain(refits: list[tuple[MemberRecord, ...]]) -> float:
    """1 / n_test of the outer splits; 0 where it is not known."""
    rows = [m.n_test for m in itertools.chain.from_iterable(refits) if m.n_test]
    return 1 / float(np.mean(rows)) if rows else 0.0


def _test_over_train(refits: list[tuple[MemberRecord, ...]], protocol: CompareProtocol) -> float:
    """n_test / n_train of the outer splits."""
    ratios = [m.n_test / m.n_train for m in itertools.chain.from_iterable(refits) if m.n_test and m.n_train]
    return float(np.mean(ratios)) if ratios else 1 / max(1, protocol.folds - 1)
