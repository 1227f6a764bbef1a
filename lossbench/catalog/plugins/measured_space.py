"""The space that a user's activation maps into, measured: a function does not say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lossbench.catalog.plugins.faults import fault
from lossbench.catalog.vocabulary import Space
from lossbench.deferred import torch
from lossbench.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


def measure_space(fn: Callable[[Tensor], Tensor], *, file: str, where: str) -> Space:
    """The smallest space that an activation's outputs stay in, seen on rows of three between -50 and 50."""
    generator = torch.Generator().manual_seed(0)
    z = torch.cat([torch.randn(4096, 3, generator=generator, dtype=torch.float64) * scale for scale in (0.1, 1, 5, 50)])
    try:
        out = fn(z)
        shape = list(out.shape)
    except BaseException as problem:
        raise fault(problem, file=file, where=where) from problem
    if shape != list(z.shape):
        raise UserError(f"returned shape {shape} for outputs {list(z.shape)}", where=where, fix="keep the shape")
    if not out.isfinite().all():
        raise UserError("gives NaN or infinity for outputs between -200 and 200", where=where)
    low, high, one = out.min().item(), out.max().item(), torch.ones((), dtype=out.dtype)
    if low >= 0 and torch.allclose(out.sum(-1), one):
        return Space.SIMPLEX
    if torch.allclose(out.logsumexp(-1), one * 0, atol=1e-8):
        return Space.LOG_SIMPLEX
    if torch.allclose(out.norm(dim=-1), one):
        return Space.SPHERE
    if low >= 0:
        return Space.UNIT if high <= 1 else Space.NONNEGATIVE if (out == 0).any() else Space.POSITIVE
    if low >= -1 and high <= 1:
        return Space.SIGNED_UNIT
    if high <= 0:
        return Space.NONPOSITIVE
    # of a range that ends, ten times larger inputs do not move the end
    return Space.BOUNDED_BELOW if fn(z * 10).min().item() >= 2 * low else Space.REAL
