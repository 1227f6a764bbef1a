"""A class of 5% or 0.5% of the rows, with features that say nothing of it, or that do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.calibration.known_truths import table_of
from tests.calibration.outcomes import Outcome, compared
from tests.calibration.statistics import ALWAYS, AT_LEAST, AT_MOST, FOUND

LOSSES = "ce,l1,focal"
ROWS = {0.05: 400, 0.005: 2000}  # 20 and 10 rows of the rare class
SIGNAL = 2.0  # standard deviations between the means of the classes: an AUROC of 0.92 is in reach


def rare_class(draw: int, share: float = 0.05, signal: float = 0.0) -> Iterator[Outcome]:
    """Without signal no loss differs from another, and none has learnt anything."""
    random = np.random.default_rng([draw, round(1000 * share), round(signal), 20])
    rows = ROWS[share]
    y = (np.arange(rows) < share * rows).astype(np.int64)[random.permutation(rows)]
    x = random.normal(size=(rows, 4))
    x[:, 0] += signal * y
    planned, evidence = compared(
        table_of(x, y, "rare"),
        losses=LOSSES,
        optim={"epochs": 10, "lr": 1e-2, "batch_size": 32 if rows < 1000 else 128},
    )
    name = f"{share:.1%} positives, {'AUROC 0.92 in reach' if signal else 'no signal'}"
    words = {row.word for row in evidence.rows}
    yield Outcome(f"{name}: auto is another metric than accuracy", ALWAYS, planned.metric.name != "accuracy")
    told = any("accuracy" in note for note in planned.tables[0].table.notes)
    yield Outcome(f"{name}: what accuracy the majority class has is said", ALWAYS, told)
    if signal:
        baseline = next(row for row in evidence.rows if row.name == evidence.baseline)
        above = None if baseline.mean is None or evidence.dummy is None else baseline.mean - evidence.dummy
        found = baseline.beside_dummy == "better"
        yield Outcome(f"{name}: the baseline is better than the majority class", FOUND, found, above)
        yield Outcome(f"{name}: found that none has learnt anything", AT_MOST, evidence.learnt_nothing)
    else:
        yield Outcome(f"{name}: any loss better or worse", AT_MOST, bool(words & {"better", "worse"}))
        said = evidence.learnt_nothing and "any loss has learnt anything" in evidence.sentence
        yield Outcome(f"{name}: found that none has learnt anything", AT_LEAST, said)
