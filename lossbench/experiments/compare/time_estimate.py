"""How much work a comparison is and how long it will take here: what `--dry-run` prints. The speed is measured."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from lossbench.engine.training.train import train
from lossbench.errors import FAULTS
from lossbench.events import EpochEnded, Event
from lossbench.experiments.compare.candidates import Candidate
from lossbench.experiments.compare.job import Job, Options
from lossbench.experiments.compare.plan import ComparePlan, TablePlan, folds_by_setting
from lossbench.experiments.compare.setting import Setting, prepare_setting
from lossbench.experiments.compare.tuning.problems import tuning_problem

PROBE_EPOCHS = 2  # the first epoch pays for the buffers and is not counted
SLOW = 1e4  # steps a second, where nothing could be measured


@dataclass(frozen=True)
class WorkEstimate:
    """Nets and steps of one net (its share of one batch), and seconds of training; upper bounds, for early stopping
    and chosen epochs only take away."""

    members: int
    steps: int
    seconds: float


def estimate(plan: ComparePlan) -> WorkEstimate:
    """Train every loss for a moment, and count."""
    members = steps = 0
    seconds = 0.0
    for table in plan.tables:
        each = sum(plan.steps(table.table, folds) for folds in folds_by_setting(plan.config, table.table, table.folds))
        candidates = table.selection.candidates
        members += plan.members(table) * len(candidates) * len(plan.grid)
        steps += each * len(candidates)
        seconds += sum(each / rate for rate in _rates(plan, table))
    return WorkEstimate(members, steps, seconds)


def _rates(plan: ComparePlan, table: TablePlan) -> list[float]:
    """Steps a second of each candidate; a loss that fails already here counts as the slowest of the others."""
    setting = prepare_setting(
        table.table,
        [fold for fold in table.folds if fold.repeat == 0],
        data=table.data,
        seed=plan.config.seed,
        partners=plan.config.inner_folds,
    )
    rates = [_rate(plan, setting, candidate) for candidate in table.selection.candidates]
    slowest = min((rate for rate in rates if rate is not None), default=SLOW)
    return [slowest if rate is None else rate for rate in rates]


def _rate(plan: ComparePlan, setting: Setting, candidate: Candidate) -> float | None:
    options = Options(plan.config, plan.select, plan.trials, plan.device, plan.threads, plan.metrics)
    problem = tuning_problem(Job(options, setting, candidate))
    problem = replace(problem, training=replace(problem.training, epochs=PROBE_EPOCHS))
    epochs: list[tuple[float, EpochEnded]] = []

    def note(event: Event) -> None:
        if isinstance(event, EpochEnded):
            epochs.append((time.perf_counter(), event))

    try:
        train(problem, evaluation="", emit=note, device=str(plan.device), threads=plan.threads)
    except FAULTS:  # a user's own loss: the comparison itself will report it
        return None
    rows = [len(split.truth_N["train"]) for split in setting.inner]
    done = sum(plan.steps_of_epoch(rows[problem.members[m].fold]) for _, epoch in epochs[1:] for m in epoch.members)
    return done / (epochs[-1][0] - epochs[0][0]) if done else None
