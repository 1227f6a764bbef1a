"""Negative log-likelihoods of a probability model of the target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.estimands import MEAN
from lossbench.catalog.loss import loss
from lossbench.catalog.losses import SMOOTHED_WEIGHTS
from lossbench.catalog.losses.class_estimands import by_pos_weight
from lossbench.catalog.losses.domains import (
    CLASSES,
    COLUMN_EACH,
    LOG_PROBABILITIES,
    LOG_PROBABILITIES_OF_COLUMNS,
    LOG_RATE,
    LOGITS,
    ONE_LOGIT_EACH,
    ONE_PROBABILITY,
    ONE_SCORE,
    VALUE,
)
from lossbench.catalog.losses.row_operations import log_probability, own, steep_exp
from lossbench.catalog.over_classes import log_softmax
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor


def soft_cross_entropy(z_BK: Tensor, t_BK: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """-sum_k t_k log softmax(z)_k; smoothed by a, t is (1 - a) t + a / K, as torch's cross_entropy has it."""
    log_p_BK = log_softmax(z_BK)
    hard = -(t_BK * log_p_BK).sum(-1)
    return hard if label_smoothing == 0 else (1 - label_smoothing) * hard - label_smoothing * log_p_BK.mean(-1)


def soft_nll(log_p_BK: Tensor, t_BK: Tensor) -> Tensor:
    """-sum_k t_k x_k, where x are log-probabilities."""
    return -(t_BK * log_p_BK).sum(-1)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Bridle 1990, doi:10.1007/978-3-642-76153-9_28; label smoothing: Szegedy et al. 2016, arXiv:1512.00567",
    estimates="class probabilities",
    use="Use it for classes as the first choice, with probabilities that can be trusted; not when many labels are "
    "wrong, which it fits at any price",
    pitfalls=(
        "it contains the log-softmax: a softmax before it is a second one",
        "torch's mean over a weighted batch divides by the sum of the weights",
        "smoothed by a, it estimates (1 - a) p + a / K",
        f"with label_smoothing, {SMOOTHED_WEIGHTS}",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=soft_cross_entropy,
    common=True,
)
def cross_entropy(z_BK: Tensor, y_B: Tensor, *, label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0) -> Tensor:
    """-log softmax(z)_y; smoothed by a: (1 - a) times that, plus a times its mean over all classes."""
    log_p_BK = log_softmax(z_BK)
    hard = -own(log_p_BK, y_B)
    return hard if label_smoothing == 0 else (1 - label_smoothing) * hard - label_smoothing * log_p_BK.mean(-1)


@loss(
    targets=CLASSES,
    **LOG_PROBABILITIES,
    decode={Space.LOG_SIMPLEX: Decoder.LOG_PROBABILITY, Space.SIMPLEX: Decoder.PROBABILITY},
    reference="Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x (the logarithmic score)",
    estimates="class probabilities",
    use="Use it when the net ends in log-probabilities; not behind any other activation, where cross_entropy is meant",
    pitfalls=("it takes no logarithm itself, whatever its name says: its outputs must be log-probabilities",),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=soft_nll,
    common=True,
)
def nll(log_p_BK: Tensor, y_B: Tensor) -> Tensor:
    """-x_y, where x are log-probabilities."""
    return -own(log_p_BK, y_B)


@loss(
    targets=COLUMN_EACH,
    **LOG_PROBABILITIES_OF_COLUMNS,
    decode={Space.LOG_SIMPLEX: Decoder.LOG_PROBABILITY, Space.SIMPLEX: Decoder.PROBABILITY},
    reference="Kullback & Leibler 1951, doi:10.1214/aoms/1177729694",
    estimates="class probabilities",
    use="Use it when targets are probabilities of the classes, as in distillation; not for one class a row, where it"
    " is cross_entropy and nothing else",
    pitfalls=(
        "its outputs must be log-probabilities, its targets probabilities",
        "with one-hot targets it is the cross-entropy; torch's reduction 'mean' is 1 / K of that, 'batchmean' all",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=True,
    common=True,
)
def kl_div(log_p_BK: Tensor, t_BK: Tensor) -> Tensor:
    """sum_k t_k (log t_k - x_k), where x are log-probabilities."""
    return (torch.xlogy(t_BK, t_BK) - t_BK * log_p_BK).sum(-1)


@loss(
    targets={Task.BINARY: Encoding.PROBABILITY},
    **ONE_PROBABILITY,
    caveats={
        "sigmoid": "above z = 17 and below z = -87 the sigmoid saturates in float32, and a wrong sample there has no "
        "gradient: with bce_with_logits it has one"
    },
    decode=Decoder.PROBABILITY,
    reference="Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x (the logarithmic score)",
    estimates="class probability",
    use="Use it for two classes when the net must end in a sigmoid; not when you are free to choose, since "
    "bce_with_logits is the same and stable",
    pitfalls=(
        "where the sigmoid saturates the gradient is lost: bce_with_logits is the same loss computed stably",
        "one output wants a target of the same shape: [N] against [N, 1] broadcasts to a matrix",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=True,
    common=True,
)
def bce(p_B1: Tensor, t_B1: Tensor) -> Tensor:
    """-t log p - (1 - t) log(1 - p)."""
    return -(t_B1 * log_probability(p_B1) + (1 - t_B1) * log_probability(1 - p_B1)).mean(-1)


@loss(
    targets={Task.BINARY: Encoding.PROBABILITY},
    **ONE_SCORE,
    decode=Decoder.SIGMOID,
    reference="Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x",
    class_estimand=by_pos_weight,
    estimates="log-odds of the second class",
    use="Use it for two classes and one output as the first choice; not behind a sigmoid, which it contains",
    pitfalls=(
        "it contains the sigmoid: after a second one no sample is predicted below one half",
        "pos_weight w multiplies the estimated odds by w",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=True,
    common=True,
)
def bce_with_logits(z_B1: Tensor, t_B1: Tensor, *, pos_weight: Annotated[float, Gt(0)] = 1.0) -> Tensor:
    """log(1 + exp z) - t z: binary cross-entropy of sigmoid(z); samples of the second class count pos_weight times."""
    return (pos_weight * t_B1 * F.softplus(-z_B1) + (1 - t_B1) * F.softplus(z_B1)).mean(-1)


@loss(
    targets={Task.MULTICLASS: Encoding.ONE_HOT},
    **ONE_LOGIT_EACH,
    decode=Decoder.SIGMOID,
    reference="Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x, for each class against all others",
    estimates="log-odds of each class against all others",
    use="Use it when each class is a question of its own, or several may be true; not when exactly one is and its "
    "probability matters, where cross_entropy is more direct",
    pitfalls=("the probabilities of a row sum to one only in the limit; they are normalised for the metrics",),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=True,
    common=True,
)
def multilabel_soft_margin(z_BK: Tensor, t_BK: Tensor) -> Tensor:
    """Mean over the classes of the binary cross-entropy of sigmoid(z_k)."""
    return (F.softplus(z_BK) - t_BK * z_BK).mean(-1)


@loss(
    targets={Task.REGRESSION: Encoding.NONNEGATIVE},
    **LOG_RATE,
    decode=Decoder.EXP,
    reference="Nelder & Wedderburn 1972, doi:10.2307/2344614",
    floor=None,
    estimates="logarithm of the mean",
    use="Use it for counts and rates, whose variance is about their mean; not for negative targets, nor when single "
    "counts dwarf all others",
    value_estimand=MEAN,
    metric="poisson_deviance",
    pitfalls=(
        "the output is the logarithm of the predicted count",
        "the term log y! that no output changes is excluded",
    ),
    proper=True,
    convex=True,
    common=True,
)
def poisson_nll(f_B1: Tensor, y_B1: Tensor) -> Tensor:
    """exp f - y f: a count y >= 0 of rate exp f."""
    return (steep_exp(f_B1) - y_B1 * f_B1).mean(-1)


@loss(
    targets={Task.REGRESSION: Encoding.POSITIVE},
    **LOG_RATE,
    decode=Decoder.EXP,
    reference="McCullagh & Nelder 1989, doi:10.1007/978-1-4899-3242-6, chapter 8",
    floor=None,
    estimates="logarithm of the mean",
    use="Use it for positive amounts whose error grows in proportion (prices, durations); not when zeros occur",
    value_estimand=MEAN,
    metric="gamma_deviance",
    pitfalls=("the output is the logarithm of the predicted value", "targets of 0 are impossible"),
    proper=True,
    convex=True,
    common=True,
)
def gamma_nll(f_B1: Tensor, y_B1: Tensor) -> Tensor:
    """f + y exp(-f): a gamma distributed y > 0 of mean exp f (half the deviance, up to what no output changes)."""
    return (f_B1 + y_B1 * steep_exp(-f_B1)).mean(-1)


@loss(
    targets={Task.REGRESSION: Encoding.NONNEGATIVE},
    **LOG_RATE,
    decode=Decoder.EXP,
    reference="Jorgensen 1987, doi:10.1111/j.2517-6161.1987.tb01685.x",
    estimates="logarithm of the mean",
    use="Use it for amounts that are often exactly 0, as claims are; not for counts without such a lump "
    "(poisson_nll) nor for amounts without zeros (gamma_nll)",
    value_estimand=MEAN,
    metric="tweedie_deviance(power={power:g})",
    pitfalls=("the output is the logarithm of the predicted value",),
    proper=True,
    convex=True,
    proper_whatever=("power",),
    also_try={"power": 1.9},
    common=True,
)
def tweedie(f_B1: Tensor, y_B1: Tensor, *, power: Annotated[float, Gt(1), Lt(2)] = 1.5) -> Tensor:
    """exp((2 - p) f) / (2 - p) + y exp((1 - p) f) / (p - 1), of mean exp f.

    For y >= 0 with many zeros, whose variance goes as the mean to the power p.
    """
    mean = steep_exp((2 - power) * f_B1) / (2 - power)
    return (mean + y_B1 * steep_exp((1 - power) * f_B1) / (power - 1)).mean(-1)


@loss(
    targets=VALUE,
    sound=(Space.MEAN_VARIANCE,),
    outputs=2,
    decode=Decoder.GAUSSIAN,
    reference="Nix & Weigend 1994, doi:10.1109/ICNN.1994.374138",
    floor=0.5 * math.log(1e-6),
    estimates="mean and variance",
    use="Use it when each prediction needs an uncertainty of its own and noise is about normal; not when only the "
    "mean matters, which mse fits more surely",
    value_estimand=MEAN,
    metric="crps",
    pitfalls=("a growing variance shrinks the mean's gradient, so badly fitted samples are fitted last",),
    proper=True,
    convex=False,
    common=True,
)
def gaussian_nll(mean_variance_B2: Tensor, y_B1: Tensor) -> Tensor:
    """(log v + (y - m)^2 / v) / 2 for outputs (m, v)."""
    mean, variance = mean_variance_B2.unbind(-1)
    return 0.5 * (variance.log() + (y_B1[..., 0] - mean).square() / variance)
