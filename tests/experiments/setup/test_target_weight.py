"""Target weights of a regression: label-distribution smoothing, and what a row then counts."""

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import convolve1d, gaussian_filter1d
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from lossbench import MLPClassifier, MLPRegressor
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.config.data import DataConfig
from lossbench.config.parts import LossConfig
from lossbench.errors import UserError
from lossbench.experiments.compare.candidates import select_candidates
from lossbench.experiments.compare.unit_key import loss_key
from lossbench.experiments.setup.pair import Pair, resolve_pair
from lossbench.experiments.setup.prepared_split import prepare_split
from lossbench.experiments.setup.target_weight import DENSITY_POWER, target_weights
from lossbench.experiments.train.plan import plan_train
from tests.experiments.compare.comparisons import config as compare_config
from tests.experiments.setup.test_weighted_rows import ROWS, repeated, table
from tests.experiments.train.trainings import config, finished

QUICK: dict[str, Any] = {"data": "diabetes", "optim": {"epochs": 2}, "net": {"hidden": [4]}, "threads": 1}
SHAPES = st.sampled_from(["normal", "lognormal", "cauchy", "counts", "constant", "uniform"])
POWERS = {"lds": 1.0, "sqrt_lds": 0.5}


def targets(seed: int, rows: int, shape: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return {
        "normal": lambda: rng.normal(size=rows),
        "lognormal": lambda: 1e4 * rng.lognormal(size=rows),
        "cauchy": lambda: rng.standard_cauchy(size=rows),
        "counts": lambda: rng.poisson(3, size=rows).astype(float),
        "constant": lambda: np.full(rows, 7.3),
        "uniform": lambda: rng.uniform(-1, 1, size=rows),
    }[shape]()


def oracle(y: np.ndarray, power: float, w: np.ndarray | None = None) -> np.ndarray:
    """numpy's histogram, SciPy's Gaussian of radius 2, and the inverse: Yang et al. 2021, section 3.1."""
    rows, edges = np.histogram(y, bins=100, weights=w)
    smooth = gaussian_filter1d(rows.astype(float), sigma=2, radius=2, mode="constant")
    place = np.clip(np.digitize(y, edges) - 1, 0, 99)
    inverse = smooth[place] ** -power
    return inverse / np.average(inverse, weights=w)


def of(word: str, y: np.ndarray, w: np.ndarray | None = None) -> np.ndarray:
    found = target_weights(word, torch.from_numpy(y), None if w is None else torch.from_numpy(w))
    assert found is not None
    return found.numpy()


def pair(weight: str = "lds", loss: str = "mse", task: Task = Task.REGRESSION, **other: Any) -> Pair:
    return resolve_pair(LOSSES.get(loss), "auto", task, 2, target_weight=weight, **other)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(2, 400), shape=SHAPES, word=st.sampled_from(sorted(POWERS)))
def test_weights_are_the_inverse_of_the_smoothed_histogram(seed: int, rows: int, shape: str, word: str) -> None:
    y = targets(seed, rows, shape)
    w = np.random.default_rng(seed).integers(1, 5, rows).astype(float)
    # Ten sums in float64, whose rounding is 1e-16.
    np.testing.assert_allclose(of(word, y), oracle(y, POWERS[word]), rtol=1e-10)
    np.testing.assert_allclose(of(word, y, w), oracle(y, POWERS[word], w), rtol=1e-10)


def test_the_kernel_is_the_gaussian_of_five_bins() -> None:
    """One row in each of the bins 0, 50 and 99, and ten in bin 52, by the kernel's formula written out."""
    y = np.array([0.0, 50.5, *[52.5] * 10, 100.0])
    kernel = np.exp(-np.square([-2, -1, 0, 1, 2]) / (2 * 2.0**2))
    rows = np.bincount([0, 50, 99, *[52] * 10], minlength=100)
    smooth = convolve1d(rows / kernel.sum(), kernel, mode="constant")[[0, 50, *[52] * 10, 99]]
    np.testing.assert_allclose(of("lds", y), (1 / smooth) / (1 / smooth).mean(), rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(2, 400), shape=SHAPES, word=st.sampled_from(sorted(POWERS)))
def test_weights_are_positive_of_mean_1_and_know_no_unit_and_no_order(
    seed: int, rows: int, shape: str, word: str
) -> None:
    y = targets(seed, rows, shape)
    ours = of(word, y)
    assert np.isfinite(ours).all()
    assert (ours > 0).all()
    assert ours.mean() == pytest.approx(1, rel=1e-12)
    np.testing.assert_array_equal(of(word, 4 * y), ours)  # by a power of 2, which rounds nothing
    np.testing.assert_allclose(of(word, y[::-1].copy())[::-1], ours, rtol=1e-12)  # summed in another order


def test_uniform_targets_weigh_alike_inside_the_edges_and_rarer_ones_more() -> None:
    uniform = of("lds", np.linspace(0, 1, 10_001))
    inside = uniform[300:-300]  # three bins from either end, where the kernel sees no empty bin
    np.testing.assert_allclose(inside, inside[0], rtol=0.02)  # a bin has 100 rows, or 101
    assert uniform[0] > 1.5 * inside[0]  # the density beyond the edge is 0
    y = np.concatenate([np.full(90, 0.0), np.full(9, 1.0), np.full(1, 2.0)])
    lds, root = of("lds", y), of("sqrt_lds", y)
    assert lds[90] / lds[0] == pytest.approx(10)
    assert lds[99] / lds[0] == pytest.approx(90)
    np.testing.assert_allclose(root / root[0], np.sqrt(lds / lds[0]), rtol=1e-12)
    assert target_weights("none", torch.from_numpy(y)) is None


def test_the_words_of_a_config_are_those_that_have_a_power() -> None:
    assert set(get_args(LossConfig.model_fields["target_weight"].annotation)) == set(DENSITY_POWER)


def test_a_fold_is_weighted_by_its_training_part_alone() -> None:
    own = replace(table("regression"), weights=None)
    weight = prepare_split(own, ROWS, data=DataConfig(name="iris")).fold(pair()).weight_N
    np.testing.assert_allclose(weight.numpy(), oracle(own.target[ROWS["train"]], 1.0), rtol=1e-6)  # float32
    others = own.target.copy()
    others[40:] = 1e3 * np.arange(40)  # validation and test
    again = prepare_split(replace(own, target=others), ROWS, data=DataConfig(name="iris")).fold(pair()).weight_N
    torch.testing.assert_close(again, weight, rtol=0, atol=0)
    assert prepare_split(own, ROWS, data=DataConfig(name="iris")).fold(pair("none")).weight_N is None


def test_target_weight_and_row_weights_multiply_to_a_mean_of_1_as_of_repeated_rows() -> None:
    own = table("regression")
    again, parts = repeated(own)
    data = DataConfig(name="iris")
    weight = prepare_split(own, ROWS, data=data).fold(pair()).weight_N
    assert weight.mean().item() == pytest.approx(1, rel=1e-6)
    each = prepare_split(again, parts, data=data).fold(pair()).weight_N
    whole = np.rint(own.weights / own.weights.min()).astype(int)[ROWS["train"]]
    first = np.cumsum([0, *whole[:-1]])
    ratio = weight.numpy() / (whole * each.numpy()[first])
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)  # float32


@pytest.mark.parametrize("word", sorted(POWERS))
def test_the_first_loss_is_the_weighted_mean_of_its_formula(word: str) -> None:
    """At the weights that a net starts from, from which a rate of 1e-9 does not lead away in float32."""
    x, y = load_diabetes(return_X_y=True)
    start: dict[str, Any] = {"optim": "sgd", "lr": 1e-9, "epochs": 1, "batch_size": None, "random_state": 0}
    net = MLPRegressor("l1", target_weight=word, **start).fit(x, y)
    error = np.abs(net.predict(x) - y) / net.target_scale_
    expected = np.average(error, weights=oracle(y, POWERS[word]))
    assert net.loss_curve_[0] == pytest.approx(expected, rel=1e-5)  # float32
    assert net.loss_curve_[0] != pytest.approx(error.mean(), rel=1e-3)
    rng = np.random.default_rng(0)
    w = rng.integers(1, 4, len(y)).astype(float)
    both = MLPRegressor("l1", target_weight=word, **start).fit(x, y, sample_weight=w)
    error = np.abs(both.predict(x) - y) / both.target_scale_
    assert both.loss_curve_[0] == pytest.approx(np.average(error, weights=w * oracle(y, POWERS[word], w)), rel=1e-5)


def test_rows_that_an_estimator_holds_back_do_not_weigh_on_the_others() -> None:
    x, y = load_diabetes(return_X_y=True)
    few: dict[str, Any] = {"epochs": 2, "patience": 5, "random_state": 0, "target_weight": "lds"}
    found = MLPRegressor("poisson_nll", **few).fit(x, y)
    random = check_random_state(0)
    random.randint(np.iinfo(np.int32).max)
    _, held = train_test_split(np.arange(len(y)), test_size=0.2, random_state=random)
    changed = y.copy()
    changed[held] += 1e3 * np.arange(len(held))
    assert MLPRegressor("poisson_nll", **few).fit(x, changed).loss_curve_ == found.loss_curve_


def test_a_target_weight_is_part_of_the_label_the_record_and_the_key() -> None:
    run = finished(config(**{**QUICK, "loss": {"name": "huber", "target_weight": "lds"}})).record
    assert run.results[0].name == "diabetes / huber(target_weight=lds) + identity"
    assert run.results[0].loss.params["target_weight"] == "lds"
    assert run.config["loss"]["target_weight"] == "lds"
    keys = [plan_train(config(**{**QUICK, "loss": {"name": "mse", "target_weight": w}})).key for w in ("lds", "none")]
    assert keys[0] != keys[1]


def test_a_weighted_loss_is_another_objective_than_the_unweighted() -> None:
    words = ["none", "lds", "sqrt_lds"]
    losses = compare_config("diabetes", losses=[{"loss": {"name": "mse", "target_weight": w}} for w in words]).losses
    own = replace(table("regression"), weights=None)
    found = select_candidates(losses, own).candidates
    assert [c.name for c in found] == ["mse", "mse(target_weight=lds)", "mse(target_weight=sqrt_lds)"]
    assert len({c.group for c in found}) == 3
    assert len({str(loss_key(c)) for c in found}) == 3


def test_weights_change_what_is_estimated() -> None:
    assert pair().estimand == "the mean with all target values equally frequent"
    assert pair("sqrt_lds", "l1").estimand == "the median with rarer target values ahead"
    assert pair("lds", "balanced_mse").estimand == "the mean with rarer target values ahead"
    assert pair("lds", "pinball").estimand.startswith("the median with all target values")
    assert pair("none").is_proper
    assert not pair().is_proper


def test_weighted_least_squares_is_what_a_linear_net_learns() -> None:
    """The minimum of the weighted mean of squares in closed form, by numpy's least squares."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 1)), rng.lognormal(size=200)
    net = MLPRegressor(
        "mse", target_weight="lds", hidden=(), batch_size=None, epochs=2000, lr=0.02, random_state=0
    ).fit(x, y)
    root = np.sqrt(oracle(y, 1.0))
    design = np.column_stack([np.ones(200), x[:, 0]])
    expected = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
    np.testing.assert_allclose(net.predict(x), design @ expected, atol=0.01 * y.std())  # 2000 steps of Adam


def test_what_has_no_density_is_refused_in_one_line() -> None:
    with pytest.raises(UserError) as of_classes:
        plan_train(config(**{**QUICK, "data": "iris", "loss": {"name": "nll", "target_weight": "lds"}}))
    assert str(of_classes.value) == (
        "loss.target_weight: target_weight needs a regression; weight classes by class_weight, or leave it out"
    )
    with pytest.raises(UserError) as of_several:
        pair(targets=3)
    assert str(of_several.value) == (
        "loss.target_weight: target_weight needs one target, and there are 3; name one target, or leave it out"
    )


def test_estimators_refuse_what_has_no_density() -> None:
    x, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="target_weight: must be none, lds or sqrt_lds"):
        MLPRegressor(target_weight="lsd").fit(x, y)
    with pytest.raises(ValueError, match="target_weight: target_weight needs one target, and there are 2"):
        MLPRegressor(target_weight="lds").fit(x, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="target_weight: partial_fit does not know how frequent values are"):
        MLPRegressor(target_weight="lds").partial_fit(x, y)
    assert "target_weight" not in MLPClassifier().get_params()


def test_a_plan_says_that_the_metric_scores_something_else_than_weighted_rows_estimate() -> None:
    chosen = {**QUICK, "loss": {"name": "mse", "target_weight": "lds"}, "metric": "rmse"}
    said = "mse(target_weight=lds) estimates the mean with all target values equally frequent, and rmse scores the mean"
    assert [note for note in plan_train(config(**chosen)).table.notes if note.startswith(said)]
