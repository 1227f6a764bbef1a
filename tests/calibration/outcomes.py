"""What happened in a comparison whose truth is known, and how often it did, beside what is promised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lossbench.data.table import Table
from lossbench.experiments.compare.plan import ComparePlan, plan
from lossbench.experiments.compare.run import run
from lossbench.record.comparison import Table as Evidence
from lossbench.report.compare.analysis.comparison import compare
from tests.calibration.simulated_comparisons import small
from tests.calibration.statistics import Rate

AT_MOST, AT_LEAST, FOUND, ALWAYS, NEVER, MEASURED = "<= 5%", ">= 95%", ">= 90%", "100%", "0%", "(no)"


@dataclass(frozen=True)
class Outcome:
    """Whether something happened in one comparison; `value`: a number whose mean is wanted."""

    what: str
    promised: str
    happened: bool
    value: float | None = None


@dataclass(frozen=True)
class Share(Rate):
    """A rate with the mean of its outcomes' values."""

    mean: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the promise is within the exact 95% interval of the share; 100% and 0% have no exception."""
        low, high = self.interval
        return {
            AT_MOST: low <= 0.05,
            AT_LEAST: high >= 0.95,
            FOUND: high >= 0.9,
            ALWAYS: self.count == self.trials,
            NEVER: self.count == 0,
            MEASURED: True,
        }[self.promised]


def share_of(outcomes: Iterable[Outcome]) -> list[Share]:
    """The rate of each thing that may happen, in their order."""
    of: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        of.setdefault((outcome.what, outcome.promised), []).append(outcome)
    shares = []
    for (what, promised), found in of.items():
        values = [outcome.value for outcome in found if outcome.value is not None]
        mean = float(np.mean(values)) if values else None
        shares.append(Share(what, promised, sum(outcome.happened for outcome in found), len(found), mean))
    return shares


def compared(table: Table, **other: object) -> tuple[ComparePlan, Evidence]:
    """The plan and the evidence of `compare-losses` on a table, with nets as small as `small` has them."""
    planned = plan(small(data="iris", **other), [table])  # the name stands for the table
    return planned, compare(run(planned)).tables[0]
