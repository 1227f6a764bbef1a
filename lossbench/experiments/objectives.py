"""Which pairs are one objective: found by their gradients, so parameters and users' own losses are seen through.

An objective is what the net feels of it: the gradient of the loss with respect to the last linear outputs.
`cross_entropy`, `nll + logsoftmax`, `kl_div + logsoftmax` and `focal(gamma=0)` pull in one direction, equally hard.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lossbench.catalog.targets import encode
from lossbench.catalog.vocabulary import Task
from lossbench.engine.threads import one_thread
from lossbench.experiments.pairs import Pair

PROBES = 64  # rows of random outputs, with every class (or values of both signs and sizes) as the truth
SAME = (
    1e-6  # relative; the gradients are in double precision, losses that clamp or sum in another order stay far below it
)


def pull(pair: Pair, class_counts: list[int]) -> Tensor | None:
    """d loss / d linear outputs `[B, K]` at PROBES fixed random outputs; None where the loss has none there."""
    generator = torch.Generator().manual_seed(PROBES)
    z = 2 * torch.randn(1, PROBES, pair.outputs, generator=generator, dtype=torch.float64)
    if pair.task is Task.REGRESSION:
        truth = torch.randn(PROBES, generator=generator, dtype=torch.float64).abs() + 0.1
    else:
        truth = torch.arange(PROBES) % pair.classes
    target = encode(truth, pair.encoding, pair.classes)[None]
    target = target.double() if target.is_floating_point() else target
    statistics = {"class_counts": torch.tensor(class_counts, dtype=torch.float64)[None, None]}
    z.requires_grad_()
    extra = (torch.ones(1, PROBES, dtype=torch.float64),) if pair.loss.per == "batch" else ()
    try:
        with one_thread(), torch.enable_grad():
            out = pair.activation(z)
            loss = pair.loss(out, target, *extra, **{name: statistics[name] for name in pair.loss.statistics})
            (gradient,) = torch.autograd.grad(loss.sum(), z)
    except Exception:  # a user's own loss may fail on outputs that no net gives; training will tell
        return None
    return gradient[0] if bool(gradient.isfinite().all()) and bool(gradient.any()) else None


def factor(pull_BK: Tensor | None, other_BK: Tensor | None) -> float | None:
    """By how much the first pulls harder than the other; None where they do not pull in one direction everywhere."""
    if pull_BK is None or other_BK is None or pull_BK.shape != other_BK.shape:
        return None
    times = float((pull_BK * other_BK).sum() / other_BK.square().sum())
    if times <= 0 or float((pull_BK - times * other_BK).abs().max()) > SAME * float(pull_BK.abs().max()):
        return None
    return 1.0 if abs(times - 1) <= SAME else times
