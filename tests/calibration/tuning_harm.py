"""Does tuning harm? Tuned against untuned nets of the same loss on the same splits of real tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from lossbench.config.data import DataConfig
from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.data.table import Table
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.run import run
from lossbench.record import LossResult
from tests.calibration.known_truths import table_of
from tests.calibration.outcomes import Outcome
from tests.calibration.simulated_comparisons import small

LOSSES = {True: "ce,brier,multi_margin", False: "mse,l1,huber"}  # for classes, for values
CASES = (  # tables of 178 to 891 rows, and what is scored there
    *(("wine", metric) for metric in ("accuracy", "log_loss", "auroc")),
    *(("breast_cancer", metric) for metric in ("accuracy", "log_loss", "auroc")),
    *(("titanic", metric) for metric in ("accuracy", "log_loss", "auroc")),
    *(("digits of 250", metric) for metric in ("accuracy", "log_loss")),
    *(("diabetes", metric) for metric in ("rmse", "mae")),
)


def tuning_harm(draw: int, case: tuple[str, str] | None = None, repeats: int = 2) -> Iterator[Outcome]:
    """One table and metric, with folds and nets from seed `draw`: is a loss worse for being tuned?

    The test is the corrected resampled t (Nadeau & Bengio 2003) of tuned against untuned, one-sided at 5%.
    """
    name, metric = case or CASES[draw % len(CASES)]
    table = digits_of_250() if name == "digits of 250" else load(DataSource(name=name))
    config = small(
        data=[DataConfig(name="iris")],  # the name stands for the table
        losses=LOSSES[table.task != "regression"],
        metric=metric,
        seed=draw,
        folds=5,
        repeats=repeats,
        net={"hidden": [32, 32]},
        optim={"epochs": 60},
        lrs=[1e-4, 1e-3, 1e-2, 3e-2],
        early_stopping={"patience": 20},
    )
    better = -1 if metric in {"log_loss", "rmse", "mae"} else 1
    for result in run(plan(config, [table])).results:
        gain = better * (_scores(result, "refit", metric) - _scores(result, "untuned", metric))
        scale = gain.std(ddof=1) * np.sqrt(1 / len(gain) + 1 / 4)  # test rows over training rows of five folds
        p = stats.t.cdf(gain.mean() / scale, len(gain) - 1) if scale else float(gain.mean() >= 0)
        yield Outcome("tuning harms", "<= 5%", bool(p < 0.05), float(np.sign(gain.mean())))


def digits_of_250() -> Table:
    """250 rows of digits, stratified: 20 rows of each class to choose on, at most."""
    features, target = load_digits(return_X_y=True)
    rows, _ = train_test_split(np.arange(len(target)), train_size=250, stratify=target, random_state=0)
    return table_of(features[rows], target[rows], "digits-250", tuple(map(str, range(10))))


def _scores(result: LossResult, role: str, metric: str) -> np.ndarray:
    return np.array([member.test[metric] for member in result.members if member.role == role], dtype=np.float64)
