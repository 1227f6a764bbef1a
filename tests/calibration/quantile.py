"""The 0.9-quantile of a skewed target: found by its own pinball loss, missed by the mean; and both by the median's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lossbench.record.comparison import NOT_ESTIMATED
from tests.calibration.known_truths import table_of
from tests.calibration.outcomes import Outcome, compared
from tests.calibration.statistics import ALWAYS, FOUND, NEVER

ROWS = 300
QUANTILE = "pinball(quantile=0.9)"


def quantile(draw: int) -> Iterator[Outcome]:
    """Targets with exponential noise, whose 0.9-quantile is 1.3 noise means above its mean."""
    random = np.random.default_rng([draw, 23])
    x = random.normal(size=(ROWS, 3))
    y = x @ np.array([1.0, -0.5, 0.5]) + random.exponential(1.5, size=ROWS)
    table = table_of(x, y, "skewed", ())
    losses = f"mse,{QUANTILE}"
    _, evidence = compared(table, losses=losses, metric=QUANTILE, optim={"epochs": 30, "lr": 1e-2})
    row, mean = (next(row for row in evidence.rows if row.loss == loss) for loss in (QUANTILE, "mse"))
    gain = None if row.difference is None else -row.difference
    yield Outcome(f"by {QUANTILE}: {QUANTILE} is better than mse", FOUND, row.word == "better", gain)
    yield Outcome(f"by {QUANTILE}: {QUANTILE} is worse than mse", NEVER, row.word == "worse")
    marked = (row.scored, mean.scored) == ("", NOT_ESTIMATED)
    yield Outcome(f"by {QUANTILE}: mse is marked, and nothing else", ALWAYS, marked)
    planned, evidence = compared(
        table, losses=losses, metric="pinball", repeats=1, lrs=[1e-2], optim={"epochs": 2, "lr": 1e-2}
    )
    row = next(row for row in evidence.rows if row.loss == QUANTILE)
    yield Outcome(f"by the median's pinball: {QUANTILE} is marked", ALWAYS, row.scored == NOT_ESTIMATED)
    warned = any(NOT_ESTIMATED in note and QUANTILE in note for note in planned.tables[0].table.notes)
    yield Outcome(f"by the median's pinball: the plan warns of {QUANTILE}", ALWAYS, warned)
