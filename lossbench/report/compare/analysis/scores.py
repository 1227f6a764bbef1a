"""The scores of a comparison's record: in every setting, every loss on the same splits (J splits)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

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
    MetricRecord,
    Scores,
    TrainRecord,
    levels_text,
    realised_text,
)
from lossbench.report.compare.analysis.statistics import Floats
from lossbench.report.scale import unit_of, way_to_perfect
from lossbench.report.symptoms import reason

SplitKey = tuple[tuple[str, int], ...]  # (("fold", 3), ("repeat", 0))
TIE = 1e-3  # scores of the same gradients differ by the rounding of their trainings; beyond this by something else
ConditionKey = tuple[tuple[str, float], ...]  # (("label_noise", 0.2),)


@dataclass(frozen=True)
class LossScores:
    """One loss of a setting; `score_J` is None where the run was interrupted before it had any score."""

    name: str  # the loss's label; with its activation where that is needed to tell two apart
    result: LossResult
    refits: tuple[MemberRecord, ...]
    score_J: Floats | None
    failed_J: NDArray[np.bool_]  # its net diverged or gave no score, and scores the worst value
    differs_from: str = ""  # the loss whose gradients are the same on every probe, though its scores are not
    differs_by: float = 0.0  # mean absolute difference of the two, per split

    @property
    def lost(self) -> str:
        """Why the entry has no score of its own; "" where it has."""
        if self.result.status == "failed":
            return f"failed: {reason(self.result)}"
        if self.score_J is None:
            return "was stopped before it had any score"
        return "diverged on every split" if self.diverged_everywhere else ""

    @property
    def diverged_everywhere(self) -> bool:
        """Whether no net of it was left to be scored."""
        return bool(self.refits) and all(member.status == "diverged" for member in self.refits)

    @property
    def group(self) -> str:
        """What losses with the same gradients and scores share; else the entry's own name."""
        if self.differs_from:
            return self.name
        return (self.result.objective and self.result.objective.group) or self.name

    @property
    def factor(self) -> float:
        """How many times the gradient of the group's first loss its own is."""
        return self.result.objective.factor if self.result.objective else 1.0

    @property
    def params(self) -> dict[str, Any]:
        """Its own parameters as it chose them most often, of equally frequent ones the default; {}: no choice."""
        chosen = [m.params for m in self.refits]
        default = self.result.loss.params.items()
        return max(chosen, key=lambda params: (chosen.count(params), params.items() <= default), default={})

    def mean_of(self, metric: str, role: str = "refit") -> float | None:
        """Mean of a test metric over the members of a role; None where it is not defined."""
        values = [m.test.get(metric) for m in self.result.members if m.role == role]
        known = [v for v in values if v is not None]
        return float(np.mean(known)) if known else None


@dataclass(frozen=True)
class SettingScores:
    """One data set at one level of each condition: what its losses scored on common splits."""

    data: DataRecord
    condition: Mapping[str, float]  # condition name -> level
    condition_text: str  # "20% label noise"; "" where nothing was changed
    realised: Mapping[str, float]
    realised_text: str
    metric_record: MetricRecord
    splits: tuple[SplitKey, ...]
    entries: tuple[LossScores, ...]
    baseline: LossScores
    test_over_train: float
    dummies: Scores  # every metric's score of the majority class or the target mean
    rope: float  # in the metric's unit
    unit: float  # what a rope of 1 is in the metric's unit: the dummy's error where the metric is an error, else 1
    grain: float  # what one test row changes in a share of rows; 0 for values
    picked: bool = False  # the baseline was chosen after looking at these scores

    @property
    def metric(self) -> str:
        """The primary metric's name."""
        return self.metric_record.name

    @property
    def better(self) -> Better:
        """Which way the metric is better."""
        return self.metric_record.better

    @property
    def dummy(self) -> float | None:
        """Score of the majority class or the target mean."""
        return self.dummies.get(self.metric)

    @property
    def dummy_name(self) -> str:
        """What the dummy predicts."""
        return self.data.dummy_name

    @property
    def candidates(self) -> list[LossScores]:
        """Who may be the best: every objective once, with scores of its own, and no broken pair."""
        first: dict[str, LossScores] = {}
        for entry in (self.baseline, *self.entries):
            if entry.result.verdict.level != "broken" and not entry.lost:
                first.setdefault(entry.group, entry)
        return list(first.values())

    def entry(self, name: str) -> LossScores:
        """The loss of that name."""
        return next(entry for entry in self.entries if entry.name == name)

    def scaled(self, entry: LossScores) -> Floats:
        """Its scores with 0 for the dummy's and 1 for a perfect one, so that data sets can be averaged."""
        assert entry.score_J is not None
        floor, way = way_to_perfect(self.metric_record, self.dummies)
        return np.asarray(self.sign * (entry.score_J - floor) / way)

    @property
    def sign(self) -> int:
        """+1 where higher scores are better, -1 where lower ones are."""
        return 1 if self.better == "higher" else -1

    @property
    def title(self) -> str:
        """`titanic`, or `titanic with 20% label noise`."""
        return self.data.name + (f" with {self.condition_text}" if self.condition_text else "")

    def gain(self, entry: LossScores) -> Floats | None:
        """Per split, how much better than the baseline; None where either has no scores."""
        if entry.score_J is None or self.baseline.score_J is None:
            return None
        return self.sign * (entry.score_J - self.baseline.score_J)


def read_settings(record: CompareRecord) -> list[SettingScores]:
    """Every setting of a comparison, in the record's order."""
    runs_of: dict[tuple[str, ConditionKey], list[LossResult]] = {}
    for result in record.results:
        runs_of.setdefault((result.data, condition_key(result.condition)), []).append(result)
    counts = [Counter(result.loss.label for result in results) for results in runs_of.values()]
    shared = {label for count in counts for label, times in count.items() if times > 1}
    by_name = {table.name: table for table in record.data}
    settings = [_setting(record, by_name[data], results, shared) for (data, _), results in runs_of.items()]
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


def condition_key(condition: Mapping[str, float]) -> ConditionKey:
    """A condition as something to group by."""
    return tuple(sorted(condition.items()))


def primary_metric(record: CompareRecord | TrainRecord) -> MetricRecord:
    """The metric that was declared before anything was trained."""
    name = record.protocol.metric
    better = getattr(record.protocol, "better", "higher")
    return next((m for m in record.metrics if m.name == name), MetricRecord(name=name, better=better))


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
        picked=protocol.baseline == BEST_BASELINE,
    )


def _key(member: MemberRecord) -> SplitKey:
    return tuple(sorted(member.split.items()))


def _common_splits(results: list[LossResult], refits: list[tuple[MemberRecord, ...]]) -> tuple[SplitKey, ...]:
    """The splits that every run has; a failed run sets no limit, its missing scores are the worst ones."""
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
    first: dict[str, LossScores] = {}
    for entry in (baseline, *entries):
        first.setdefault(entry.group, entry)
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
