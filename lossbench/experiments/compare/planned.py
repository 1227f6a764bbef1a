"""A plan's evaluations one by one: what each needs to be worked on, its units, and its record before any result."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.catalog.plugins.resolve import activation_file, loss_file
from lossbench.data.splits.rows import OuterFold, digest
from lossbench.data.splits.scheme import scheme
from lossbench.experiments.compare.block import Subject
from lossbench.experiments.compare.candidates import Candidate
from lossbench.experiments.compare.conditions import applied
from lossbench.experiments.compare.evaluation import evaluation_label
from lossbench.experiments.compare.plan import ComparePlan, TablePlan, default_name, folds_by_setting
from lossbench.experiments.compare.results.references import reference_record
from lossbench.experiments.compare.setting_source import SettingSource, TableSource
from lossbench.experiments.compare.tuning.trials import tunes_params
from lossbench.experiments.compare.unit_key import loss_key, reference_key, setting_key, unit_key
from lossbench.experiments.scoring.scores import metric_record
from lossbench.experiments.setup.data_source import data_source, repairs, table_record
from lossbench.experiments.setup.environment import environment
from lossbench.record import Asked, Levels, LossResult, ObjectiveRecord, SplitRecord
from lossbench.record.loss_profile import LossProfile


@dataclass(frozen=True)
class Evaluation:
    """One loss or reference model in one setting; `steps` of one repetition's nets, if all train all their epochs."""

    asked: Asked
    subject: Subject
    setting: SettingSource
    steps: tuple[int, ...]
    private: str = ""  # the user's file that its loss comes from
    untrainable: str = ""  # why it has failed already


def evaluations(plan: ComparePlan, share: Path) -> Iterator[Evaluation]:
    """All of a plan's, setting by setting; other processes find the tables in the folder `share`."""
    for place, entry in enumerate(plan.tables):
        table = TableSource(
            entry.data,
            data_source(entry.data, plan.config.data),
            entry.table.fingerprint(),
            share / f"table-{place}.pickle",
            entry.table,
        )
        settings = zip(plan.grid, folds_by_setting(plan.config, entry.table, entry.folds), strict=True)
        for condition, folds in settings:
            setting = _setting(plan, entry, table, condition)
            steps = [plan.steps(entry.table, some) for some in _by_repeat(folds)]
            for candidate in entry.selection.candidates:
                yield Evaluation(
                    Asked(
                        "loss",
                        setting.key,
                        _units(entry, setting.key, loss_key(candidate)),
                        opened(setting.name, setting.condition, candidate),
                    ),
                    Subject(candidate.config),
                    setting,
                    tuple(steps),
                    private(candidate) if plan.config.isolate else "",
                    next(
                        (pair.seen.untrainable for pair in candidate.pairs if pair.seen and pair.seen.untrainable), ""
                    ),
                )
            for name in plan.config.reference:
                header = reference_record(name, entry.table.name, condition, task=entry.table.task)
                yield Evaluation(
                    Asked("reference", setting.key, _units(entry, setting.key, reference_key(name)), header),
                    Subject(reference=name),
                    setting,
                    tuple(0 for _ in steps),
                )


def skeleton(plan: ComparePlan, command: str, looked_in: str = "") -> dict[str, Any]:
    """What is known of a comparison's record before any result: its parts but results, and each table's warnings."""
    data = [table_record(entry.table, _split_facts(plan, entry)) for entry in plan.tables]
    record = {
        "name": plan.config.name or default_name(plan),
        "command": command,
        "config": plan.config.model_dump(mode="json", exclude={"jobs", "scheduler"}),
        "environment": environment(plan.device, plan.threads, plan.kernel),
        "data": [one.model_dump(mode="json") for one in data],
        "metrics": [metric_record(metric).model_dump(mode="json") for metric in plan.metrics],
        "conditions": [one.record(plan.config).model_dump(mode="json") for one in applied(plan.config)],
        "loss_profiles": [one.model_dump(mode="json") for one in _profiles(plan)],
        "protocol": plan.protocol.model_copy(update={"looked_in": looked_in}).model_dump(mode="json"),
    }
    tables = [
        {
            "setting": setting_key(plan, entry, plan.grid[0]),
            "warnings": [*table_warnings(entry), *repairs(entry.table.notes)],
        }
        for entry in plan.tables
    ]
    return {"record": record, "tables": tables}


def _profiles(plan: ComparePlan) -> list[LossProfile]:
    """Each loss behind its last activation, once; it is the same on every table of a task."""
    pairs = (candidate.pair for entry in plan.tables for candidate in entry.selection.candidates)
    different = {(pair.name, loss_file(pair.loss), pair.task): pair for pair in pairs}
    found = {(one.label, one.axis): one for pair in different.values() if (one := pair.profile) is not None}
    return list(found.values())


def table_warnings(entry: TablePlan) -> list[str]:
    """What is to be said of a table's splits and pairs before anything is trained."""
    messages = []
    if len(entry.folds) < 5:
        messages.append(
            f"anecdotal: {len(entry.folds)} splits of {entry.table.name} cannot carry a conclusion; use at least 5"
        )
    for candidate in entry.selection.candidates:
        messages += candidate.pair.warnings(candidate.full_name)
    return messages


def private(candidate: Candidate) -> str:
    """The user's file that its loss or its last activation comes from; "" where both are lossbench's own."""
    return loss_file(candidate.pair.loss) or activation_file(candidate.pair.activation)


def _setting(plan: ComparePlan, entry: TablePlan, table: TableSource, condition: Levels) -> SettingSource:
    files = {
        file
        for candidate in entry.selection.candidates
        for file in (loss_file(candidate.pair.loss), activation_file(candidate.pair.activation))
        if file
    }
    return SettingSource(
        key=setting_key(plan, entry, condition),
        config=plan.config,
        metric=plan.metric.name,
        select=plan.select.name,
        trials=plan.trials,
        tune_params=tunes_params(plan.config),
        device=str(plan.device),
        threads=plan.config.threads or 1,
        table=table,
        name=entry.table.name,
        condition=dict(condition),
        sources={file: Path(file).read_text() for file in sorted(files) if os.path.exists(file)},
    )


def _by_repeat(folds: Sequence[OuterFold]) -> list[list[OuterFold]]:
    repeats = sorted({fold.repeat for fold in folds})
    return [[fold for fold in folds if fold.repeat == repeat] for repeat in repeats]


def _units(entry: TablePlan, setting: str, subject: dict[str, Any]) -> tuple[str, ...]:
    return tuple(unit_key(setting, subject, folds) for folds in _by_repeat(entry.folds))


def opened(data: str, condition: Levels, candidate: Candidate) -> LossResult:
    """The record of a loss in a setting, before anything is trained."""
    pair = candidate.pair
    objective = None
    if candidate.group or candidate.represents:
        objective = ObjectiveRecord(
            group=candidate.group,
            factor=candidate.factor,
            represents=list(candidate.represents),
            probes=candidate.probes,
            reach=candidate.reach,
        )
    return LossResult(
        name=str(evaluation_label(data, pair, condition)),
        data=data,
        loss=candidate.loss_record(),
        last_act=pair.activation.name,
        verdict=pair.verdict_record(),
        status="interrupted",
        outputs=pair.outputs,
        condition=dict(condition),
        objective=objective,
    )


def _split_facts(plan: ComparePlan, entry: TablePlan) -> SplitRecord:
    return SplitRecord(
        scheme=scheme(entry.table, "folds"),
        folds=plan.config.folds,
        repeats=plan.config.repeats,
        inner_train=max(len(pair.train) for pair in entry.pairs),
        inner_validation=max(len(part) for pair in entry.pairs for part in pair.validation),
        test=max(len(fold.test) for fold in entry.folds),
        seed=plan.config.seed,
        sha256=[digest(fold) for fold in entry.folds],
    )
