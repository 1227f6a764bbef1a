"""Which metric a run has: what was asked for, what the losses estimate, or what can tell where a class is rare."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import accuracy_score, mean_pinball_loss

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.metrics import METRICS
from lossbench.catalog.plugins.resolve import find_loss
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.data import DataConfig
from lossbench.data.table import Information, Table
from lossbench.errors import UserError
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.setup.metric_choice import auto_metric, check_rows, is_rare
from lossbench.experiments.train.plan import plan_train
from lossbench.experiments.train.run import run

RANDOM = np.random.default_rng(0)
X = pd.DataFrame(RANDOM.normal(size=(400, 3)), columns=list("abc"))
KINDS = dict.fromkeys("abc", "number")


def classes(*counts: int) -> Table:
    names = tuple("abcdefghijkl"[: len(counts)])
    target = RANDOM.permutation(np.repeat(np.arange(len(counts)), counts))
    task = "binary" if len(counts) == 2 else "multiclass"
    return Table("t", task, X.iloc[: len(target)], KINDS, target, "y", names)


def amounts(target: np.ndarray) -> Table:
    return Table("t", "regression", X, KINDS, target, "y")


@pytest.mark.parametrize(
    ("counts", "rare"),
    [
        ((380, 20), True),
        ((20, 380), True),
        ((361, 39), True),
        ((360, 40), False),
        ((190, 180, 30), True),
        ((180, 180, 40), False),
        ((19, 61, *[40] * 8), True),
        ((36, 44, *[40] * 8), False),
    ],
)
def test_a_class_is_rare_below_a_tenth_and_half_of_an_even_share(counts, rare):
    assert is_rare(counts) is rare


def test_a_rare_class_changes_the_metric_and_it_is_said():
    table = classes(380, 20)
    share = accuracy_score(table.target, DummyClassifier().fit(X, table.target).predict(X))
    told = f"class 'b' has 5.0% of the rows: always deciding for 'a' has accuracy {share:.3f}"
    found = plan_train(TrainConfig(data=DataConfig(name="iris")), table)
    assert (found.metric.name, found.config.metric) == ("auroc", "auroc")
    (note,) = (note for note in found.table.notes if "class 'b'" in note)
    losses = "losses for rare classes: --class-weight balanced, class_balanced, logit_adjusted, ldam, focal"
    assert (note, type(note)) == (f"{told}; the metric is auroc, not accuracy; {losses}", Information)
    assert {name.strip() for name in losses.partition("balanced, ")[2].split(",")} <= {loss.name for loss in LOSSES}
    named = plan_train(TrainConfig(data=DataConfig(name="iris"), metric="accuracy"), table)
    (note,) = (note for note in named.table.notes if "class 'b'" in note)
    assert note.startswith(f"{told}; accuracy hardly tells a net from that; auroc, average_precision or balanced")
    assert note.endswith(losses)
    assert type(note) is str
    chosen = plan_train(TrainConfig(data=DataConfig(name="iris"), metric="average_precision"), table)
    assert not any("class 'b'" in note for note in chosen.table.notes)
    compared = plan(CompareConfig(data=[DataConfig(name="iris")]), [table])
    assert compared.protocol.metric == "auroc"
    assert any("the metric is auroc, not accuracy" in note for note in compared.tables[0].table.notes)
    assert plan_train(TrainConfig(data=DataConfig(name="iris")), classes(200, 200)).metric.name == "accuracy"


def test_a_very_rare_class_is_warned_of_whatever_the_metric():
    table = classes(397, 3)
    found = plan_train(TrainConfig(data=DataConfig(name="iris")), table)
    (note,) = (note for note in found.table.notes if "class 'b'" in note)
    assert note.startswith("class 'b' has 0.8% of the rows: always deciding for 'a' has accuracy 0.99")
    assert type(note) is str


@pytest.mark.parametrize(
    ("losses", "metric"),
    [
        ("mse", "rmse"),
        ("mse l1 huber pinball", "rmse"),
        ("pinball(quantile=0.9)", "pinball(quantile=0.9)"),
        ("pinball", "pinball"),
        ("poisson_nll", "poisson_deviance"),
        ("poisson_nll gamma_nll", "rmse"),
        ("tweedie(power=1.2)", "tweedie_deviance(power=1.2)"),
        ("gaussian_nll", "crps"),
    ],
)
def test_losses_that_agree_bring_their_metric(losses, metric):
    assert auto_metric(Task.REGRESSION, (), [bound(name) for name in losses.split()]).name == metric


def bound(text):
    name, _, params = text.partition("(")
    key, _, value = params.strip(")").partition("=")
    return find_loss(name).bind(**({key: float(value)} if key else {}))


def test_losses_that_estimate_different_things_have_no_metric_of_their_own():
    with pytest.raises(UserError, match=r"mse: the mean; pinball\(quantile=0.9\): the 0.9-quantile"):
        auto_metric(Task.REGRESSION, (), [bound("mse"), bound("pinball(quantile=0.9)")])


def test_what_a_loss_does_not_estimate_is_said():
    config = CompareConfig.model_validate(
        {"data": "diabetes", "losses": "mse,pinball(quantile=0.9)", "metric": "pinball(quantile=0.9)"}
    )
    found = plan(config)
    assert found.protocol.metric == "pinball(quantile=0.9)"
    assert "mse estimates the mean, and pinball(quantile=0.9) scores the 0.9-quantile: not what it estimates" in (
        found.tables[0].table.notes
    )
    found = plan(config.model_copy(update={"metric": "pinball"}))
    assert (
        "pinball(quantile=0.9) estimates the 0.9-quantile, and pinball scores the median: not what it estimates"
        in found.tables[0].table.notes
    )


def test_a_metric_without_meaning_for_the_targets_is_refused():
    table = amounts(np.where(np.arange(400) == 7, -1.0, 1.0 + np.arange(400)))
    with pytest.raises(UserError, match="metric: rmsle needs nonnegative targets, and 1 of t's are not"):
        plan_train(TrainConfig(data=DataConfig(name="diabetes"), metric="rmsle"), table)
    with pytest.raises(UserError, match="metric: crps is no metric of a binary task; choose one of accuracy, "):
        plan(CompareConfig(data=[DataConfig(name="iris")], metric="crps"), [classes(200, 200)])


def test_a_loss_that_predicts_no_distribution_is_not_scored_by_one():
    """It would be given the dummy's score otherwise, as if it had been measured."""
    why = r"mse \+ identity: it predicts no distribution or quantiles, which crps scores"
    with pytest.raises(UserError, match=f"metric: {why}"):
        plan_train(TrainConfig.model_validate({"data": "diabetes", "loss": "mse", "metric": "crps"}))
    with pytest.raises(UserError, match=f"metric: {why}"):
        plan(CompareConfig.model_validate({"data": "diabetes", "losses": "gaussian_nll,mse", "metric": "crps"}))
    found = plan(CompareConfig.model_validate({"data": "diabetes", "metric": "crps"})).tables[0].selection
    assert {c.label for c in found.candidates} == {"gaussian_nll", "evidential_regression"}
    assert {one.name: one.why for one in found.excluded}["mse + identity"] in why.replace("\\", "")


def test_a_quantile_is_scored_by_its_own_pinball():
    """Of a linear net: scikit-learn's quantile line, a linear program's, is at most a tenth better in training."""
    table = amounts(X.to_numpy() @ [1.0, 2.0, -1.0] + RANDOM.exponential(size=400))
    config = TrainConfig.model_validate(
        {"data": "diabetes", "loss": "pinball(quantile=0.9)", "optim": {"lr": 1e-2, "epochs": 60}}
        | {"net": {"hidden": []}}
    )
    found = plan_train(config, table)
    record = run(found).record
    scores = record.results[0].members[0].train
    assert record.protocol.metric == "pinball(quantile=0.9)"
    train = found.splits[0].train
    line = QuantileRegressor(quantile=0.9, alpha=0).fit(X.iloc[train], table.target[train])
    best = mean_pinball_loss(table.target[train], line.predict(X.iloc[train]), alpha=0.9)
    assert best <= scores["pinball(quantile=0.9)"] <= 1.1 * best


def test_a_normal_distribution_is_scored_in_the_targets_own_unit():
    """The interval of a net of mean and variance widens with the target; nearly 90% of normal noise lies within."""
    noise = RANDOM.normal(size=400)
    found = {}
    for unit in (1.0, 1000.0):
        table = amounts(unit * (X.to_numpy() @ [1.0, 2.0, -1.0] + noise))
        for metric in ("interval_width", "coverage_error", "crps"):
            config = TrainConfig.model_validate(
                {"data": "diabetes", "loss": "gaussian_nll", "metric": metric, "optim": {"lr": 1e-2, "epochs": 60}}
                | {"net": {"hidden": []}}
            )
            (member,) = run(plan_train(config, table)).record.results[0].members
            found[unit, metric] = member.train[metric]
    assert found[1000.0, "interval_width"] == pytest.approx(1000 * found[1.0, "interval_width"], rel=1e-4)
    assert found[1000.0, "crps"] == pytest.approx(1000 * found[1.0, "crps"], rel=1e-4)
    assert found[1.0, "coverage_error"] < 0.05
    assert METRICS.get("crps").unit == "target"


def test_a_part_with_too_few_rows_for_the_metric_is_refused_in_one_line():
    metric = METRICS.get("conformal_width")
    with pytest.raises(UserError) as error:
        check_rows(metric, 17, "test")
    assert str(error.value) == (
        "metric: conformal_width needs 18 rows, and the test part has 17; choose another metric, another level of it,"
        " or larger parts"
    )
    check_rows(metric, 18, "test")
    check_rows(metric, 0, "validation")  # there is none
    check_rows(METRICS.get("rmse"), 1, "test")


def test_the_plans_refuse_parts_with_too_few_rows_for_the_metric():
    few = amounts(RANDOM.normal(size=400)).take(np.arange(60))
    with pytest.raises(UserError, match="conformal_width needs 18 rows, and the validation part has 12"):
        plan_train(TrainConfig.model_validate({"loss": "mse", "metric": "conformal_width"}), few)
    with pytest.raises(UserError, match="conformal_width needs 18 rows, and the test part has 12"):
        plan(CompareConfig.model_validate({"losses": ["mse", "l1"], "metric": "conformal_width", "folds": 5}), [few])
    assert plan_train(TrainConfig.model_validate({"loss": "mse", "metric": "rmse"}), few).metric.name == "rmse"
