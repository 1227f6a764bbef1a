"""Metrics: scores of predictions that do not depend on the training loss, for all members of a population at once.

Shapes: P members, N rows, C classes; a metric turns a `Prediction` and the truth `[P, N]` (or `[N]`) into `[P]`,
in float64. Definitions are scikit-learn's, absent classes included, without its warnings. A member whose outputs
are not finite, or are no probabilities where probabilities are needed, scores the worst value; a metric whose
need a loss does not serve at all (probabilities of a margin loss) is not applicable, and nothing is guessed.

Of several targets, points and truth `[P, N, K]`, a metric is the mean over the targets, as in scikit-learn
(`uniform_average`).

Rows may have weights `[P, N]`, which mean what scikit-learn's `sample_weight` means: a row of weight 2 counts as two
rows, one of weight 0 as none.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from lossbench.calls import name_in, read_call
from lossbench.catalog.estimands import canonical
from lossbench.catalog.metrics.needs import CLASS_NEEDS, Need, Reading, has_part
from lossbench.catalog.over_classes import argmax
from lossbench.catalog.parameters import Schema, bound, spelled
from lossbench.catalog.vocabulary import Task
from lossbench.deferred import np, torch
from lossbench.docstrings import docstring
from lossbench.events import Better
from lossbench.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from lossbench.catalog.decoders import Prediction

Unit = Literal["none", "target"]
# What a ROPE of 0.01 means. "absolute": 0.01 of the metric itself (shares of rows, correlations, R2). "dummy_error":
# 1% of the majority class's or the target mean's own value, for errors, which have no scale of their own.
# "dummy_error_rate": 1% of the majority class's share of wrong rows, for an error that is near 0 for it.
Rope = Literal["absolute", "dummy_error", "dummy_error_rate"]
Domain = Literal["any", "nonzero", "nonnegative", "positive"]

CLASSIFICATION = frozenset(task for task in Task if task.is_classification)
REGRESSION = frozenset({Task.REGRESSION})


@dataclass(frozen=True)
class Metric:
    """One metric: `fn` reads the part of a prediction that it `needs`, and `[P, N]` of truth, into `[P]`.

    `unit` "target": an error in the target's own unit; "none": a number without a unit. `rope`: what the width of the
    region of practical equivalence is a share of (`Rope`). `domain`: the targets that it is defined for. `on_request`:
    the tasks on which it is reported where it is named, and not beside every other. `estimand`: what the best
    prediction is, in the words of `estimands`, with parameters in braces; "": nothing that losses declare. `params` are
    the values of its own parameters, and part of its name where they are not the defaults. `takes_weights`: `fn` takes
    the rows' weights as its third argument; without it, it cannot be used on a table with weights. `soft`: of
    probabilities as truth, `[P, N, C]`, it is the expected score under them; of every other metric the most probable
    class is the truth then. `levels`: of a metric that needs quantiles, their levels, given the parameters;
    `least_rows`: of one that needs many rows, how many, given the parameters.
    """

    name: str
    fn: Callable[..., Tensor] = field(repr=False)
    tasks: frozenset[Task]
    needs: Need
    better: Better
    worst: float
    formula: str
    bounds: tuple[float, float]  # the least and the greatest value there can be
    rope: Rope
    unit: Unit = "none"
    domain: Domain = "any"
    on_request: frozenset[Task] = frozenset()
    estimand: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    schema: Schema | None = field(default=None, repr=False)
    takes_weights: bool = False
    soft: bool = False
    levels: Callable[[Mapping[str, Any]], Sequence[float]] | None = field(default=None, repr=False)
    least_rows: Callable[[Mapping[str, Any]], int] | None = field(default=None, repr=False)

    def bind(self, *, where: str = "", **params: Any) -> Metric:
        """The same metric with other parameters, checked, under a name that says them: `pinball(quantile=0.9)`."""
        name = self.name.partition("(")[0]
        if self.schema is None:
            raise ValueError(f"{name} is not declared with parameters")
        values = bound(name, self.schema, self.params, params, where or f"metric {name}")
        changed = {k: v for k, v in values.items() if v != self.schema.model.model_fields[k].default}
        return replace(self, name=f"{name}({spelled(changed)})" if changed else name, params=values)

    def can_score(self, prediction: Prediction) -> bool:
        """Whether the prediction has what the metric needs."""
        return has_part(prediction, self.needs, self._levels)

    @property
    def needed(self) -> str:
        """What it needs, in words: `quantiles at 0.05 and 0.95`."""
        return f"quantiles at {' and '.join(f'{q:g}' for q in self._levels)}" if self.levels else self.needs

    @property
    def _levels(self) -> Sequence[float]:
        return self.levels(self.params) if self.levels is not None else ()

    def measures(self, prediction: Prediction | Reading) -> Tensor:
        """Members whose outputs it can read, `[P]` bool: finite, and probabilities where it needs such."""
        return _reading(prediction).part(self.needs, self._levels)[1]

    @property
    def estimated(self) -> str:
        """What the best prediction is with these parameters: "the 0.9-quantile"; "" where none is declared."""
        return canonical(self.estimand.format(**self.params))

    def impossible(self, target_N: NDArray[Any]) -> int:
        """How many of the targets it is not defined for."""
        wrong = {"nonzero": target_N == 0, "nonnegative": target_N < 0, "positive": target_N <= 0}
        return int(np.count_nonzero(wrong[self.domain])) if self.domain in wrong else 0

    def __call__(self, prediction: Prediction | Reading, truth_PN: Tensor, weight_PN: Tensor | None = None) -> Tensor:
        """The metric per member, `[P]` float64; `weight_PN` (or `[N]`) is what each row counts, None: all alike.

        Several metrics of one prediction are faster of one `Reading` of it."""
        reading = _reading(prediction)
        if weight_PN is None:
            return self.fn(reading, truth_PN, **self.params)
        if not self.takes_weights:
            raise ValueError(f"{self.name} takes no weights")
        return self.fn(reading, truth_PN, weight_PN, **self.params)


def _reading(prediction: Prediction | Reading) -> Reading:
    return prediction if isinstance(prediction, Reading) else Reading(prediction)


class MetricRegistry(Registry[Metric]):
    """Metrics by name; a name may bring parameters: `pinball(quantile=0.9)`."""

    def get(self, name: str, *, where: str = "") -> Metric:
        """The metric of that name, its parameters bound; a `UserError` for a name or a value that there is not."""
        call = read_call(name, where=where)
        found = super().get(call.name, where=where)
        return found.bind(where=where, **call.params) if call.name != name else found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name_in(name))


METRICS = MetricRegistry(
    "metric",
    abbreviations={
        "acc": "accuracy",
        "bal_acc": "balanced_accuracy",
        "macro_f1": "f1_macro",
        "auc": "auroc",
        "roc_auc": "auroc",
        "auprc": "average_precision",
        "qwk": "quadratic_kappa",
        "accuracy_off1": "off_by_one_accuracy",
        "macro_mae": "amae",
        "ranked_probability_score": "rps",
        "logloss": "log_loss",
        "brier_score": "brier",
        "r_squared": "r2",
        "matthews": "mcc",
        "gaussian_log_loss": "log_score",
        "winkler_score": "interval_score",
    },
)


def default_metric(task: Task, *, rare: bool = False) -> Metric:
    """The loss-neutral metric where none is given: accuracy, AUROC where a class is rare, MAE of ranks, or RMSE."""
    known = {Task.ORDINAL: "mae_ranks", Task.REGRESSION: "rmse"}
    return METRICS.get(known.get(task) or ("auroc" if rare else "accuracy"))


def suiting(*tasks: Task) -> list[Metric]:
    """All metrics of a task, or of any of several."""
    return [metric for metric in METRICS if not metric.tasks.isdisjoint(tasks)]


def reported(*tasks: Task, primary: Metric | None = None) -> list[Metric]:
    """The metrics that a run of these tasks reports: those that are not on request, and the primary one."""
    found = [metric for metric in suiting(*tasks) if not metric.tasks.intersection(tasks) <= metric.on_request]
    return found if primary is None or primary in found else [*found, primary]


def score_all(
    prediction: Prediction, truth_PN: Tensor, metrics: Sequence[Metric], weight_PN: Tensor | None = None
) -> dict[str, Tensor | None]:
    """Every metric, `[P]` each; None where the prediction lacks what it needs."""
    reading = Reading(prediction)
    return {m.name: m(reading, truth_PN, weight_PN) if m.can_score(prediction) else None for m in metrics}


def metric(
    name: str,
    needs: Need,
    tasks: frozenset[Task],
    *,
    worst: float,
    best: float,
    rope: Rope,
    unit: Unit = "none",
    domain: Domain = "any",
    on_request: bool | frozenset[Task] = False,
    estimand: str = "",
    soft: bool = False,
    levels: Callable[[Mapping[str, Any]], Sequence[float]] | None = None,
    least_rows: Callable[[Mapping[str, Any]], int] | None = None,
) -> Callable[[Callable[..., Tensor]], Metric]:
    """Make a metric of a function of the needed part (float64; decided labels for "label", the median class for
    "median", a `Distribution` for "distribution" and "density", one or `Quantiles` for "distribution or quantiles",
    `[P, N, L]` at `levels` for "quantiles"), the truth and the rows' weights (float64, or None where all count alike);
    keyword-only arguments are its parameters.

    `worst` and `best` are the ends of its range: which way is better follows from them.
    The first line of its docstring is the metric's formula.
    """

    def make(of_part: Callable[..., Tensor]) -> Metric:
        def fn(reading: Reading, truth_PN: Tensor, weight_PN: Tensor | None = None, **params: Any) -> Tensor:
            prediction = reading.prediction
            if not replace(found, params=params).can_score(prediction):
                raise ValueError(f"{name} needs a {needs}, which this prediction has not")
            point = prediction.point_PN
            if needs == "point" and point is not None and point.ndim == 3:  # a member for each of the targets
                apart, members = point.movedim(-1, 1), len(point)
                truth_PK = truth_PN.expand(point.shape).movedim(-1, 1)
                weight = None if weight_PN is None else weight_PN.expand(point.shape[:2])[:, None].expand(apart.shape)
                each = fn(
                    Reading(replace(prediction, point_PN=apart.flatten(0, 1))),
                    truth_PK.flatten(0, 1),
                    None if weight is None else weight.flatten(0, 1),
                    **params,
                )
                return each.view(members, -1).mean(-1)
            part, good = reading.part(needs, [] if levels is None else levels(params))
            shape = part.shape if point is None else point.shape
            if truth_PN.is_floating_point() and needs in CLASS_NEEDS:  # probabilities of the classes
                truth_PN = truth_PN.double() if soft else argmax(truth_PN)
            is_soft = truth_PN.is_floating_point() and needs == "probability"
            truth = truth_PN.expand(shape[:2] if not is_soft else shape)
            truth = truth.double() if is_soft or needs not in CLASS_NEEDS else truth.long()
            weight = None if weight_PN is None else weight_PN.double().expand(shape[:2])
            value = of_part(part, truth, weight, **params)
            return torch.where(good, value, worst)

        formula = docstring(of_part).split("\n", 1)[0].removesuffix(".")
        own = [p for p in inspect.signature(of_part).parameters.values() if p.kind is p.KEYWORD_ONLY]
        better: Better = "higher" if best > worst else "lower"
        bounds = (min(worst, best), max(worst, best))
        found = Metric(
            name,
            fn,
            tasks,
            needs,
            better,
            worst,
            formula,
            bounds,
            rope,
            unit,
            domain,
            frozenset(tasks if on_request is True else on_request or ()),
            estimand,
            {p.name: p.default for p in own},
            Schema(of_part, own),
            takes_weights=True,
            soft=soft,
            levels=levels,
            least_rows=least_rows,
        )
        return found

    return make


# An error of a regression: 0 is perfect, there is no worst, and the dummy's own error is its scale.
regression_error = partial(metric, tasks=REGRESSION, worst=math.inf, best=0.0, rope="dummy_error")
