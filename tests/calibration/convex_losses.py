"""Long & Servedio (2010): a linear net, a table that it separates without an error, 10% of the training labels wrong.

The few wrong labels of large margin outweigh all rows of small margin in any convex loss, which then gives many of the
penalizers away; a bounded loss lets the wrong labels go. Test labels are clean.
doi:10.1007/s10994-009-5165-z
"""

from __future__ import annotations

from collections.abc import Iterator

from lossbench.config.data import DataConfig
from lossbench.data.load import load
from lossbench.experiments.setup.data_source import data_source
from tests.calibration.outcomes import Outcome, compared
from tests.calibration.statistics import ALWAYS, FOUND, NEVER

CONVEX = ("cross_entropy", "hinge", "squared_hinge", "exponential")
BASELINE, *BOUNDED = "l1", "gce", "brier", "ramp"
NOISE = 0.1
BETWEEN = 0.85  # convex losses have accuracies of about .7, bounded ones of about 1.00


def convex_losses(draw: int) -> Iterator[Outcome]:
    """Noise, splits and first weights are new in every draw; the table is the one that lossbench generates."""
    table = load(data_source(DataConfig(name="long-servedio")))
    _, evidence = compared(
        table,
        losses=",".join((*CONVEX, BASELINE, *BOUNDED)),
        baseline=BASELINE,
        metric="accuracy",
        conditions={"label_noise": [NOISE], "stop_rule": ["last"]},
        net={"hidden": []},
        optim={"epochs": 20, "lr": 1e-2, "batch_size": 128},
        lrs=[1e-2],
        inner_folds=2,
        repeats=1,
        seed=draw,
    )
    rows = {row.loss: row for row in evidence.rows}
    where = f"long-servedio, {NOISE:.0%} label noise"
    for loss in CONVEX:
        name, row = f"{where}: {loss} (convex)", rows[loss]
        yield Outcome(f"{name} is worse than {BASELINE}", FOUND, row.word == "worse", row.difference)
        yield Outcome(f"{name} falls below {BETWEEN}", ALWAYS, row.mean is not None and row.mean < BETWEEN, row.mean)
    for loss in (BASELINE, *BOUNDED):
        name, row = f"{where}: {loss} (bounded)", rows[loss]
        if loss != BASELINE:
            yield Outcome(f"{name} is worse than {BASELINE}", NEVER, row.word == "worse", row.difference)
        yield Outcome(f"{name} stays above {BETWEEN}", ALWAYS, row.mean is not None and row.mean > BETWEEN, row.mean)
