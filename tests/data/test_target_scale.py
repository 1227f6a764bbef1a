"""Outliers do not make the unit of a robust loss; scipy and a robust fit of scikit-learn are the oracles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import HuberRegressor
from sklearn.metrics import mean_absolute_error

from lossbench.config.commands.train import TrainConfig
from lossbench.config.data import DataConfig
from lossbench.config.parts import LossConfig, OptimConfig
from lossbench.data.datasets.catalogue import datasets
from lossbench.data.load import load
from lossbench.data.preparation import Preparation
from lossbench.data.source import DataSource
from lossbench.data.table import Table, level
from lossbench.data.target_scale import fit_target_scaling
from lossbench.estimators import MLPRegressor
from lossbench.experiments.train.plan import plan_train
from lossbench.experiments.train.run import run

RANDOM = np.random.default_rng(0)


def test_robust_is_median_and_scipys_mad() -> None:
    y = RANDOM.standard_t(2, 501)
    found = fit_target_scaling(y, "robust")
    assert found.center == np.median(y)
    assert found.scale == pytest.approx(stats.median_abs_deviation(y, scale="normal"), rel=1e-12)
    standard = fit_target_scaling(y, "standard")
    assert (standard.center, standard.scale) == (y.mean(), y.std())


@pytest.mark.parametrize(
    "draw",
    [
        lambda r, n: r.standard_normal(n),
        lambda r, n: r.standard_exponential(n),
        lambda r, n: r.lognormal(size=n),
        lambda r, n: r.standard_t(3, n),
    ],
    ids=["normal", "exponential", "lognormal", "t3"],
)
@pytest.mark.parametrize("rows", [100, 1000])
def test_auto_keeps_mean_and_standard_deviation_of_ordinary_targets(
    draw: Callable[[np.random.Generator, int], np.ndarray], rows: int
) -> None:
    """At most 0.6% of such samples are taken for heavy-tailed: of 200 five or more with probability 0.008."""
    random = np.random.default_rng(1)
    robust = [fit_target_scaling(draw(random, rows)).why != "" for _ in range(200)]
    assert sum(robust) <= 4


HEAVY_TAILED = {"county-murders", "net-assets"}  # a few large cities; a few fortunes


@pytest.mark.parametrize("name", [e.name for e in datasets() if e.task == "regression" and not e.is_fetched])
def test_of_the_named_sets_auto_is_robust_on_those_of_heavy_tails_alone(name: str) -> None:
    target = load(DataSource(name=name)).target
    found = fit_target_scaling(target)
    assert bool(found.why) == (name in HEAVY_TAILED)
    if not found.why:
        assert (found.center, found.scale) == (target.mean(), target.std())


def test_auto_is_robust_where_a_few_values_make_the_spread() -> None:
    y = RANDOM.normal(5, 2, 1000)
    y[:30] += 1e4
    found = fit_target_scaling(y)
    assert (found.center, found.scale) == (np.median(y), pytest.approx(stats.median_abs_deviation(y, scale="normal")))
    table = Table("t", "regression", pd.DataFrame({"a": y}), {"a": "number"}, y, "y")
    (note,) = Preparation.fit(table, np.arange(1000)).notes
    assert level(note) == "note"
    assert note.startswith("the target is scaled by its median (")
    assert Preparation.fit(table, np.arange(1000), target_scale="standard").notes == []


def test_a_mad_of_zero_falls_back() -> None:
    """Seven of ten targets are zero, as of claims: auto is standard, robust takes the next quantiles that differ."""
    y = np.where(np.arange(1000) % 10 < 7, 0.0, RANDOM.exponential(size=1000))
    assert fit_target_scaling(y).scale == y.std()
    low, high = np.quantile(y, [0.25, 0.75])
    expected = (high - low) / (2 * stats.norm.ppf(0.75))
    assert fit_target_scaling(y, "robust").scale == pytest.approx(expected, rel=1e-12)
    rare = np.where(np.arange(1000) % 50 == 0, 1.0, 0.0)
    expected = 1 / (2 * stats.norm.ppf(0.995))
    assert fit_target_scaling(rare, "robust").scale == pytest.approx(expected, rel=1e-12)
    once = np.zeros(1000)
    once[0] = 1.0
    assert fit_target_scaling(once, "robust").scale == once.std()
    assert fit_target_scaling(np.ones(5), "robust").scale == 1.0


def contaminated() -> tuple[Table, np.ndarray]:
    """A linear target, 3% of it off by 1e4; and the clean one."""
    random = np.random.default_rng(3)
    x = random.normal(size=(600, 3))
    clean = x @ [2.0, -1.0, 0.5] + random.normal(scale=0.05, size=600)
    y = clean.copy()
    y[random.choice(600, 18, replace=False)] += 1e4
    columns = pd.DataFrame(x, columns=list("abc"))
    return Table("t", "regression", columns, dict.fromkeys("abc", "number"), y, "y", clean_target=clean), clean


@pytest.mark.parametrize("loss", ["huber", "l1", "cauchy", "tukey"])
def test_robust_losses_learn_what_the_clean_rows_say(loss: str) -> None:
    """Within a tenth of the clean mean's MAE; scikit-learn's robust line is within a fortieth (the noise)."""
    table, clean = contaminated()
    config = TrainConfig(
        data=DataConfig(file="t.csv", target="y"),
        loss=LossConfig(name=loss),
        net={"hidden": [16]},
        optim=OptimConfig(lr=1e-2, epochs=40),
    )
    plan = plan_train(config, table)
    record = run(plan).record
    test = plan.splits[0].test
    trivial = np.abs(clean[test] - clean.mean()).mean()
    line = HuberRegressor().fit(table.features[:], table.target)
    assert np.abs(line.predict(table.features.iloc[test]) - clean[test]).mean() < trivial / 40
    assert record.results[0].members[0].test["mae"] < trivial / 10


def test_the_dummy_predicts_what_outliers_cannot_move() -> None:
    """The mean would be 300 off, and a hundredth of its error, the ROPE, larger than what any loss could gain."""
    table, clean = contaminated()
    plan = plan_train(TrainConfig(data=DataConfig(file="t.csv", target="y"), optim=OptimConfig(epochs=1)), table)
    split = plan.splits[0]
    dummy = DummyRegressor(strategy="median").fit(table.features.iloc[split.train], table.target[split.train])
    expected = mean_absolute_error(clean[split.test], dummy.predict(table.features.iloc[split.test]))
    record = run(plan).record
    assert record.results[0].dummy["test"]["mae"] == pytest.approx(expected, rel=1e-12)
    assert record.data.dummy_name == "target median"


def test_the_estimator_has_the_same_unit() -> None:
    table, _ = contaminated()
    net = MLPRegressor(loss="huber", epochs=1, hidden=[4], random_state=0).fit(table.features.to_numpy(), table.target)
    expected = fit_target_scaling(table.target)
    assert (net.target_center_, net.target_scale_) == (expected.center, expected.scale)
