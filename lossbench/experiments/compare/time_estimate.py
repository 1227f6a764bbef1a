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
SLOW = 1e-4  # seconds a step, where nothing could be measured
FAST = 1e-6  # no step takes less


@dataclass(frozen=True)
class WorkEstimate:
    """Nets and steps of one net (its share of one batch), and seconds of training; upper bounds, for early stopping
    and chosen epochs only take away."""

    members: int
    steps: int
    seconds: float


def estimate(plan: ComparePlan) -> WorkEstimate:
    """Train every pair for a moment, and count."""
    members = steps = 0
    seconds = 0.0
    pace = _Pace(plan)
    for table in plan.tables:
        each = sum(plan.steps(table.table, folds) for folds in folds_by_setting(plan.config, table.table, table.folds))
        candidates = table.selection.candidates
        members += plan.members(table) * len(candidates) * len(plan.grid)
        steps += each * len(candidates)
        seconds += each * sum(pace.of(table))
    return WorkEstimate(members, steps, seconds)


class _Pace:
    """Seconds that a step takes. Each pair is measured once, on the first table that has it; a later table is measured
    by one of its pairs that is known, and what a step costs there more, or less, it does for the others too."""

    def __init__(self, plan: ComparePlan) -> None:
        self._plan = plan
        self._known: dict[str, float] = {}

    def of(self, table: TablePlan) -> list[float]:
        """Those of each candidate; a loss that fails already here counts as the slowest of the others."""
        setting = prepare_setting(
            table.table,
            [fold for fold in table.folds if fold.repeat == 0],
            data=table.data,
            seed=self._plan.config.seed,
            partners=self._plan.config.inner_folds,
        )
        candidates = table.selection.candidates
        again = next((candidate for candidate in candidates if candidate.full_name in self._known), None)
        here = None if again is None else _step(self._plan, setting, again)
        more = 0.0 if again is None or here is None else here - self._known[again.full_name]
        paces = [self._at(candidate, setting, more) for candidate in candidates]
        slowest = max((pace for pace in paces if pace is not None), default=SLOW)
        return [slowest if pace is None else pace for pace in paces]

    def _at(self, candidate: Candidate, setting: Setting, more: float) -> float | None:
        if candidate.full_name in self._known:
            return max(self._known[candidate.full_name] + more, FAST)
        measured = _step(self._plan, setting, candidate)
        if measured is not None:
            self._known[candidate.full_name] = measured - more
        return measured


def _step(plan: ComparePlan, setting: Setting, candidate: Candidate) -> float | None:
    """Seconds that a step takes; None where it fails."""
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
    return (epochs[-1][0] - epochs[0][0]) / done if done else None
