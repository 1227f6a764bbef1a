"""What happened in a comparison whose truth is known, and how often it did, beside what is promised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lossbench.data.table import Table
from lossbench.experiments.compare.plan import ComparePlan, plan
from lossbench.experiments.compare.run import run
from lossbench.record.comparison import ComparisonTable
from lossbench.report.compare.analysis.comparison import compare
from tests.calibration.simulated_comparisons import small
from tests.calibration.statistics import Rate


@dataclass(frozen=True)
class Outcome:
    """Whether something happened in one comparison; `value`: a number whose mean is wanted."""

    what: str
    promised: str
    happened: bool
    value: float | None = None


def rates_of(outcomes: Iterable[Outcome]) -> list[Rate]:
    """The rate of each thing that may happen, in their order."""
    of: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        of.setdefault((outcome.what, outcome.promised), []).append(outcome)
    rates = []
    for (what, promised), found in of.items():
        values = [outcome.value for outcome in found if outcome.value is not None]
        mean = float(np.mean(values)) if values else None
        rates.append(Rate(what, promised, sum(outcome.happened for outcome in found), len(found), mean))
    return rates


def compared(table: Table, **other: object) -> tuple[ComparePlan, ComparisonTable]:
    """The plan and the evidence of `compare-losses` on a table, with nets as small as `small` has them."""
    planned = plan(small(data="iris", **other), [table])  # the name stands for the table
    return planned, compare(run(planned)).tables[0]
