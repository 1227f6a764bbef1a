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
BOUNDED = ("l1", "gce", "brier", "ramp")
NOISE = 0.1
FALLEN, KEPT = 0.85, 0.97  # accuracies of about .7 and 1.00 lie well beyond these


def convex_losses(draw: int) -> Iterator[Outcome]:
    """Noise, splits and first weights are new in every draw; the table is the one that lossbench generates."""
    table = load(data_source(DataConfig(name="long-servedio")))
    _, evidence = compared(
        table,
        losses=",".join((*CONVEX, *BOUNDED)),
        baseline="l1",
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
    for loss in CONVEX:
        name = f"long-servedio, {NOISE:.0%} label noise: {loss} (convex)"
        yield Outcome(f"{name} is worse than l1", FOUND, rows[loss].word == "worse", rows[loss].difference)
        yield Outcome(f"{name} falls below {FALLEN}", ALWAYS, (rows[loss].mean or 0.0) < FALLEN, rows[loss].mean)
    for loss in BOUNDED:
        name = f"long-servedio, {NOISE:.0%} label noise: {loss} (bounded)"
        yield Outcome(f"{name} is worse than l1", NEVER, rows[loss].word == "worse", rows[loss].difference)
        yield Outcome(f"{name} stays above {KEPT}", ALWAYS, (rows[loss].mean or 0.0) > KEPT, rows[loss].mean)
