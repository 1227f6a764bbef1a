"""Metrics are scikit-learn's, for all members at once, and never guess."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn import metrics as sk
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression

from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.distributions import Normal
from lossbench.catalog.metrics import METRICS, default_metric, reported, score_all, suiting
from lossbench.catalog.metrics.needs import OfSpread, Reading
from lossbench.catalog.metrics.rows import first_half
from lossbench.catalog.metrics.spread import calibrated_radius
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError

EXACT = 1e-10  # both sides sum some ten float64 numbers
LOST = 1e-8  # the ends of an interval around 1e6 have lost the digits that their difference needs
SPREAD = get_args(OfSpread)


def classification(seed: int, members: int, rows: int, classes: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.normal(scale=2, size=(members, rows, classes))
    if ties:  # whole rows alike, so that no rounding of a softmax tells them apart
        scores = scores[:, rng.integers(0, rows, rows)]
    return scores, rng.integers(0, classes, rows)


def predicted(scores: np.ndarray) -> Prediction:
    return Prediction(torch.as_tensor(scores), torch.as_tensor(special.softmax(scores, -1)))


def values(out: np.ndarray) -> Prediction:
    """Points `[P, N]`, or means and standard deviations `[P, N, 2]`."""
    if out.ndim == 2:
        return Prediction(point_PN=torch.as_tensor(out))
    return normal(*(torch.as_tensor(part) for part in (out[..., 0], out[..., 1])))


def normal(mean: torch.Tensor, deviation: torch.Tensor) -> Prediction:
    return Prediction(point_PN=mean, distribution=Normal(mean, deviation))


def oracle_ece(y: np.ndarray, scores: np.ndarray) -> float:
    p = special.softmax(scores, -1)
    confidence, hit = p.max(-1), p.argmax(-1) == y
    total = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(hit[inside].mean() - confidence[inside].mean())
    return total


def per_class(score, y: np.ndarray, scores: np.ndarray) -> float:
    """Of two classes by the second's log-odds, of more the mean over those that occur, each against the rest."""
    log_odds = scores - np.stack(
        [special.logsumexp(np.delete(scores, k, 1), axis=1) for k in range(scores.shape[1])], 1
    )
    classes = [1] if scores.shape[1] == 2 else range(scores.shape[1])
    own = [score(y == k, log_odds[:, k]) for k in classes if (y == k).any()]
    return float(np.mean(own)) if own else math.nan


def oracle_recall(y: np.ndarray, scores: np.ndarray, p: float = 0.9) -> float:
    """The largest recall on scikit-learn's curve whose precision is p or more."""
    if not y.any():
        return math.nan
    precision, recall, _ = sk.precision_recall_curve(y, scores[:, 1] - scores[:, 0])
    return float(recall[precision >= p].max())


def oracle_kappa(y: np.ndarray, scores: np.ndarray) -> float:
    """0 where scikit-learn has none: truth and decision are one class."""
    kappa = sk.cohen_kappa_score(y, scores.argmax(-1), weights="quadratic", labels=range(scores.shape[1]))
    return 0.0 if math.isnan(kappa) else kappa


def oracle_auroc(y: np.ndarray, scores: np.ndarray) -> float:
    """scikit-learn's, of two classes by the second's probability, of more by each against the rest."""
    p = special.softmax(scores, -1)
    classes = [1] if p.shape[1] == 2 else range(p.shape[1])
    return np.nanmean([sk.roc_auc_score(y == k, p[:, k]) for k in classes if 0 < (y == k).sum() < len(y)] or [np.nan])


def oracle_deviance(deviance, y: np.ndarray, f: np.ndarray, **params: float) -> float:
    """scikit-learn's, which refuses what is no mean of a positive variable."""
    return deviance(y, f, **params) if (f > 0).all() else math.inf


def oracle_crps(y: float, mean: float, deviation: float) -> float:
    """The definition, E|X - y| - E|X - X'| / 2, its expectations by scipy: folded normal distributions."""
    z = abs(y - mean) / deviation
    return deviation * (stats.foldnorm(z).mean() - stats.foldnorm(0).mean() / math.sqrt(2))


def oracle_coverage(y: np.ndarray, normal: np.ndarray, level: float) -> float:
    low, high = stats.norm(*normal.T).interval(level)
    return abs(((low <= y) & (y <= high)).mean() - level)


def oracle_width(y: np.ndarray, normal: np.ndarray, level: float) -> float:
    low, high = stats.norm(*normal.T).interval(level)
    return (high - low).mean()


def oracle_conformal(y: np.ndarray, f: np.ndarray, level: Fraction) -> float:
    """The rank by exact fractions (Lei et al. 2018, algorithm 2), of either half; infinite where one has too few rows.

    Each half's width is that of the other's rows.
    """
    first = first_half(len(y)).numpy()
    widths = []
    for half in (first, ~first):
        distances, rank = sorted(abs(y - f)[~half]), math.ceil(level * ((~half).sum() + 1))
        widths += [2 * distances[rank - 1] if rank <= len(distances) else math.inf] * half.sum()
    return math.inf if math.inf in widths or len(y) < 2 else float(np.mean(widths))


def oracle_weighted_conformal(y: np.ndarray, f: np.ndarray, w: np.ndarray) -> float:
    """The least distance up to which the other half's rows weigh 0.9 of that half and of one row more."""
    first, r = first_half(len(y)).numpy(), abs(y - f)
    widths = np.empty(len(y))
    for half in (first, ~first):
        own, needed = r[~half], 0.9 * (w[~half].sum() + 1)
        widths[half] = 2 * min((d for d in own if w[~half][own <= d].sum() >= needed), default=math.inf)
    return float(np.average(widths, weights=w))


def medians(scores: np.ndarray) -> np.ndarray:
    """The first class whose cumulative probability is one half or more."""
    return np.array([np.searchsorted(np.cumsum(p[:-1]), 0.5) for p in special.softmax(scores, -1)])


def oracle_amae(y: np.ndarray, scores: np.ndarray) -> float:
    median = medians(scores)
    return float(np.mean([sk.mean_absolute_error(y[y == k], median[y == k]) for k in np.unique(y)]))


def oracle_rps(y: np.ndarray, scores: np.ndarray) -> float:
    up_to = np.cumsum(special.softmax(scores, -1), -1)
    return float(np.mean([((row - (np.arange(len(row)) >= k)) ** 2).sum() for row, k in zip(up_to, y, strict=True)]))


def oracle_interval_score(y: np.ndarray, normal: np.ndarray, level: float) -> float:
    """4 / (1 - level) times the two quantiles' mean pinball loss (Gneiting & Raftery 2007, section 6.2)."""
    low, high = stats.norm(*normal.T).interval(level)
    alpha = 1 - level
    losses = [sk.mean_pinball_loss(y, f, alpha=q) for f, q in ((low, alpha / 2), (high, 1 - alpha / 2))]
    return 2 / alpha * sum(losses)


def oracle_pinball(y: np.ndarray, normal: np.ndarray, *levels: float) -> float:
    return float(np.mean([sk.mean_pinball_loss(y, stats.norm(*normal.T).ppf(q), alpha=q) for q in levels]))


def oracle_pit(y: np.ndarray, normal: np.ndarray) -> float:
    pit = stats.norm(*normal.T).cdf(y)
    return float(np.mean([abs((pit <= u).mean() - u) for u in np.arange(1, 20) / 20]))


# Per metric what it is elsewhere: of class indices and scores `[N, C]`, or of values and points `[N]`. A metric that is
# missing here fails.
ORACLES = {
    "accuracy": lambda y, s: sk.accuracy_score(y, s.argmax(-1)),
    "balanced_accuracy": lambda y, s: sk.balanced_accuracy_score(y, s.argmax(-1)),
    "f1_macro": lambda y, s: sk.f1_score(y, s.argmax(-1), average="macro"),
    "f1": lambda y, s: sk.f1_score(y, s.argmax(-1)),
    "mcc": lambda y, s: sk.matthews_corrcoef(y, s.argmax(-1)),
    "auroc": oracle_auroc,
    "average_precision": lambda y, s: per_class(sk.average_precision_score, y, s),
    "recall_at_precision": oracle_recall,
    "quadratic_kappa": oracle_kappa,
    "log_loss": lambda y, s: sk.log_loss(y, special.softmax(s, -1), labels=range(s.shape[1])),
    "brier": lambda y, s: sk.brier_score_loss(y, special.softmax(s, -1), labels=range(s.shape[1]), scale_by_half=True),
    "ece": oracle_ece,
    "mae_ranks": lambda y, s: sk.mean_absolute_error(y, medians(s)),
    "amae": oracle_amae,
    "off_by_one_accuracy": lambda y, s: sk.accuracy_score(np.abs(s.argmax(-1) - y) <= 1, np.ones_like(y)),
    "rps": oracle_rps,
    "rmse": sk.root_mean_squared_error,
    "mae": sk.mean_absolute_error,
    "r2": sk.r2_score,
    "pinball": lambda y, f: sk.mean_pinball_loss(y, f, alpha=0.5),
    "mape": sk.mean_absolute_percentage_error,
    "rmsle": lambda y, f: sk.root_mean_squared_log_error(y, f) if (f > -1).all() else math.inf,
    "poisson_deviance": lambda y, f: oracle_deviance(sk.mean_poisson_deviance, y, f),
    "gamma_deviance": lambda y, f: oracle_deviance(sk.mean_gamma_deviance, y, f),
    "tweedie_deviance": lambda y, f: oracle_deviance(sk.mean_tweedie_deviance, y, f, power=1.5),
    "crps": lambda y, ms: np.mean([oracle_crps(*row) for row in zip(y, *ms.T, strict=True)]),
    "log_score": lambda y, ms: -stats.norm(*ms.T).logpdf(y).mean(),
    "pit_error": oracle_pit,
    "interval_score": lambda y, ms: oracle_interval_score(y, ms, 0.9),
    "mean_pinball": lambda y, ms: oracle_pinball(y, ms, 0.05, 0.5, 0.95),
    "coverage_error": lambda y, ms: oracle_coverage(y, ms, 0.9),
    "interval_width": lambda y, ms: oracle_width(y, ms, 0.9),
    "conformal_width": lambda y, f: oracle_conformal(y, f, Fraction(9, 10)),
}
# Names by which scikit-learn's scorers go mean the same here.
SCORERS = {"accuracy", "average_precision", "balanced_accuracy", "f1", "f1_macro", "roc_auc", "r2"}

seeds = st.integers(0, 2**32 - 1)
shapes = st.sampled_from(["random", "ties", "perfect", "worst", "constant"])


def answers(metric, task: Task, seed: int, rows: int, shape: str) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of three members, `[P, N, C]` scores or `[P, N]` points, and the truth."""
    rng = np.random.default_rng(seed)
    if task is Task.REGRESSION:
        y = np.full(rows, 3.0) if shape == "constant" else rng.normal(size=rows)
        if metric.domain != "any":
            y = np.abs(y) + (0.0 if metric.domain == "nonnegative" else 0.1)
        points = {"perfect": y + np.zeros((3, 1)), "worst": -1e6 * y + rng.normal(size=(3, 1))}
        point = points.get(shape, rng.normal(size=(3, rows)).round(0 if shape == "ties" else 9))
        if metric.domain != "any":
            point[1:] = np.abs(point[1:]) + 0.1  # the first member predicts what cannot be
        if metric.needs in SPREAD:
            return np.stack([point, rng.uniform(0.1, 3, size=point.shape)], -1), y
        return point, y
    classes = 2 if task is Task.BINARY else int(rng.integers(3, 6))
    scores, y = classification(seed, 3, rows, classes, shape == "ties")
    if shape in {"perfect", "worst"}:
        scores = 0.1 * scores + 30 * np.eye(classes)[(y + (shape == "worst")) % classes]
    if shape == "constant":
        scores[:] = scores[:, :1]
    return scores, y


@pytest.mark.parametrize(
    ("metric", "task"), [(m, t) for m in METRICS for t in Task if t in m.tasks], ids=lambda one: one.name.lower()
)
@settings(max_examples=25, deadline=None)
@given(seed=seeds, rows=st.integers(2, 30), shape=shapes)
def test_every_metric_is_what_it_is_elsewhere(metric, task: Task, seed: int, rows: int, shape: str):
    """Members side by side score what scikit-learn, or the definition written out, gives each of them."""
    compare_with(ORACLES[metric.name], metric, task, seed, rows, shape)


def compare_with(oracle, metric, task: Task, seed: int, rows: int, shape: str) -> None:
    out, y = answers(metric, task, seed, rows, shape)
    ours = metric(values(out) if task is Task.REGRESSION else predicted(out), torch.as_tensor(y))
    assert ours.shape == (3,)
    for i, own in enumerate(out):
        with warnings.catch_warnings():  # scikit-learn warns of classes that do not occur; its values stand
            warnings.simplefilter("ignore")
            expected = oracle(y, own)
        tolerance = LOST if metric.needs == "quantiles" else EXACT
        assert ours[i].item() == pytest.approx(expected, abs=tolerance, rel=tolerance, nan_ok=True)


# A metric with parameters is what it is elsewhere with each of them.
WITH_PARAMETERS = {
    "pinball(quantile=0.9)": lambda y, f: sk.mean_pinball_loss(y, f, alpha=0.9),
    "tweedie_deviance(power=1.2)": lambda y, f: oracle_deviance(sk.mean_tweedie_deviance, y, f, power=1.2),
    "recall_at_precision(p=0.5)": lambda y, s: oracle_recall(y, s, 0.5),
    "coverage_error(level=0.5)": lambda y, ms: oracle_coverage(y, ms, 0.5),
    "interval_width(level=0.5)": lambda y, ms: oracle_width(y, ms, 0.5),
    "conformal_width(level=0.5)": lambda y, f: oracle_conformal(y, f, Fraction(1, 2)),
    "interval_score(level=0.5)": lambda y, ms: oracle_interval_score(y, ms, 0.5),
    "mean_pinball(levels=[0.1, 0.8])": lambda y, ms: oracle_pinball(y, ms, 0.1, 0.8),
}


@pytest.mark.parametrize("name", WITH_PARAMETERS)
@settings(max_examples=15, deadline=None)
@given(seed=seeds, rows=st.integers(2, 30), shape=shapes)
def test_a_parameter_is_what_it_is_elsewhere(name: str, seed: int, rows: int, shape: str):
    metric = METRICS.get(name)
    assert metric.name == name
    compare_with(WITH_PARAMETERS[name], metric, next(iter(metric.tasks)), seed, rows, shape)


def test_every_metric_with_parameters_is_compared_with_another_value():
    with_parameters = {metric.name for metric in METRICS if metric.params}
    assert with_parameters == {name.partition("(")[0] for name in WITH_PARAMETERS}


def test_a_name_brings_parameters_and_a_default_is_no_other_metric():
    assert METRICS.get("pinball(quantile=0.5)") == METRICS.get("pinball")
    assert "pinball(quantile=0.9)" in METRICS
    assert "pinbal(quantile=0.9)" not in METRICS
    assert METRICS.get("pinball(quantile=0.9)").estimated == "the 0.9-quantile"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("pinball(quantile=2)", r"metric.params.quantile: must be < 1, got 2"),
        ("pinball(quantile=much)", r"metric.params.quantile: must be a number, got 'much'"),
        ("pinball(quantil=0.9)", r"metric: unknown parameter 'quantil'; did you mean 'quantile'\?"),
        ("rmse(power=2)", r"metric: unknown parameter 'power'; rmse takes no parameters"),
        ("pinbal(quantile=0.9)", r"metric: unknown metric 'pinbal'; did you mean 'pinball'\?"),
    ],
)
def test_a_wrong_parameter_is_one_line(name: str, why: str):
    with pytest.raises(UserError, match=why):
        METRICS.get(name, where="metric")


def test_what_is_on_request_is_reported_where_it_is_the_metric():
    names = [metric.name for metric in reported(Task.REGRESSION)]
    assert names == ["rmse", "mae", "r2", "pinball"]
    assert [m.name for m in reported(Task.REGRESSION, primary=METRICS.get("crps"))] == [*names, "crps"]
    assert [m.name for m in reported(Task.REGRESSION, primary=METRICS.get("mae"))] == names
    assert "quadratic_kappa" in {m.name for m in reported(Task.ORDINAL)}  # its classes are grades
    assert "quadratic_kappa" not in {m.name for m in reported(Task.MULTICLASS)}


@pytest.mark.parametrize(("domain", "wrong"), [("any", 0), ("nonzero", 1), ("nonnegative", 2), ("positive", 3)])
def test_targets_that_a_metric_is_not_defined_for_are_counted(domain, wrong):
    metric = replace(METRICS.get("rmse"), domain=domain)
    assert metric.impossible(np.array([-2.0, -1.0, 0.0, 3.0])) == wrong


@pytest.mark.parametrize("metric", [m for m in METRICS if Task.REGRESSION in m.tasks], ids=lambda one: one.name)
def test_an_error_with_a_unit_grows_with_the_target_and_a_number_without_does_not(metric):
    y, f, s = np.abs(np.random.default_rng(0).normal(size=(3, 50))) + 0.1
    one, ten = (
        metric(
            normal(torch.as_tensor(k * f)[None], torch.as_tensor(k * s)[None]),
            torch.as_tensor(k * y),
        ).item()
        for k in (1, 10)
    )
    expected = {"target": 10 * one, "none": one}[metric.unit]
    # An error of another power of the unit is compared as a share of the mean's, too; two have logarithms of the unit.
    expected = {"tweedie_deviance": 10**0.5 * one, "log_score": one + math.log(10)}.get(metric.name, expected)
    if metric.name != "rmsle":
        assert ten == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("metric", [m for m in METRICS if Task.REGRESSION not in m.tasks], ids=lambda one: one.name)
def test_scores_of_classes_have_no_unit(metric):
    assert metric.unit == "none"


@pytest.mark.parametrize("name", [n for n in (*METRICS.names(), *METRICS.abbreviations) if n in sk.get_scorer_names()])
def test_a_scorers_name_means_what_it_means_in_scikit_learn(name: str):
    """Of two classes, whose second is the positive one; a value's scorers are of errors with their sign turned."""
    metric, scorer = METRICS.get(name), sk.get_scorer(name)
    assert name in SCORERS
    rng = np.random.default_rng(5)
    x, y = (
        rng.normal(size=(2, 60)) if Task.REGRESSION in metric.tasks else (rng.normal(size=60), rng.integers(0, 2, 60))
    )
    if Task.REGRESSION in metric.tasks:
        model, prediction = DummyRegressor().fit(x[:, None], y), Prediction(point_PN=torch.full((1, 60), y.mean()))
    else:
        model = LogisticRegression().fit(x[:, None], (x + rng.normal(size=60) > 0).astype(int))
        prediction = predicted(model.predict_log_proba(x[:, None])[None])
    assert metric(prediction, torch.as_tensor(y)).item() == pytest.approx(scorer(model, x[:, None], y), abs=1e-9)


def test_ranks_survive_where_probabilities_saturate():
    """Scores of 900 and 1,000 are both probability 1.0; their order still counts, with two classes and with more."""
    score = torch.tensor([[[0.0, 900.0], [0.0, 1000.0], [0.0, 800.0]]])
    assert METRICS.get("auroc")(Prediction(score), torch.tensor([0, 1, 0])).item() == 1
    more = torch.tensor([[[0.0, 900.0, 0.0], [0.0, 1000.0, 0.0], [5.0, 0.0, 0.0]]])
    assert METRICS.get("auroc")(Prediction(more), torch.tensor([2, 1, 0])).item() > 0.6


def test_classes_that_do_not_occur_are_left_out_of_auroc():
    scores, _ = classification(0, 1, 20, 3, ties=False)
    y = np.arange(20) % 2
    log_odds = scores[0] - np.stack([special.logsumexp(np.delete(scores[0], k, 1), axis=1) for k in range(3)], 1)
    expected = np.mean([sk.roc_auc_score(y == k, log_odds[:, k]) for k in (0, 1)])
    assert METRICS.get("auroc")(predicted(scores), torch.as_tensor(y)).item() == pytest.approx(expected, abs=EXACT)


def test_members_whose_truths_have_other_counts_are_ranked_side_by_side():
    scores, _ = classification(0, 4, 30, 2, ties=True)
    y = np.random.default_rng(0).random((4, 30)) < np.array([[0.1], [0.4], [0.6], [0.9]])
    expected = [sk.roc_auc_score(own, score[:, 1] - score[:, 0]) for own, score in zip(y, scores, strict=True)]
    found = METRICS.get("auroc")(predicted(scores), torch.as_tensor(y).long())
    assert found.tolist() == pytest.approx(expected, abs=EXACT)


def test_metrics_of_one_reading_make_a_part_once_and_score_as_of_the_prediction():
    scores, y = classification(0, 3, 30, 3, ties=False)
    reading, truth = Reading(predicted(scores)), torch.as_tensor(y)
    for metric in suiting(Task.MULTICLASS):
        assert torch.equal(metric(reading, truth), metric(predicted(scores), truth))
    assert reading.part("score", ())[0] is reading.part("score", ())[0]


def test_one_class_has_no_ranking():
    scores, _ = classification(0, 2, 5, 2, ties=False)
    assert METRICS.get("auroc")(predicted(scores), torch.zeros(5, dtype=torch.int64)).isnan().all()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("task", list(Task))
def test_outputs_that_are_no_numbers_score_the_worst_and_touch_no_neighbour(task: Task, bad: float):
    classes = 2 if task is Task.BINARY else 3
    scores, y = classification(0, 2, 10, classes, ties=False)
    truth = torch.as_tensor(y)
    if task is Task.REGRESSION:
        truth = truth + 1
        deviation = torch.ones(scores.shape[:2], dtype=torch.float64)
        whole = normal(torch.as_tensor(scores[..., 0]).exp(), deviation)
        ill = whole.point_PN.clone()
        ill[1, 3] = bad
        broken = normal(ill, deviation)
    else:
        whole = predicted(scores)
        score, p = whole.score_PNC.clone(), whole.probability_PNC.clone()
        score[1, 3, 0] = p[1, 3, 0] = bad
        broken = Prediction(score, p)
    good, found = score_all(whole, truth, suiting(task)), score_all(broken, truth, suiting(task))
    for metric in suiting(task):
        assert found[metric.name][0] == good[metric.name][0]
        assert found[metric.name][1] == metric.worst


def test_rows_that_are_no_probabilities_score_the_worst():
    """What NLL on ReLU leaves behind: exp of the outputs is finite and no probability."""
    prediction = Decoder.LOG_PROBABILITY(torch.tensor([[[2.0, 0.0], [0.0, 3.0]]]))
    found = score_all(prediction, torch.tensor([0, 1]), suiting(Task.BINARY))
    assert found["accuracy"].item() == 1
    assert found["log_loss"].item() == math.inf
    assert found["brier"].item() == found["ece"].item() == 1


def test_what_a_loss_does_not_predict_is_not_applicable():
    found = score_all(Decoder.MARGIN(torch.randn(2, 6, 1)), torch.arange(6) % 2, suiting(Task.BINARY))
    assert [name for name, value in found.items() if value is None] == ["log_loss", "brier", "ece"]
    with pytest.raises(ValueError, match="log_loss needs a probability"):
        METRICS.get("log_loss")(Decoder.MARGIN(torch.randn(2, 6, 1)), torch.arange(6) % 2)


def test_one_output_is_cut_at_its_middle_and_never_argmaxed():
    out = torch.tensor([[[0.2], [0.9], [0.6], [0.4]]])
    assert Decoder.PROBABILITY(out).label_PN.tolist() == [[0, 1, 1, 0]]
    assert Decoder.LEAST_SQUARES(out).label_PN.tolist() == [[0, 1, 1, 0]]
    assert Decoder.MARGIN(out - 0.5).label_PN.tolist() == [[0, 1, 1, 0]]
    assert Decoder.SIGMOID(out - 0.5).label_PN.tolist() == [[0, 1, 1, 0]]


@pytest.mark.parametrize("metric", list(METRICS), ids=lambda metric: metric.name)
def test_a_metric_says_what_it_is(metric):
    assert metric.formula
    assert metric.tasks
    assert metric.better in {"higher", "lower"}
    assert (metric.worst <= 0) == (metric.better == "higher")


def test_defaults_and_short_forms():
    assert [default_metric(task).name for task in Task] == ["accuracy", "accuracy", "mae_ranks", "rmse"]
    assert METRICS.get("auc").name == "auroc"
    assert METRICS.get("acc").name == "accuracy"
    assert default_metric(Task.BINARY, rare=True).name == "auroc"
    assert default_metric(Task.ORDINAL, rare=True).name == "mae_ranks"
    assert METRICS.get("pinball(quantile=0.9)").formula.startswith("Mean of max")


# The same with scikit-learn's `sample_weight`, where scikit-learn has one; the others are compared with repeated rows.
WEIGHTED = {
    "accuracy": lambda y, s, w: sk.accuracy_score(y, s.argmax(-1), sample_weight=w),
    "balanced_accuracy": lambda y, s, w: sk.balanced_accuracy_score(y, s.argmax(-1), sample_weight=w),
    "f1_macro": lambda y, s, w: sk.f1_score(y, s.argmax(-1), average="macro", sample_weight=w),
    "f1": lambda y, s, w: sk.f1_score(y, s.argmax(-1), sample_weight=w),
    "mcc": lambda y, s, w: sk.matthews_corrcoef(y, s.argmax(-1), sample_weight=w),
    "quadratic_kappa": lambda y, s, w: sk.cohen_kappa_score(y, s.argmax(-1), weights="quadratic", sample_weight=w),
    "log_loss": lambda y, s, w: sk.log_loss(y, special.softmax(s, -1), labels=range(s.shape[1]), sample_weight=w),
    "brier": lambda y, s, w: sk.brier_score_loss(
        y, special.softmax(s, -1), labels=range(s.shape[1]), scale_by_half=True, sample_weight=w
    ),
    "mae_ranks": lambda y, s, w: sk.mean_absolute_error(y, medians(s), sample_weight=w),
    "amae": lambda y, s, w: sk.mean_absolute_error(
        y, medians(s), sample_weight=w / np.bincount(y, w)[y]
    ),  # every class weighs as much as any other
    "rmse": lambda y, f, w: sk.root_mean_squared_error(y, f, sample_weight=w),
    "mae": lambda y, f, w: sk.mean_absolute_error(y, f, sample_weight=w),
    "r2": lambda y, f, w: sk.r2_score(y, f, sample_weight=w),
    "pinball": lambda y, f, w: sk.mean_pinball_loss(y, f, alpha=0.5, sample_weight=w),
    "conformal_width": oracle_weighted_conformal,
    "mape": lambda y, f, w: sk.mean_absolute_percentage_error(y, f, sample_weight=w),
    "rmsle": lambda y, f, w: sk.root_mean_squared_log_error(y, f, sample_weight=w) if (f > -1).all() else math.inf,
    "poisson_deviance": lambda y, f, w: oracle_deviance(sk.mean_poisson_deviance, y, f, sample_weight=w),
    "gamma_deviance": lambda y, f, w: oracle_deviance(sk.mean_gamma_deviance, y, f, sample_weight=w),
    "tweedie_deviance": lambda y, f, w: oracle_deviance(sk.mean_tweedie_deviance, y, f, power=1.5, sample_weight=w),
    "auroc": lambda y, s, w: weighted_per_class(sk.roc_auc_score, y, s, w),
    "average_precision": lambda y, s, w: weighted_per_class(sk.average_precision_score, y, s, w),
}


def weighted_per_class(score, y: np.ndarray, scores: np.ndarray, w: np.ndarray) -> float:
    log_odds = scores - np.stack(
        [special.logsumexp(np.delete(scores, k, 1), axis=1) for k in range(scores.shape[1])], 1
    )
    classes = [1] if scores.shape[1] == 2 else range(scores.shape[1])
    return float(np.mean([score(y == k, log_odds[:, k], sample_weight=w) for k in classes]))


@pytest.mark.parametrize("name", WEIGHTED)
@settings(max_examples=25, deadline=None)
@given(seed=seeds, rows=st.integers(12, 40), shape=st.sampled_from(["random", "ties", "perfect", "worst"]))
def test_a_weighted_metric_is_scikit_learns_with_sample_weight(name: str, seed: int, rows: int, shape: str):
    metric = METRICS.get(name)
    task = next(t for t in Task if t in metric.tasks)
    out, y = answers(metric, task, seed, rows, shape)
    weight = np.random.default_rng(seed).uniform(0.1, 5, rows)
    if task is not Task.REGRESSION:
        y[: out.shape[-1]] = np.arange(
            out.shape[-1]
        )  # every class occurs: of one that does not scikit-learn has no word
    ours = metric(
        values(out) if task is Task.REGRESSION else predicted(out), torch.as_tensor(y), torch.as_tensor(weight)
    )
    for i, own in enumerate(out):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = WEIGHTED[name](y, own, weight)
        assert ours[i].item() == pytest.approx(expected, abs=EXACT, rel=EXACT)


@pytest.mark.parametrize(
    ("metric", "task"), [(m, t) for m in METRICS for t in Task if t in m.tasks], ids=lambda one: one.name.lower()
)
@settings(max_examples=15, deadline=None)
@given(seed=seeds, rows=st.integers(4, 30), shape=shapes)
def test_a_whole_weight_is_so_many_equal_rows_and_a_weight_of_0_is_none(metric, task: Task, seed, rows, shape):
    assert metric.takes_weights
    out, y = answers(metric, task, seed, rows, shape)
    if metric.domain != "any":
        out[0] = np.abs(out[0]) + 0.1  # what cannot be is the worst, though its row should count nothing
    most = 1 if metric.name == "conformal_width" else 3  # equal rows may be in two halves, a row is in one
    weight = np.random.default_rng(seed).integers(0, most + 1, rows)
    weight[0] = min(2, most)
    read = values if task is Task.REGRESSION else predicted
    ours = metric(read(out), torch.as_tensor(y), torch.as_tensor(weight.astype(float)))
    expected = metric(read(np.repeat(out, weight, axis=1)), torch.as_tensor(np.repeat(y, weight)))
    torch.testing.assert_close(ours, expected, rtol=EXACT, atol=EXACT, equal_nan=True)


def test_a_metric_that_takes_no_weights_refuses_them():
    plain = replace(METRICS.get("rmse"), takes_weights=False)
    with pytest.raises(ValueError, match="takes no weights"):
        plain(values(np.zeros((1, 3))), torch.zeros(3), torch.ones(3))


@pytest.mark.parametrize("metric", [m for m in METRICS if m.needs == "point"], ids=lambda one: one.name)
@pytest.mark.parametrize("weighted", [False, True])
def test_several_targets_score_their_uniform_average(metric, weighted):
    random = np.random.default_rng(3)
    y, f = np.abs(random.normal(size=(20, 3))) + 0.1, np.abs(random.normal(size=(2, 20, 3))) + 0.1
    w = random.uniform(size=20) if weighted else None
    found = metric(
        Prediction(point_PN=torch.as_tensor(f)), torch.as_tensor(y), None if w is None else torch.as_tensor(w)
    )
    for i in range(2):
        of = WEIGHTED[metric.name] if weighted else ORACLES[metric.name]
        each = [of(y[:, k], f[i, :, k], w) if weighted else of(y[:, k], f[i, :, k]) for k in range(3)]
        assert found[i].item() == pytest.approx(np.mean(each), rel=EXACT)
    if metric.name in {"mae", "r2"} and not weighted:
        oracle = {"mae": sk.mean_absolute_error, "r2": sk.r2_score}[metric.name]
        assert found[0].item() == pytest.approx(oracle(y, f[0]), rel=EXACT)


# --- classes in an order ------------------------------------------------------------------------------


def test_metrics_of_ranks_have_the_values_of_their_documentation():
    """dlordinal 2.7.0's examples; where it takes labels, all probability is on them."""
    p = torch.tensor(
        [[0.2, 0.4, 0.2, 0.2], [0.7, 0.1, 0.1, 0.1], [0.5, 0.05, 0.1, 0.35], [0.1, 0.05, 0.65, 0.2]],
        dtype=torch.float64,
    )[None]
    score = METRICS.get("rps")(Prediction(p.log(), p), torch.tensor([0, 0, 3, 2]))
    assert score.item() == pytest.approx(0.5068750000000001, abs=1e-12)
    for name, decided, expected in (
        ("amae", [0, 1, 1, 2, 3, 0, 1], 0.125),
        ("off_by_one_accuracy", [0, 1, 1, 2, 0, 0, 1], 0.8571428571428571),
    ):
        sure = torch.eye(4, dtype=torch.float64)[decided][None]
        found = METRICS.get(name)(Prediction(sure, sure), torch.tensor([0, 0, 1, 2, 3, 0, 0]))
        assert found.item() == pytest.approx(expected, abs=1e-12)


def test_ranks_are_those_of_the_median_class_and_of_the_decision_where_a_loss_gives_no_probabilities():
    p = torch.tensor([[[0.4, 0.25, 0.35]]], dtype=torch.float64)
    read, decided = Prediction(p.log(), p), Prediction(p.log())
    assert (read.label_PN.item(), read.median_PN.item()) == (0, 1)
    assert (decided.label_PN.item(), decided.median_PN.item()) == (0, 0)
    metric = METRICS.get("mae_ranks")
    # E |rank - y| is .95 at the most probable class and .75 at the median, the least
    assert [metric(read, torch.tensor([y])).item() for y in range(3)] == [1, 0, 1]
    assert [metric(decided, torch.tensor([y])).item() for y in range(3)] == [0, 1, 2]


def test_outputs_that_are_no_numbers_have_no_median():
    nan = torch.full((1, 2, 3), math.nan)
    for prediction in (Prediction(nan), Prediction(nan, nan)):
        assert METRICS.get("mae_ranks")(prediction, torch.zeros(2, dtype=torch.long)).item() == math.inf
        assert not METRICS.get("mae_ranks").measures(prediction).any()


def test_a_median_is_of_no_regression_and_of_no_unordered_classes():
    assert METRICS.get("mae_ranks").tasks == {Task.ORDINAL}
    assert not METRICS.get("mae_ranks").can_score(Prediction(point_PN=torch.zeros(1, 2)))


# --- split-conformal intervals ------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "rows"), [(0.9, 40), (0.8, 31), (0.5, 7)])
@pytest.mark.parametrize("order", ["drawn", "sorted by y", "sorted by the error"])
def test_intervals_of_two_halves_cover_at_least_at_their_level(level: float, rows: int, order: str):
    """Over 4000 independent draws of errors of a skewed distribution; no order of the rows must matter.

    The expected share is at least the level, and above it by 1 / (m + 1) at most, m the calibrating rows (Lei et al.
    2018, theorem 2.2). The mean over the draws may differ from it by 4 of its standard errors.
    """
    rng = np.random.default_rng(0)
    y = rng.normal(size=(4000, rows))
    distance = np.abs(rng.lognormal(size=y.shape) - 1) * (1 + 0.5 * np.abs(y))
    if order != "drawn":
        places = (y if order == "sorted by y" else distance).argsort(-1)
        distance = np.take_along_axis(distance, places, -1)
    radius = calibrated_radius(torch.as_tensor(distance), None, level).numpy()
    share = (distance <= radius).mean(-1)
    error = share.std() / math.sqrt(len(share))
    if order == "sorted by the error":  # the halves are then neighbours, whose ranks differ by one at most
        assert (share >= level - 1 / (rows // 2)).all()
        return
    assert share.mean() >= level - 4 * error
    assert share.mean() <= level + 1 / (rows // 2 + 1) + 4 * error


def test_the_halves_are_of_one_size_spread_over_an_order_and_follow_no_period():
    half = first_half(1000).numpy()
    assert half.reshape(-1, 2).sum(-1).tolist() == [1] * 500  # one of each two neighbours
    assert abs(first_half(999).sum() - 499.5) == 0.5
    for rows in (0, 1, 2, 17, 999):
        assert first_half(rows).tolist() == half[:rows].tolist()
    for period in range(2, 60):
        shares = [half[start::period].mean() for start in range(period)]
        # Binomial of at most 500 coins: 5 standard deviations of the fewest rows of a class.
        assert np.abs(np.array(shares) - 0.5).max() < 5 * 0.5 / math.sqrt(1000 // period)


def test_a_conformal_width_needs_enough_rows_in_either_half():
    for level in (0.5, 0.8, 0.9, 0.95):
        metric = METRICS.get("conformal_width").bind(level=level)
        least = metric.least_rows(metric.params)
        assert least == 2 * math.ceil(Fraction(str(level)) / (1 - Fraction(str(level))))
        for rows in (least - 1, least):
            found = metric(values(np.zeros((1, rows))), torch.arange(rows).double())
            assert found.isfinite().item() == (rows == least)
