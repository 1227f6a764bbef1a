"""Distributions of numbers >= 0 of which some have a probability: amounts with zeros, and counts.

Shapes: P members, N rows; parameters broadcast to `[P, N]`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossbench.catalog.distributions.distribution import Distribution
from lossbench.catalog.distributions.families import LOG_SQRT_2PI
from lossbench.catalog.distributions.special import betainc
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ZeroInflatedLogNormal(Distribution):
    """0 with probability 1 - p, p = sigmoid(logit); else exp of a normal number."""

    logit: Tensor
    location: Tensor
    scale: Tensor

    @property
    def _p(self) -> Tensor:
        return self.logit.sigmoid()

    @property
    def mean(self) -> Tensor:
        """p exp(m + s^2 / 2)."""
        return self._p * (self.location + self.scale.square() / 2).exp()

    @property
    def sd(self) -> Tensor:
        """The root of the mean square less the squared mean, m^2 (exp(s^2) / p - 1)."""
        return self.mean * (self.scale.square().exp() / self._p - 1).sqrt()

    @property
    def is_valid(self) -> Tensor:  # noqa: D102
        return self.mean.isfinite() & self.logit.isfinite() & (self.scale > 0)

    def _z(self, y: Tensor) -> Tensor:
        return (torch.where(y > 0, y, 1.0).log() - self.location) / self.scale

    def cdf(self, y: Tensor) -> Tensor:  # noqa: D102
        below = torch.where(y > 0, torch.special.ndtr(self._z(y)), 0.0)
        return torch.where(y < 0, 0.0, 1 - self._p + self._p * below)

    def cdf_below(self, y: Tensor) -> Tensor:  # noqa: D102
        return torch.where(y > 0, self.cdf(y), 0.0)

    def quantile(self, level: float) -> Tensor:  # noqa: D102
        share = (level - (1 - self._p)) / self._p
        value = (self.location + self.scale * torch.special.ndtri(share.clamp(1e-300, 1))).exp()
        return torch.where(share > 0, value, 0.0)

    def log_density(self, y: Tensor) -> Tensor:
        """log(1 - p) at 0; above, log p - log y - log s - log(2 pi) / 2 - ((log y - m) / s)^2 / 2."""
        positive = F.logsigmoid(self.logit) - torch.where(y > 0, y, 1.0).log()
        positive = positive - self.scale.log() - LOG_SQRT_2PI - self._z(y).square() / 2
        zero = torch.where(y == 0, F.logsigmoid(-self.logit), -torch.inf)
        return torch.where(y > 0, positive, zero)

    def crps(self, y: Tensor) -> Tensor:
        """E|Y - y| - E|Y - Y'| / 2, by the log-normal's own two terms (Jordan et al. 2019)."""
        p, z = self._p, self._z(y)
        mean = (self.location + self.scale.square() / 2).exp()  # of what is above 0
        below = torch.where(y > 0, torch.special.ndtr(z), 0.0)
        mean_below = torch.where(y > 0, torch.special.ndtr(z - self.scale), 0.0)
        from_y = (1 - p) * y.abs() + p * (y * (2 * below - 1) + mean * (1 - 2 * mean_below))
        apart = torch.erf(self.scale / 2)  # 2 Phi(s / sqrt 2) - 1
        return from_y - p * (1 - p) * mean - p.square() * mean * apart


@dataclass(frozen=True)
class NegativeBinomial(Distribution):
    """Counts of mean m = exp(log_mean) and variance m + dispersion m^2 (NB2)."""

    log_mean: Tensor
    dispersion: Tensor

    @property
    def mean(self) -> Tensor:  # noqa: D102
        return self.log_mean.exp()

    @property
    def sd(self) -> Tensor:  # noqa: D102
        return (self.mean + self.dispersion * self.mean.square()).sqrt()

    def cdf(self, y: Tensor) -> Tensor:
        """I_p(r, k + 1), r = 1 / dispersion, p = r / (r + m), k the whole part of y."""
        r = (1 / self.dispersion).double()
        p = r / (r + self.mean.double())
        return torch.where(y < 0, 0.0, betainc(r, y.double().floor().clamp_min(0) + 1, p))

    def cdf_below(self, y: Tensor) -> Tensor:  # noqa: D102
        return self.cdf(y.ceil() - 1)

    def quantile(self, level: float) -> Tensor:
        """By bisection over whole numbers, up to Cantelli's bound."""
        low = torch.full_like(self.mean, -1)
        high = (self.mean + self.sd * math.sqrt(level / (1 - level))).ceil()
        for _ in range(int(high.nan_to_num(0, 0).max().clamp_min(0) + 2).bit_length()):
            middle = ((low + high) / 2).floor()
            is_high = self.cdf(middle) >= level
            low, high = torch.where(is_high, low, middle), torch.where(is_high, middle, high)
        return high

    def log_density(self, y: Tensor) -> Tensor:
        """log of Gamma(y + r) / (Gamma(r) y!) (r / (r + m))^r (m / (r + m))^y."""
        log_r = -self.dispersion.log()
        r = 1 / self.dispersion
        log_whole = torch.logaddexp(log_r, self.log_mean)
        ways = (y + r).lgamma() - r.lgamma() - (y + 1).lgamma()
        return ways + r * (log_r - log_whole) + y * (self.log_mean - log_whole)

    def crps(self, y: Tensor) -> Tensor:
        """The sum over k of (F(k) - 1[y <= k])^2, as E|Y - y| - E|Y - Y'| / 2.

        E|Y - y| by the distribution functions of r and r + 1 (Wei & Held 2014, doi:10.1007/s11749-014-0380-8);
        E|Y - Y'| = 2 m (1 + a m) 2F1(r + 1, 1 / 2; 2; -4 a m (1 + a m)), a the dispersion, by quadrature.
        """
        mean, a = self.mean.double(), self.dispersion.double()
        longer = NegativeBinomial((mean * (1 + a)).log(), a / (1 + a))  # r + 1 at the same p
        from_y = y * (2 * self.cdf(y) - 1) + mean * (1 - 2 * longer.cdf(y - 1))
        return from_y - mean * (1 + a * mean) * _hypergeometric(1 / a + 1, 4 * a * mean * (1 + a * mean))


def _hypergeometric(a: Tensor, x: Tensor) -> Tensor:
    """2F1(a, 1 / 2; 2; -x), x >= 0: 4 / pi times the integral over t > 0 of (1 + t^2)^-2 (1 + x t^2 / (1 + t^2))^-a.

    Euler's integral, t the tangent; in u = log t the trapezoidal rule converges exponentially.
    """
    step = 0.1
    u = torch.arange(-45, 15, step, dtype=torch.float64)
    total = torch.zeros_like(x)
    for t in u.exp():
        square = t.square()
        total = total + t * (1 + square) ** -2 * (-a * torch.log1p(x * square / (1 + square))).exp()
    return 4 / math.pi * step * total
