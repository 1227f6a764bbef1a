"""Distributions of any number, in float64 or in the type of their parameters, without scipy.

Their `log_density` and `crps` are differentiable and finite where their parameters are, so that losses are made of
them. Shapes: P members, N rows, H bins; parameters broadcast to `[P, N]`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossbench.catalog.distributions.distribution import HALVINGS, Distribution
from lossbench.catalog.distributions.special import betainc
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)


def _standard_normal_quantile(level: float) -> float:
    return float(torch.special.ndtri(torch.tensor(level, dtype=torch.float64)))


@dataclass(frozen=True)
class _LocationScale(Distribution):
    """A distribution that is one standard distribution, moved and stretched."""

    location: Tensor
    scale: Tensor

    def _z(self, y: Tensor) -> Tensor:
        return (y - self.location) / self.scale

    @property
    def mean(self) -> Tensor:
        return self.location

    @property
    def is_valid(self) -> Tensor:
        return self.location.isfinite() & self.scale.isfinite() & (self.scale > 0)


@dataclass(frozen=True)
class Normal(_LocationScale):
    """The normal distribution; `scale` is its standard deviation."""

    @property
    def sd(self) -> Tensor:  # noqa: D102
        return self.scale

    def cdf(self, y: Tensor) -> Tensor:  # noqa: D102
        found: Tensor = torch.special.ndtr(self._z(y))
        return found

    def quantile(self, level: float) -> Tensor:  # noqa: D102
        return self.location + self.scale * _standard_normal_quantile(level)

    def log_density(self, y: Tensor) -> Tensor:
        """-log s - log(2 pi) / 2 - ((y - m) / s)^2 / 2."""
        return -self.scale.log() - LOG_SQRT_2PI - self._z(y).square() / 2

    def crps(self, y: Tensor) -> Tensor:
        """s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt pi), z = (y - m) / s.

        Gneiting & Raftery 2007, doi:10.1198/016214506000001437.
        """
        z = self._z(y)
        density = torch.exp(-z.square() / 2 - LOG_SQRT_2PI)
        return self.scale * (z * torch.erf(z / math.sqrt(2)) + 2 * density - 1 / math.sqrt(math.pi))


@dataclass(frozen=True)
class Laplace(_LocationScale):
    """The Laplace distribution, of density exp(-|y - m| / b) / (2 b)."""

    @property
    def sd(self) -> Tensor:  # noqa: D102
        return math.sqrt(2) * self.scale

    def cdf(self, y: Tensor) -> Tensor:  # noqa: D102
        z = self._z(y)
        tail = torch.exp(-z.abs()) / 2
        return torch.where(z < 0, tail, 1 - tail)

    def quantile(self, level: float) -> Tensor:  # noqa: D102
        return self.location + self.scale * (math.log(2 * level) if level < 0.5 else -math.log(2 - 2 * level))

    def log_density(self, y: Tensor) -> Tensor:
        """-log(2 b) - |y - m| / b."""
        return -self.scale.log() - math.log(2) - self._z(y).abs()

    def crps(self, y: Tensor) -> Tensor:
        """b (|z| + exp(-|z|) - 3 / 4), z = (y - m) / b; Jordan et al. 2019, doi:10.18637/jss.v090.i12."""
        z = self._z(y).abs()
        return self.scale * (z + torch.exp(-z) - 0.75)


@dataclass(frozen=True)
class StudentT(_LocationScale):
    """Student's t with `dof` degrees of freedom, above 1; its standard deviation is infinite up to 2."""

    dof: Tensor

    @property
    def sd(self) -> Tensor:  # noqa: D102
        spread = torch.where(self.dof > 2, self.dof / (self.dof - 2).clamp_min(1e-300), torch.inf)
        return self.scale * spread.sqrt()

    def cdf(self, y: Tensor) -> Tensor:  # noqa: D102
        return _t_cdf(self._z(y), self.dof)

    def quantile(self, level: float) -> Tensor:
        """By bisection, once for every value of `dof` alone."""
        upper = max(level, 1 - level)
        low, high = torch.zeros_like(self.dof.double()), torch.ones_like(self.dof.double())
        while bool((is_low := _t_cdf(high, self.dof) < upper).any()):
            high = torch.where(is_low, 2 * high, high)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            is_low = _t_cdf(middle, self.dof) < upper
            low, high = torch.where(is_low, middle, low), torch.where(is_low, high, middle)
        return self.location + self.scale * (high if level > 0.5 else -high).to(self.scale)

    def log_density(self, y: Tensor) -> Tensor:
        """log Gamma((v + 1) / 2) - log Gamma(v / 2) - log(pi v) / 2 - log s - (v + 1) / 2 log(1 + z^2 / v)."""
        return self._log_top - self.scale.log() - (self.dof + 1) / 2 * torch.log1p(self._z(y).square() / self.dof)

    @property
    def _log_top(self) -> Tensor:
        """The standard t's log density at 0."""
        return ((self.dof + 1) / 2).lgamma() - (self.dof / 2).lgamma() - (math.pi * self.dof).log() / 2

    def crps(self, y: Tensor) -> Tensor:
        """Jordan et al. 2019, doi:10.18637/jss.v090.i12."""
        z, v = self._z(y).double(), self.dof.double()
        density = (self._log_top - (v + 1) / 2 * torch.log1p(z.square() / v)).exp()
        even = (_log_beta_half(v - 0.5) - 2 * _log_beta_half(v / 2)).exp()
        standard = z * (2 * _t_cdf(z, v) - 1) + 2 * density * (v + z.square()) / (v - 1) - 2 * v.sqrt() / (v - 1) * even
        return self.scale * standard


def _log_beta_half(b: Tensor) -> Tensor:
    """log B(1/2, b)."""
    return 0.5 * math.log(math.pi) + b.lgamma() - (b + 0.5).lgamma()


def _t_cdf(z: Tensor, dof: Tensor) -> Tensor:
    v = dof.double()
    tail = betainc(v / 2, torch.full_like(v, 0.5), v / (v + z.double().square())) / 2
    return torch.where(z < 0, tail, 1 - tail)


@dataclass(frozen=True)
class Histogram(Distribution):
    """Uniform within bins of given edges `[H + 1]`; `probability` `[..., N, H]`."""

    edge: Tensor
    probability: Tensor

    @property
    def _center(self) -> Tensor:
        return (self.edge[1:] + self.edge[:-1]) / 2

    @property
    def mean(self) -> Tensor:  # noqa: D102
        return (self.probability * self._center).sum(-1)

    @property
    def sd(self) -> Tensor:  # noqa: D102
        apart = self._center - self.mean[..., None]
        return (self.probability * (apart.square() + self.edge.diff().square() / 12)).sum(-1).sqrt()

    def _upto(self) -> tuple[Tensor, Tensor]:
        """P(Y <= edge) at the lower and at the upper edge of each bin."""
        upper = self.probability.cumsum(-1)
        return upper - self.probability, upper

    def cdf(self, y: Tensor) -> Tensor:  # noqa: D102
        share = ((y[..., None] - self.edge[:-1]) / self.edge.diff()).clamp(0, 1)
        return (share * self.probability).sum(-1)

    def quantile(self, level: float) -> Tensor:  # noqa: D102
        lower, upper = self._upto()
        place = (upper < level).sum(-1, keepdim=True).clamp_max(upper.shape[-1] - 1)
        p = self.probability.gather(-1, place)[..., 0].clamp_min(1e-300)
        share = ((level - lower.gather(-1, place)[..., 0]) / p).clamp(0, 1)
        return self.edge[place[..., 0]] + share * self.edge.diff()[place[..., 0]]

    def log_density(self, y: Tensor) -> Tensor:
        """log of the bin's probability over its width; -inf outside of all bins."""
        place = torch.searchsorted(self.edge, y.contiguous(), right=True) - 1
        place = torch.where(y == self.edge[-1], len(self.edge) - 2, place)
        inside = (place >= 0) & (place < len(self.edge) - 1)
        place = place.clamp(0, len(self.edge) - 2)
        p = self.probability.expand(*y.shape, -1).gather(-1, place[..., None])[..., 0]
        return torch.where(inside, p.log() - self.edge.diff()[place].log(), -torch.inf)

    def crps(self, y: Tensor) -> Tensor:
        """The integral in closed form: F is linear within a bin."""
        lower, upper = self._upto()
        low, high = self.edge[:-1], self.edge[1:]
        t = y[..., None].clamp(low, high)
        at = lower + (upper - lower) * (t - low) / (high - low)
        before = (t - low) / 3 * (lower.square() + lower * at + at.square())
        after = (high - t) / 3 * ((1 - at).square() + (1 - at) * (1 - upper) + (1 - upper).square())
        return (before + after).sum(-1) + (y - y.clamp(self.edge[0], self.edge[-1])).abs()
