"""Does the common temperature harm losses whose raw probabilities are right? Calibrated against raw log-loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import make_classification

from tests.calibration.known_truths import table_of
from tests.calibration.simulated_comparisons import candidates, meet, setting_of, small

SIZES = (100, 200, 500, 1000, 2000)
LOSSES = ("cross_entropy", "brier")  # proper scoring rules: their raw probabilities estimate the classes'
IRRELEVANT = 0.002  # of log-loss a row


@dataclass(frozen=True)
class Harm:
    """Calibrated minus raw log-loss of one loss on one table, mean over splits; negative: the temperature helps."""

    rows: int
    loss: str
    difference: float


def temperature_harm(draw: int, sizes: tuple[int, ...] = SIZES) -> list[Harm]:
    """One table of each size, 2 to 4 classes, easy or hard; nets of the default size, which become too sure on it."""
    found = []
    for rows in sizes:
        random = np.random.default_rng([draw, rows, 4])
        classes = int(random.integers(2, 5))
        features, target = make_classification(
            rows,
            10,
            n_informative=5,
            n_classes=classes,
            n_clusters_per_class=1,
            flip_y=float(random.choice([0.0, 0.1])),
            class_sep=float(random.uniform(0.5, 3.0)),
            random_state=int(random.integers(2**31)),
        )
        table = table_of(features, target.astype(np.int64), "made", tuple(f"c{k}" for k in range(classes)))
        config = small(
            losses=",".join(LOSSES),
            metric="log_loss",
            repeats=1,
            net={"hidden": [32, 32]},
            optim={"epochs": 60, "lr": 3e-3},
            lrs=[3e-3],
        )
        setting = setting_of(config, table)
        for candidate in candidates(config, table):
            tests = [m.test for m in meet(config, setting, candidate).members if m.role == "refit"]
            gaps = [test["log_loss"] - test["raw_log_loss"] for test in tests]  # type: ignore[operator]
            found.append(Harm(rows, candidate.pair.loss.name, float(np.mean(gaps))))
    return found


def harm_by_size(found: list[Harm]) -> dict[str, dict[str, float]]:
    """Per loss and size: the mean over tables, its standard error, and whether it is above 0 beyond noise."""
    result = {}
    for loss in LOSSES:
        for rows in sorted({harm.rows for harm in found}):
            gaps = np.array([harm.difference for harm in found if (harm.loss, harm.rows) == (loss, rows)])
            error = float(gaps.std(ddof=1) / np.sqrt(len(gaps)))
            result[f"{loss}, {rows} rows"] = {
                "tables": len(gaps),
                "difference": float(gaps.mean()),
                "standard_error": error,
                "worst": float(gaps.max()),
                "harmed": float(gaps.mean() > max(2 * error, IRRELEVANT)),
            }
    return result
