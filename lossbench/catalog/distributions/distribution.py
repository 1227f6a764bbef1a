"""What a net may predict instead of one number: a distribution, or some of its quantiles.

Shapes: P members, N rows, L levels. Members and rows lead: whatever is asked of a distribution is asked for every row
at once, `[P, N]` of values in, `[P, N]` out. Parameters are tensors that broadcast to `[P, N]`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

HALVINGS = 60  # of a bracket: to float64's resolution
CRPS_LEVELS = 200
SAME_LEVEL = 1e-9


def pinball(value: Tensor, y: Tensor, level: float) -> Tensor:
    """max(q (y - f), (q - 1) (y - f)): the score that the quantile at the level q is best at."""
    e = y - value
    return torch.maximum(level * e, (level - 1) * e)


def interval_score(lower: Tensor, upper: Tensor, y: Tensor, level: float) -> Tensor:
    """u - l + 2 / a max(l - y, 0) + 2 / a max(y - u, 0), a = 1 - level: the score that the central interval of that
    level is best at (Winkler 1972, doi:10.1080/01621459.1972.10481224)."""
    outside = (lower - y).clamp_min(0) + (y - upper).clamp_min(0)
    return upper - lower + 2 / (1 - level) * outside


class _Tensors:
    """A dataclass whose fields are tensors, or hold some."""

    def map(self, fn: Callable[[Tensor], Tensor]) -> Self:
        """The same with `fn` applied to every tensor in it."""
        changed: dict[str, Any] = {}
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, torch.Tensor):
                changed[field.name] = fn(value)
            elif isinstance(value, _Tensors):
                changed[field.name] = value.map(fn)
        return replace(self, **changed)  # type: ignore[type-var]


class Distribution(_Tensors):
    """The distribution of a number; a family gives at least `cdf`, `mean` and `sd`."""

    @property
    def has_density(self) -> bool:
        """Whether `log_density` can be asked."""
        return type(self).log_density is not Distribution.log_density

    def cdf(self, y: Tensor) -> Tensor:
        """P(Y <= y)."""
        raise NotImplementedError

    def cdf_below(self, y: Tensor) -> Tensor:
        """P(Y < y): less than `cdf` where y itself has a probability."""
        return self.cdf(y)

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError

    @property
    def sd(self) -> Tensor:
        """The standard deviation."""
        raise NotImplementedError

    @property
    def is_valid(self) -> Tensor:
        """Where the parameters are those of a distribution, bool."""
        return self.mean.isfinite() & (self.sd >= 0)

    def log_density(self, y: Tensor) -> Tensor:
        """The logarithm of the density at y; of its probability where y has one."""
        raise NotImplementedError

    def quantile(self, level: float) -> Tensor:
        """The least y with P(Y <= y) >= level, 0 < level < 1.

        Found by bisection between the bounds that Cantelli's inequality sets, mean - sd sqrt((1 - q) / q) and
        mean + sd sqrt(q / (1 - q)).
        """
        reach = math.sqrt(level / (1 - level))
        low, high = self.mean - self.sd / reach, self.mean + self.sd * reach
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            is_high = self.cdf(middle) >= level
            low, high = torch.where(is_high, low, middle), torch.where(is_high, middle, high)
        return high

    def crps(self, y: Tensor) -> Tensor:
        """The integral of (F(t) - 1[y <= t])^2 over t, Gneiting & Raftery 2007, doi:10.1198/016214506000001437.

        Here, for families without a closed form: twice the mean pinball loss of the quantiles at the levels
        (j - 1/2) / L. That is the score of a step function within 1 / (2 L) of F, so the error is at most
        (E|Y - y| + mean_j |q_j - y|) / (2 L); L is 200.
        """
        levels = [(j + 0.5) / CRPS_LEVELS for j in range(CRPS_LEVELS)]
        return 2 * sum((pinball(self.quantile(level), y, level) for level in levels), torch.zeros(())) / CRPS_LEVELS

    def has(self, levels: Sequence[float]) -> bool:
        """Whether the quantiles at some levels are known: all are."""
        return True

    def at(self, levels: Sequence[float]) -> Tensor:
        """The quantiles at some levels, `[..., N, L]`."""
        return torch.stack([self.quantile(level) for level in levels], -1)

    def scaled(self, scale: Tensor, center: Tensor) -> Distribution:
        """The distribution of scale Y + center, scale > 0."""
        return Scaled(self, scale, center)


@dataclass(frozen=True)
class Scaled(Distribution):
    """The distribution of scale Y + center, where Y has the distribution `of`: exact for every family."""

    of: Distribution
    scale: Tensor
    center: Tensor

    def _own(self, y: Tensor) -> Tensor:
        return (y - self.center) / self.scale

    @property
    def has_density(self) -> bool:  # noqa: D102
        return self.of.has_density

    def cdf(self, y: Tensor) -> Tensor:  # noqa: D102
        return self.of.cdf(self._own(y))

    def cdf_below(self, y: Tensor) -> Tensor:  # noqa: D102
        return self.of.cdf_below(self._own(y))

    @property
    def mean(self) -> Tensor:  # noqa: D102
        return self.scale * self.of.mean + self.center

    @property
    def sd(self) -> Tensor:  # noqa: D102
        return self.scale * self.of.sd

    @property
    def is_valid(self) -> Tensor:  # noqa: D102
        return self.of.is_valid

    def log_density(self, y: Tensor) -> Tensor:
        """That of Y, less log scale: a density is per unit of y. (No scaled family has probabilities at points.)"""
        return self.of.log_density(self._own(y)) - self.scale.log()

    def quantile(self, level: float) -> Tensor:  # noqa: D102
        return self.scale * self.of.quantile(level) + self.center

    def crps(self, y: Tensor) -> Tensor:  # noqa: D102
        return self.scale * self.of.crps(self._own(y))


@dataclass(frozen=True)
class Quantiles(_Tensors):
    """Quantiles at some levels, ascending: all that is known of the distribution. `value` is `[..., N, L]`."""

    levels: tuple[float, ...]
    value: Tensor

    @property
    def is_valid(self) -> Tensor:
        """Where all of them are finite and none is above the next, bool `[..., N]`."""
        return self.value.isfinite().all(-1) & (self.value.diff(dim=-1) >= 0).all(-1)

    def _places(self, levels: Sequence[float]) -> list[int]:
        return [i for level in levels for i, own in enumerate(self.levels) if abs(own - level) < SAME_LEVEL]

    def has(self, levels: Sequence[float]) -> bool:
        """Whether the quantiles at some levels are known."""
        return len(self._places(levels)) == len(levels)

    def at(self, levels: Sequence[float]) -> Tensor:
        """The quantiles at some levels, `[..., N, L]`; ValueError where one of these is none of its own."""
        if not self.has(levels):
            raise ValueError(f"quantiles are known at {self.levels}, not at {levels}")
        return self.value[..., self._places(levels)]

    def pinball(self, y: Tensor) -> Tensor:
        """The mean over the levels of the pinball loss."""
        each = [pinball(self.value[..., i], y, level) for i, level in enumerate(self.levels)]
        return torch.stack(each, -1).mean(-1)

    def crps(self, y: Tensor) -> Tensor:
        """Twice the mean pinball loss over the levels, which approximates the CRPS.

        Of the levels (j - 1/2) / L the error is at most (E|Y - y| + mean_j |q_j - y|) / (2 L).
        """
        return 2 * self.pinball(y)

    def scaled(self, scale: Tensor, center: Tensor) -> Quantiles:
        """The quantiles of scale Y + center, scale > 0."""
        return Quantiles(self.levels, scale[..., None] * self.value + center[..., None])
