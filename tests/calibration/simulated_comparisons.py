"""Comparisons with a known truth, through the same steps as `compare-losses`: setting, evaluation, record, judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from scipy import stats

from lossbench.catalog.metrics import reported
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.data import DataConfig
from lossbench.data.splits.stratified import repeated_kfold
from lossbench.data.table import Table
from lossbench.experiments.compare.assemble import impute_failed_scores, loss_result
from lossbench.experiments.compare.candidates import Candidate, select_candidates
from lossbench.experiments.compare.evaluation import evaluate
from lossbench.experiments.compare.job import Job, Options
from lossbench.experiments.compare.planned import opened
from lossbench.experiments.compare.protocol import SearchSpace, describe, primary_metric, selection_metric
from lossbench.experiments.compare.results.test_scores import dummy_scores
from lossbench.experiments.compare.setting import Setting, prepare_setting
from lossbench.experiments.scoring.scores import metric_record
from lossbench.experiments.setup.data_source import data_record
from lossbench.record import CompareRecord, LossResult, RepetitionRecord, SplitRecord
from lossbench.report.compare.analysis.comparison import compare

T = TypeVar("T")
DATA = DataConfig(name="iris")  # its options only: no scaling but the default


@dataclass(frozen=True)
class Ruling:
    """What the judge says of a second candidate against the first; `naive_p`: of a paired t that ignores dependence."""

    word: str
    p: float
    gain: float  # positive: the second is better
    naive_p: float


def small(**other: Any) -> CompareConfig:
    """The default design (5 x 5 splits) with nets small enough for thousands of comparisons."""
    return CompareConfig.model_validate(
        {"net": {"hidden": [8]}, "optim": {"epochs": 10, "lr": 1e-2}, "lrs": [1e-2, 3e-2], "threads": 1, **other}
    )


def setting_of(config: CompareConfig, table: Table, **levels: float) -> Setting:
    """The setting that `compare-losses` would prepare, at these levels of its conditions."""
    folds = repeated_kfold(table.target, table.task, config.folds, config.repeats, config.seed)
    return prepare_setting(table, folds, data=DATA, seed=config.seed, partners=config.inner_folds, condition=levels)


def candidates(config: CompareConfig, table: Table) -> tuple[Candidate, ...]:
    """The config's losses on a table."""
    return select_candidates(config.losses, table).candidates


def meet(config: CompareConfig, setting: Setting, candidate: Candidate) -> LossResult:
    """One loss, evaluated alone."""
    return meet_and_predict(config, setting, candidate)[0]


def meet_and_predict(
    config: CompareConfig, setting: Setting, candidate: Candidate
) -> tuple[LossResult, list[torch.Tensor]]:
    """The same, with what its refits predict for their test rows."""
    select = selection_metric(config.select_by, primary_metric(config.metric, [setting.table]), [setting.table])
    metrics = reported(setting.task)
    dummies = dummy_scores(len(setting.table.classes), setting.outer, metrics)
    options = Options(config, select, len(config.lrs), torch.device("cpu"), 1, metrics)
    evaluations = evaluate([Job(options, setting, candidate, dummies)])
    units = [one.record for one in evaluations]
    repetitions = {
        repeat: RepetitionRecord(
            realised=dict(setting.realised),
            dummies=[scores for scores, fold in zip(dummies, setting.folds, strict=True) if fold.repeat == repeat],
            inputs=setting.inner[0].inputs,
            excluded=[],
            notes=[],
            dummy_statistic="mean",
        )
        for repeat in sorted({fold.repeat for fold in setting.folds})
    }
    header = opened(setting.table.name, setting.condition, candidate)
    result = loss_result(header, units, list(repetitions.values()), count=len(units))
    impute_failed_scores([result], repetitions)
    return result, [net for one in evaluations for net in one.predicted]


def rule(config: CompareConfig, setting: Setting, first: LossResult, second: LossResult) -> Ruling:
    """Put two evaluations before the judge as a record of a comparison, under names of their own."""
    metric = primary_metric(config.metric, [setting.table])
    runs = []
    for label, result in (("first", first), ("second", second)):
        loss = result.loss.model_copy(update={"label": label})
        runs.append(result.model_copy(update={"loss": loss, "objective": None}))
    record = CompareRecord(
        name="calibration",
        status="ok",
        data=[data_record(setting.table, setting.inner[0].inputs, SplitRecord(), setting.inner[0].preparation)],
        metrics=[metric_record(metric)],
        protocol=describe(config, setting.table, metric, metric, "first", SearchSpace(len(config.lrs))),
        results=runs,
    )
    (table,) = compare(record).tables
    row = next(row for row in table.rows if row.name == "second")
    assert row.difference is not None
    sign = 1 if metric.better == "higher" else -1
    scores = [np.array([m.test[metric.name] for m in run.members if m.role == "refit"], dtype=float) for run in runs]
    return Ruling(row.word, 1.0 if row.p is None else row.p, sign * row.difference, _paired_t(scores[1] - scores[0]))


def _paired_t(difference_J: np.ndarray) -> float:
    if np.ptp(difference_J) == 0:
        return float(difference_J[0] == 0)
    return float(stats.ttest_1samp(difference_J, 0).pvalue)


def with_seeds(setting: Setting, draw: int) -> Setting:
    """The same splits and rows with other first weights and batch orders."""

    def redrawn(seeds: Sequence[int]) -> tuple[int, ...]:
        return tuple(int(seed) for seed in np.random.SeedSequence([draw, *seeds]).generate_state(len(seeds)))

    return replace(setting, seeds=redrawn(setting.seeds), inner_seeds=redrawn(setting.inner_seeds))


def shares(rulings: Sequence[Ruling], alpha: float = 0.05) -> dict[str, float]:
    """How often a difference was seen, by the judge and by the naive test."""
    return {
        "comparisons": len(rulings),
        "different": float(np.mean([r.word in {"better", "worse"} for r in rulings])),
        "p_below": float(np.mean([r.p < alpha for r in rulings])),
        "naive_p_below": float(np.mean([r.naive_p < alpha for r in rulings])),
    }


def alone(truth: Callable[[int], Iterable[T]], draw: int) -> list[T]:
    """One draw of a truth in a worker process that shares the machine: torch gets one thread."""
    torch.set_num_threads(1)
    return list(truth(draw))
