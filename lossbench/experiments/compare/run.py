"""`compare-losses`: every loss on the same tables, splits, first weights and batches; which one, with evidence.

`plan` finds whatever can be wrong before the first epoch; `run` returns the record, from whose results alone every
statistic can be computed again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from lossbench.data.splits.rows import digest
from lossbench.data.splits.scheme import scheme
from lossbench.engine.threads import in_threads, one_thread
from lossbench.events import Emit, EvaluationSkipped, EvaluationsPlanned, Stopped, Warned, ignore, never
from lossbench.experiments.compare.candidates import Selection
from lossbench.experiments.compare.conditions import applied, setting_name
from lossbench.experiments.compare.evaluation import evaluate_loss, impute_failed_scores
from lossbench.experiments.compare.job import Job, Options
from lossbench.experiments.compare.plan import ComparePlan, TablePlan, default_name
from lossbench.experiments.compare.results.cross_loss_matrix import cross_loss_matrix
from lossbench.experiments.compare.results.references import evaluate_references
from lossbench.experiments.compare.results.test_scores import dummy_scores
from lossbench.experiments.compare.setting import Setting, prepare_setting
from lossbench.experiments.scoring.scores import metric_record
from lossbench.experiments.setup.data_source import announce, data_record, repairs
from lossbench.experiments.setup.environment import environment
from lossbench.record import CompareRecord, DataRecord, LossResult, ReferenceRecord, SplitRecord


def run(plan: ComparePlan, *, emit: Emit = ignore, stopped: Stopped = never, command: str = "") -> CompareRecord:
    """Every loss in every setting; a stopped comparison returns the record of what was finished."""
    began = time.perf_counter()
    options = Options(plan.config, plan.select, plan.trials, plan.device, plan.threads, plan.metrics)
    results: list[LossResult] = []
    references: list[ReferenceRecord] = []
    data: list[DataRecord] = []
    warnings: list[str] = []
    preparing = evaluating = 0.0
    emit(EvaluationsPlanned(plan.evaluations))
    for entry in plan.tables:
        for left in entry.selection.excluded:
            emit(EvaluationSkipped(f"{entry.table.name} / {left.name}", left.why))
        for message in _warnings(entry):
            warnings.append(message)
            emit(Warned(message))
        for condition in plan.grid:
            if stopped():
                warnings.append(f"interrupted before it began: {setting_name(entry.table.name, condition)}")
                continue
            start = time.perf_counter()
            setting = prepare_setting(
                entry.table,
                entry.folds,
                data=entry.data,
                seed=plan.config.seed,
                partners=plan.config.inner_folds,
                condition=condition,
            )
            preparing += time.perf_counter() - start
            if len(data) <= plan.tables.index(entry):
                first = setting.inner[0]
                data.append(data_record(entry.table, first.inputs, _split_facts(plan, entry), first.preparation))
                table_notes = (*entry.table.notes, *first.preparation.notes)
                warnings += repairs(table_notes)
                announce(table_notes, emit)
            start = time.perf_counter()
            results += _evaluate_losses(options, setting, entry.selection, emit, stopped)
            references += evaluate_references(options, setting, stopped)
            evaluating += time.perf_counter() - start
    total = time.perf_counter() - began
    return CompareRecord(
        name=plan.config.name or default_name(plan),
        status="interrupted" if stopped() and _is_unfinished(plan, results) else "ok",
        command=command,
        config=plan.config.model_dump(mode="json"),
        environment=environment(plan.device, plan.threads),
        data=data,
        metrics=[metric_record(metric) for metric in plan.metrics],
        conditions=[condition.record(plan.config) for condition in applied(plan.config)],
        protocol=plan.protocol,
        results=results,
        references=references,
        timing={"prepare": preparing, "evaluate": evaluating, "total": total},
        warnings=warnings,
    )


def _evaluate_losses(
    options: Options, setting: Setting, selection: Selection, emit: Emit, stopped: Stopped
) -> list[LossResult]:
    """Every loss in one setting, then what each one's nets are worth under every other's loss.

    Losses are independent, and side by side they keep the processors busier than one alone. One that was stopped before
    it began has a result without members, "interrupted".
    """
    dummies = dummy_scores(selection.candidates[0].pair, setting.outer, options.metrics)
    together = min(options.threads, len(selection.candidates)) if options.device.type == "cpu" else 1
    each = replace(options, threads=max(1, options.threads // together))
    jobs = [Job(each, setting, candidate, dummies) for candidate in selection.candidates]
    evaluated = in_threads([partial(evaluate_loss, job, emit) for job in jobs], together, stopped)
    finished = {one.job.candidate.name: one for one in evaluated if one.scored}
    pairs = {name: one.job.candidate.pair for name, one in finished.items()}
    with one_thread():
        matrix = cross_loss_matrix(pairs, {name: one.scored for name, one in finished.items()}, setting.outer)
    for name, row in matrix.items():
        finished[name].result.matrix = row
    results = [one.result for one in evaluated]
    impute_failed_scores(setting, results, dummies)
    return results


def _is_unfinished(plan: ComparePlan, results: Sequence[LossResult]) -> bool:
    return len(results) < plan.evaluations or any(result.status == "interrupted" for result in results)


def _warnings(entry: TablePlan) -> list[str]:
    messages = []
    if len(entry.folds) < 5:
        messages.append(
            f"anecdotal: {len(entry.folds)} splits of {entry.table.name} cannot carry a conclusion; use at least 5"
        )
    for candidate in entry.selection.candidates:
        messages += candidate.pair.warnings(candidate.full_name)
    return messages


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
