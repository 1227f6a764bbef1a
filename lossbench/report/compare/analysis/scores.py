"""The scores of a comparison's record: in every setting, every loss on the same splits (J splits)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.events import Better
from lossbench.record import (
    CompareRecord,
    DataRecord,
    LossResult,
    MemberRecord,
    MetricRecord,
    Scores,
    TrainRecord,
)
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.scale import way_to_perfect
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

    @cached_property
    def params(self) -> dict[str, Any]:
        """Its own parameters as it chose them most often, of equally frequent ones the default; {}: no choice."""
        chosen = Counter(tuple(m.params.items()) for m in self.refits)
        default = self.result.loss.params.items()
        most = max(chosen.items(), key=lambda one: (one[1], dict(one[0]).items() <= default), default=((), 0))
        return dict(most[0])

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
    condition_text: str  # "20% symmetric label noise"; "" where nothing was changed
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
        """`titanic`, or `titanic with 20% symmetric label noise`."""
        return self.data.name + (f" with {self.condition_text}" if self.condition_text else "")

    def gain(self, entry: LossScores) -> Floats | None:
        """Per split, how much better than the baseline; None where either has no scores."""
        if entry.score_J is None or self.baseline.score_J is None:
            return None
        return self.sign * (entry.score_J - self.baseline.score_J)


def first_of_each(entries: Iterable[LossScores]) -> dict[str, LossScores]:
    """The first entry of each objective, by its group: the others repeat it."""
    first: dict[str, LossScores] = {}
    for entry in entries:
        first.setdefault(entry.group, entry)
    return first


def condition_key(condition: Mapping[str, float]) -> ConditionKey:
    """A condition as something to group by."""
    return tuple(sorted(condition.items()))


def primary_metric(record: CompareRecord | TrainRecord) -> MetricRecord:
    """The metric that was declared before anything was trained."""
    name = record.protocol.metric
    better = getattr(record.protocol, "better", "higher")
    return next((m for m in record.metrics if m.name == name), MetricRecord(name=name, better=better))
