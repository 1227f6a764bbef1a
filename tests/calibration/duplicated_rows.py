"""A table that has each of its rows four times, and whose classes are drawn without a look at the features.

Every net is then right on half of the rows it has never seen, whatever its loss: an accuracy of 0.5 and a difference of
0 are the truth. A net that has seen a copy of a test row knows its class.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lossbench.data.duplicates import DUPLICATES, grouped
from tests.calibration.known_truths import table_of
from tests.calibration.outcomes import Outcome, compared
from tests.calibration.statistics import ALWAYS, AT_LEAST, AT_MOST, MEASURED

ROWS, COPIES = 75, 4
TRUTH = 0.5


def duplicated_rows(draw: int) -> Iterator[Outcome]:
    """The same table split in whole groups of copies, and split as if its rows were different ones."""
    random = np.random.default_rng([draw, 22])
    order = random.permutation(np.repeat(np.arange(ROWS), COPIES))
    x, y = random.normal(size=(ROWS, 6)), (np.arange(ROWS) % 2).astype(np.int64)
    table = table_of(x[order], y[order], "copies")
    for groups in (DUPLICATES, None):
        planned, evidence = compared(
            grouped(table, groups),
            losses="ce,mse",
            net={"hidden": [32]},
            optim={"epochs": 30, "lr": 1e-2},
            repeats=2,
        )
        first, second = (next(row for row in evidence.rows if row.loss == loss) for loss in ("cross_entropy", "mse"))
        too_good = any("test scores are too good" in note for note in planned.tables[0].table.notes)
        off = None if first.mean is None else first.mean - TRUTH
        above = first.low is not None and first.low > TRUTH
        low, high = second.difference_low, second.difference_high
        apart = low is not None and high is not None and not low <= 0 <= high
        name = f"rows {COPIES} times, {f'--groups {DUPLICATES}' if groups else 'split apart'}"
        if not groups:
            yield Outcome(f"{name}: the plan warns of scores that are too good", ALWAYS, too_good)
        promised = AT_MOST if groups else MEASURED
        yield Outcome(f"{name}: a difference of 0 is outside its interval", promised, apart, second.difference)
        yield Outcome(f"{name}: the score's interval is above the truth", promised, above, off)
        if groups:
            yield Outcome(f"{name}: found that none has learnt anything", AT_LEAST, evidence.learnt_nothing)
