"""Metrics: what predictions are worth, whatever loss they were trained with; for all members of a population at once.

Shapes: P members, N rows, C classes; a metric turns a `Prediction` and the truth `[P, N]` (or `[N]`) into `[P]`,
in float64. Definitions are scikit-learn's, absent classes included, without its warnings. A member whose outputs
are not finite, or are no probabilities where probabilities are needed, scores the worst value; a metric whose
need a loss does not serve at all (probabilities of a margin loss) is not applicable, and nothing is guessed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from lossbench.catalog.vocabulary import Task
from lossbench.deferred import F, torch
from lossbench.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from lossbench.catalog.links import Prediction

Need = Literal["label", "score", "probability", "point"]
Better = Literal["higher", "lower"]
Unit = Literal["none", "target"]

CLASSIFICATION = frozenset({Task.BINARY, Task.MULTICLASS})
REGRESSION = frozenset({Task.REGRESSION})
SUM_SLACK = 1e-3  # rows of float32 probabilities over many classes sum to one within this
ECE_BINS = 15


@dataclass(frozen=True)
class Metric:
    """One metric: `fn` reads the part of a prediction that it `needs`, and `[P, N]` of truth, into `[P]`.

    `unit` "target": an error in the target's own unit, compared as a share of the mean value's error; "none": a number
    without a unit.
    """

    name: str
    fn: Callable[[Prediction, Tensor], Tensor] = field(repr=False)
    tasks: frozenset[Task]
    needs: Need
    better: Better
    worst: float
    formula: str
    unit: Unit = "none"

    def can_score(self, prediction: Prediction) -> bool:
        """Whether the prediction has what the metric needs."""
        return _part(prediction, self.needs) is not None

    def measures(self, prediction: Prediction) -> Tensor:
        """Members whose outputs it can read, `[P]` bool: finite, and probabilities where it needs such."""
        part = _part(prediction, self.needs)
        assert part is not None
        return _usable(part.detach().double(), self.needs)

    def __call__(self, prediction: Prediction, truth_PN: Tensor) -> Tensor:
        """The metric per member, `[P]` float64."""
        return self.fn(prediction, truth_PN)


METRICS: Registry[Metric] = Registry(
    "metric",
    abbreviations={
        "acc": "accuracy",
        "bal_acc": "balanced_accuracy",
        "macro_f1": "f1_macro",
        "auc": "auroc",
        "roc_auc": "auroc",
        "logloss": "log_loss",
        "brier_score": "brier",
        "r_squared": "r2",
        "matthews": "mcc",
    },
)


def default_metric(task: Task) -> Metric:
    """The loss-neutral metric of a validation part where none was asked for: accuracy, or RMSE."""
    return METRICS.get("accuracy" if task.is_classification else "rmse")


def suiting(*tasks: Task) -> list[Metric]:
    """All metrics of a task, or of any of several."""
    return [metric for metric in METRICS if not metric.tasks.isdisjoint(tasks)]


def score_all(
    prediction: Prediction, truth_PN: Tensor, task: Task, *, quantile: float = 0.5
) -> dict[str, Tensor | None]:
    """Every metric that suits the task, `[P]` each; None where the prediction lacks what a metric needs.

    `quantile` is the one that `pinball` scores.
    """
    found = {metric.name: metric for metric in suiting(task)}
    if "pinball" in found:
        found["pinball"] = pinball(quantile)
    return {name: m(prediction, truth_PN) if m.can_score(prediction) else None for name, m in found.items()}


def _part(prediction: Prediction, needs: Need) -> Tensor | None:
    if needs == "probability":
        return prediction.probability_PNC
    return prediction.point_PN if needs == "point" else prediction.score_PNC


def _usable(part: Tensor, needs: Need) -> Tensor:
    """Members whose outputs the metric can read at all, `[P]` bool."""
    columns = tuple(range(1, part.ndim))
    good = part.isfinite().all(columns)
    if needs == "probability":
        one = ((part.sum(-1) - 1).abs() <= SUM_SLACK) & (part >= -SUM_SLACK).all(-1)
        good = good & one.all(-1)
    return good


def _metric(
    name: str, needs: Need, tasks: frozenset[Task], better: Better, worst: float, unit: Unit
) -> Callable[[Callable[[Tensor, Tensor], Tensor]], Metric]:
    """Make a metric of a function of the needed part (float64; decided labels for "label") and the truth.

    The first line of its docstring is the metric's formula.
    """

    def make(of_part: Callable[[Tensor, Tensor], Tensor]) -> Metric:
        def fn(prediction: Prediction, truth_PN: Tensor) -> Tensor:
            part = _part(prediction, needs)
            if part is None:
                raise ValueError(f"{name} needs a {needs}, which this prediction has not")
            part = part.detach().double()
            good = _usable(part, needs)
            part = torch.where(good.view(-1, *[1] * (part.ndim - 1)), part, 1 / part.shape[-1])
            truth = truth_PN.expand(part.shape[:2])
            truth = truth.double() if needs == "point" else truth.long()
            value = of_part(part.argmax(-1) if needs == "label" else part, truth)
            return torch.where(good, value, worst)

        formula = (inspect.getdoc(of_part) or "").split("\n", 1)[0].removesuffix(".")
        return Metric(name, fn, tasks, needs, better, worst, formula, unit)

    return make


def _confusion(label_PN: Tensor, truth_PN: Tensor) -> Tensor:
    """Counts `[P, C, C]` of (true class, decided class)."""
    classes = int(torch.maximum(label_PN.max(), truth_PN.max())) + 1
    flat = torch.zeros(len(label_PN), classes * classes, dtype=torch.float64, device=label_PN.device)
    cell = truth_PN * classes + label_PN
    return flat.scatter_add(1, cell, torch.ones_like(cell, dtype=torch.float64)).view(-1, classes, classes)


def _ratio(above: Tensor, below: Tensor, where_zero: float = 0.0) -> Tensor:
    return torch.where(below > 0, above / below.clamp_min(torch.finfo(torch.float64).tiny), where_zero)


@METRICS.add
@_metric("accuracy", "label", CLASSIFICATION, "higher", 0.0, "none")
def accuracy(label_PN: Tensor, truth_PN: Tensor) -> Tensor:
    """Share of rows decided rightly."""
    return (label_PN == truth_PN).double().mean(-1)


@METRICS.add
@_metric("balanced_accuracy", "label", CLASSIFICATION, "higher", 0.0, "none")
def balanced_accuracy(label_PN: Tensor, truth_PN: Tensor) -> Tensor:
    """Mean recall of the classes that occur in the truth."""
    counts = _confusion(label_PN, truth_PN)
    size = counts.sum(-1)
    recall = _ratio(counts.diagonal(dim1=-2, dim2=-1), size)
    return recall.sum(-1) / (size > 0).sum(-1)


@METRICS.add
@_metric("f1_macro", "label", CLASSIFICATION, "higher", 0.0, "none")
def f1_macro(label_PN: Tensor, truth_PN: Tensor) -> Tensor:
    """Mean of 2 TP / (2 TP + FP + FN) over the classes that occur or are decided for."""
    counts = _confusion(label_PN, truth_PN)
    total = counts.sum(-1) + counts.sum(-2)
    return _ratio(2 * counts.diagonal(dim1=-2, dim2=-1), total).sum(-1) / (total > 0).sum(-1)


@METRICS.add
@_metric("f1", "label", frozenset({Task.BINARY}), "higher", 0.0, "none")
def f1(label_PN: Tensor, truth_PN: Tensor) -> Tensor:
    """2 TP / (2 TP + FP + FN) of the second class; 0 where it neither occurs nor is decided for."""
    decided, occurs = label_PN == 1, truth_PN == 1
    return _ratio(2 * (decided & occurs).double().sum(-1), decided.double().sum(-1) + occurs.double().sum(-1))


@METRICS.add
@_metric("mcc", "label", CLASSIFICATION, "higher", -1.0, "none")
def mcc(label_PN: Tensor, truth_PN: Tensor) -> Tensor:
    """Matthews correlation of truth and decision; 0 if either is constant."""
    counts = _confusion(label_PN, truth_PN)
    seen, decided, rows = counts.sum(-1), counts.sum(-2), counts.sum((-1, -2))
    covariance = counts.diagonal(dim1=-2, dim2=-1).sum(-1) * rows - (seen * decided).sum(-1)
    spread = (rows**2 - decided.square().sum(-1)) * (rows**2 - seen.square().sum(-1))
    return _ratio(covariance, spread.clamp_min(0).sqrt())


@METRICS.add
@_metric("auroc", "score", CLASSIFICATION, "higher", 0.0, "none")
def auroc(score_PNC: Tensor, truth_PN: Tensor) -> Tensor:
    """Probability that a row of a class scores above a row of the others, ties counting half.

    With more than two classes the mean over them, each against the rest by its log-odds. Classes that do not
    occur are excluded from the mean; NaN where the truth is a single class.
    """
    classes = score_PNC.shape[-1]
    if classes == 2:
        return _auroc(score_PNC[..., 1] - score_PNC[..., 0], truth_PN == 1)
    values = []
    for k in range(classes):
        others = torch.cat([score_PNC[..., :k], score_PNC[..., k + 1 :]], -1)
        values.append(_auroc(score_PNC[..., k] - others.logsumexp(-1), truth_PN == k))
    return torch.stack(values, -1).nanmean(-1)


def _auroc(score_PN: Tensor, positive_PN: Tensor) -> Tensor:
    score_PN = score_PN.contiguous()
    ordered = score_PN.sort(-1).values.contiguous()  # sorting along an axis of length 1 keeps odd strides
    rank = (torch.searchsorted(ordered, score_PN) + torch.searchsorted(ordered, score_PN, right=True) + 1) / 2
    positives = positive_PN.double().sum(-1)
    negatives = positive_PN.shape[-1] - positives
    wins = (rank.double() * positive_PN).sum(-1) - positives * (positives + 1) / 2
    return _ratio(wins, positives * negatives, math.nan)


@METRICS.add
@_metric("log_loss", "probability", CLASSIFICATION, "lower", math.inf, "none")
def log_loss(p_PNC: Tensor, truth_PN: Tensor) -> Tensor:
    """Mean of -log p_y, p clipped at 2.2e-16."""
    eps = torch.finfo(torch.float64).eps
    return -_own(p_PNC.clamp(eps, 1 - eps), truth_PN).log().mean(-1)


@METRICS.add
@_metric("brier", "probability", CLASSIFICATION, "lower", 1.0, "none")
def brier(p_PNC: Tensor, truth_PN: Tensor) -> Tensor:
    """Mean of half the squared distance of p to the one-hot truth.

    scikit-learn's brier_score_loss with scale_by_half=True, which is its default for two classes only.
    """
    return 0.5 * (p_PNC - F.one_hot(truth_PN, p_PNC.shape[-1])).square().sum(-1).mean(-1)


@METRICS.add
@_metric("ece", "probability", CLASSIFICATION, "lower", 1.0, "none")
def ece(p_PNC: Tensor, truth_PN: Tensor) -> Tensor:
    """Expected calibration error of the likeliest class: |accuracy - mean probability| over 15 equal-width bins."""
    confidence, label = p_PNC.max(-1)
    hit = (label == truth_PN).double()
    bounds = torch.linspace(0, 1, ECE_BINS + 1, dtype=torch.float64, device=p_PNC.device)[1:-1]
    bin_PN = torch.searchsorted(bounds, confidence.contiguous())  # bins (lower, upper]
    gap = torch.zeros(len(p_PNC), ECE_BINS, dtype=torch.float64, device=p_PNC.device)
    return gap.scatter_add(1, bin_PN, hit - confidence).abs().sum(-1) / p_PNC.shape[1]


def _own(p_PNC: Tensor, truth_PN: Tensor) -> Tensor:
    return p_PNC.gather(-1, truth_PN.unsqueeze(-1)).squeeze(-1)


@METRICS.add
@_metric("rmse", "point", REGRESSION, "lower", math.inf, "target")
def rmse(point_PN: Tensor, truth_PN: Tensor) -> Tensor:
    """Square root of the mean of (f - y)^2."""
    return (point_PN - truth_PN).square().mean(-1).sqrt()


@METRICS.add
@_metric("mae", "point", REGRESSION, "lower", math.inf, "target")
def mae(point_PN: Tensor, truth_PN: Tensor) -> Tensor:
    """Mean of |f - y|."""
    return (point_PN - truth_PN).abs().mean(-1)


@METRICS.add
@_metric("r2", "point", REGRESSION, "higher", -math.inf, "none")
def r2(point_PN: Tensor, truth_PN: Tensor) -> Tensor:
    """1 - sum (f - y)^2 / sum (y - mean y)^2.

    Of a constant truth: 1 where it is hit exactly, else 0.
    """
    residual = (point_PN - truth_PN).square().sum(-1)
    total = (truth_PN - truth_PN.mean(-1, keepdim=True)).square().sum(-1)
    return 1 - _ratio(residual, total, math.nan).where(total > 0, (residual > 0).double())


def pinball(quantile: float = 0.5) -> Metric:
    """The pinball metric of a quantile; the registry's is of the median, where it is half the MAE."""

    @_metric("pinball", "point", REGRESSION, "lower", math.inf, "target")
    def of_quantile(point_PN: Tensor, truth_PN: Tensor) -> Tensor:
        """Mean of max(q (y - f), (q - 1) (y - f))."""
        e = truth_PN - point_PN
        return torch.maximum(quantile * e, (quantile - 1) * e).mean(-1)

    return of_quantile


METRICS.add(pinball())
