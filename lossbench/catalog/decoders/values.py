"""Decoders of values: a point alone, a distribution, or quantiles.

Shapes: P members, N rows, K outputs, L levels. The distributions that linear outputs stand for are made here; losses
score the same ones, so that what is trained is what is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lossbench.catalog.decoders.decoder import decoder
from lossbench.catalog.decoders.prediction import Prediction
from lossbench.catalog.distributions import (
    Distribution,
    Histogram,
    Laplace,
    NegativeBinomial,
    Normal,
    Quantiles,
    StudentT,
    ZeroInflatedLogNormal,
)
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_SCALE = 1e-3  # of a predicted distribution, in the target's scale: no likelihood grows without end
LEARNED = "learned"  # degrees of freedom that are an output


@decoder
def identity(out: Tensor) -> Prediction:
    """The first output is the value."""
    return Prediction(point_PN=out[..., 0])


@decoder
def exp(out: Tensor) -> Prediction:
    """The first output is the value's logarithm."""
    return Prediction(point_PN=out[..., 0].exp())


@decoder
def gaussian(out: Tensor) -> Prediction:
    """Mean and variance of a normal distribution."""
    return _of(Normal(out[..., 0], out[..., 1].clamp_min(0).sqrt()))


@decoder
def normal_inverse_gamma(out: Tensor) -> Prediction:
    """The four parameters of an evidential regression: Student's t of 2 alpha degrees of freedom around the first."""
    mean, nu, alpha, beta = out.unbind(-1)
    return _of(StudentT(mean, (beta * (1 + nu) / (nu * alpha)).sqrt(), 2 * alpha))


@decoder
def normal(out: Tensor) -> Prediction:
    """Linear outputs: the mean, and softplus^-1 of the standard deviation."""
    return _of(normal_of(out))


@decoder
def laplace(out: Tensor) -> Prediction:
    """Linear outputs: the location, and softplus^-1 of the scale."""
    return _of(laplace_of(out))


@decoder
def student_t(out: Tensor, *, dof: float | str) -> Prediction:
    """Linear outputs: the location, softplus^-1 of the scale, and of the degrees of freedom - 2 where they are
    learned."""
    return _of(student_t_of(out, dof))


@decoder
def zero_inflated_lognormal(out: Tensor) -> Prediction:
    """Linear outputs: logit of y > 0, and mean and softplus^-1 of the standard deviation of its logarithm."""
    return _of(zero_inflated_lognormal_of(out))


@decoder
def negative_binomial(out: Tensor, *, dispersion: float) -> Prediction:
    """The logarithm of the mean."""
    return _of(negative_binomial_of(out, dispersion))


@decoder
def histogram(out: Tensor, *, reach: float) -> Prediction:
    """A logit for each of the bins of equal width between -reach and reach."""
    return _of(Histogram(bin_edges(out, reach), out.softmax(-1)))


@decoder
def quantiles(out: Tensor, *, levels: tuple[float, ...]) -> Prediction:
    """The lowest quantile, and softplus^-1 of the step to each next; the point is the one nearest to the median."""
    value = increasing(out)
    return Prediction(point_PN=value[..., nearest_to_median(levels)], quantiles=Quantiles(tuple(levels), value))


@decoder
def interval(out: Tensor, *, level: float) -> Prediction:
    """The lower bound of the central interval and softplus^-1 of its width; the point is its middle."""
    bounds = increasing(out)
    return Prediction(point_PN=bounds.mean(-1), quantiles=Quantiles(central(level), bounds))


def _of(distribution: Distribution) -> Prediction:
    return Prediction(point_PN=distribution.mean, distribution=distribution)


def nearest_to_median(levels: Sequence[float]) -> int:
    """The place of the level that is nearest to 0.5."""
    return min(range(len(levels)), key=lambda i: abs(levels[i] - 0.5))


def central(level: float) -> tuple[float, float]:
    """The levels of the two quantiles between which the central interval lies."""
    return (1 - level) / 2, (1 + level) / 2


def scale_of(z: Tensor) -> Tensor:
    """softplus z + 0.001."""
    return F.softplus(z) + SMALLEST_SCALE


def normal_of(out: Tensor) -> Normal:
    """The normal distribution of linear outputs `[..., 2]`."""
    return Normal(out[..., 0], scale_of(out[..., 1]))


def laplace_of(out: Tensor) -> Laplace:
    """The Laplace distribution of linear outputs `[..., 2]`."""
    return Laplace(out[..., 0], scale_of(out[..., 1]))


def student_t_of(out: Tensor, dof: float | str) -> StudentT:
    """Student's t of linear outputs `[..., 2]`, or `[..., 3]` where `dof` is learned."""
    freedom = 2 + scale_of(out[..., 2]) if isinstance(dof, str) else out.new_tensor(dof)
    return StudentT(out[..., 0], scale_of(out[..., 1]), freedom)


def zero_inflated_lognormal_of(out: Tensor) -> ZeroInflatedLogNormal:
    """The zero-inflated log-normal distribution of linear outputs `[..., 3]`."""
    return ZeroInflatedLogNormal(out[..., 0], out[..., 1], scale_of(out[..., 2]))


def negative_binomial_of(out: Tensor, dispersion: float) -> NegativeBinomial:
    """The negative binomial distribution of linear outputs `[..., 1]`."""
    return NegativeBinomial(out[..., 0], out.new_tensor(dispersion))


def bin_edges(out: Tensor, reach: float) -> Tensor:
    """The edges of as many bins of equal width as there are outputs, from -reach to reach."""
    return torch.linspace(-reach, reach, out.shape[-1] + 1, dtype=out.dtype, device=out.device)


def increasing(out: Tensor) -> Tensor:
    """z_1, z_1 + softplus z_2, z_1 + softplus z_2 + softplus z_3, ...: never descending."""
    return torch.cat([out[..., :1], F.softplus(out[..., 1:])], -1).cumsum(-1)
