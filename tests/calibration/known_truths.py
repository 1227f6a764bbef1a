"""Truths to be found out: two candidates that are equally good, and two of which one is better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from lossbench.config.data import DataConfig
from lossbench.data.load import load
from lossbench.data.table import Table
from lossbench.experiments.setup.data_source import data_source
from tests.calibration.simulated_comparisons import Ruling, candidates, meet, rule, setting_of, small, with_seeds

ROWS = 200  # where naive tests over splits are at their worst
ROWS_OF_NUMBERS = 300
PAIRS = 4  # A/A comparisons on one generated table


def table_of(features: np.ndarray, target: np.ndarray, name: str, classes: tuple[str, ...] = ("no", "yes")) -> Table:
    """A table of numbers."""
    columns = [f"x{i}" for i in range(features.shape[1])]
    return Table(
        name=name,
        task="binary" if classes else "regression",
        features=pd.DataFrame(features, columns=columns),
        kinds=dict.fromkeys(columns, "number"),
        target=target,
        target_name="y",
        classes=classes,
    )


def same_loss(draw: int, pairs: int = PAIRS) -> Iterator[Ruling]:
    """A/A: one loss against itself on one table, under different first weights and batch orders; pairs are disjoint."""
    random = np.random.default_rng([draw, 1])
    x = random.normal(size=(ROWS, 4))
    y = (x @ random.normal(size=4) + random.normal(scale=1.5, size=ROWS) > 0).astype(np.int64)
    config = small(losses=["ce", "hinge", "mse"][draw % 3])
    table = table_of(x, y, "same")
    setting = setting_of(config, table)
    (candidate,) = candidates(config, table)
    for pair in range(pairs):
        evaluations = [meet(config, with_seeds(setting, 2 * pair + k), candidate) for k in (0, 1)]
        yield rule(config, setting, *evaluations)


def equal_learners(draw: int) -> Iterator[Ruling]:
    """Two learners that are equally good by symmetry: each sees one of two exchangeable halves of the features.

    Harder than A/A: the difference is that of one sample of rows, common to all splits, which is what makes naive
    tests reject.
    """
    random = np.random.default_rng([draw, 2])
    cause = random.normal(size=(ROWS, 2))
    y = (cause.sum(1) + random.normal(scale=0.5, size=ROWS) > 0).astype(np.int64)
    config = small(losses="ce")
    evaluations = []
    for k in (0, 1):
        table = table_of(cause[:, [k]] + random.normal(scale=0.1, size=(ROWS, 1)), y, "halves")
        setting = setting_of(config, table)
        (candidate,) = candidates(config, table)
        evaluations.append(meet(config, setting, candidate))
    yield rule(config, setting, *evaluations)


def outliers(draw: int) -> Iterator[Ruling]:
    """mse against l1 on a regression, 10% of whose targets are off by up to 30; scored against the clean target."""
    random = np.random.default_rng([draw, 3])
    x, clean = _linear(random)
    corrupted = clean + np.where(random.random(ROWS_OF_NUMBERS) < 0.1, random.uniform(-30, 30, ROWS_OF_NUMBERS), 0.0)
    yield from _second_is_robust("mse,l1", x, clean, corrupted)


def gross_outliers(draw: int) -> Iterator[Ruling]:
    """mse against huber where 3% of the targets are off by 1e4, which would make any standard deviation the unit."""
    random = np.random.default_rng([draw, 5])
    x, clean = _linear(random)
    corrupted = clean + np.where(random.random(ROWS_OF_NUMBERS) < 0.03, 1e4, 0.0)
    yield from _second_is_robust("mse,huber", x, clean, corrupted)


def _linear(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = random.normal(size=(ROWS_OF_NUMBERS, 4))
    return x, x @ np.array([1.0, -2.0, 1.5, 0.5]) + 0.1 * random.normal(size=ROWS_OF_NUMBERS)


def _second_is_robust(losses: str, x: np.ndarray, clean: np.ndarray, corrupted: np.ndarray) -> Iterator[Ruling]:
    config = small(losses=losses, metric="mae", optim={"epochs": 30, "lr": 1e-2})
    table = replace(table_of(x, corrupted, "outliers", ()), clean_target=clean)
    setting = setting_of(config, table)
    yield rule(config, setting, *(meet(config, setting, c) for c in candidates(config, table)))


def noisy_labels(draw: int) -> Iterator[Ruling]:
    """ce against l1 on breast_cancer with 40% symmetric noise on the training labels; test labels are clean.

    Long enough at a high rate for ce to learn the wrong labels by heart, which l1 is robust to, and scored after the
    last epoch: with epochs chosen on the inner folds ce stops before it does.
    """
    table = load(data_source(DataConfig(name="breast_cancer")))
    config = small(
        losses="ce,l1",
        seed=draw,
        net={"hidden": [64]},
        optim={"epochs": 100, "lr": 1e-2},
        lrs=[1e-2],
        stop_rule="last",
    )
    setting = setting_of(config, table, label_noise=0.4, stop_rule=1.0)
    yield rule(config, setting, *(meet(config, setting, c) for c in candidates(config, table)))
