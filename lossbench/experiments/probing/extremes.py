"""Where training breaks or stops: huge and exact outputs, absent classes, flat regions, and the size of the gradient.

Shapes: P members, B rows, N probe points, K outputs, T target values. z are linear outputs, before the activation.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.probes import magnitude
from lossbench.catalog.vocabulary import Space
from lossbench.experiments.probing.findings import Finding, Level
from lossbench.experiments.probing.loss_under_test import TAILS, LossUnderTest

HUGE = 1e4
FEW = 8  # outputs of which all corners are tried: 256
DEAD = 0.001  # share of wrong predictions without a gradient that may come from single points
NO_ZEROS_AND_ONES = {  # spaces that hold no row of zeros and ones
    *(Space.LOG_SIMPLEX, Space.SPHERE, Space.POSITIVE, Space.MEAN_VARIANCE, Space.NORMAL_INVERSE_GAMMA)
}


def extreme_outputs(subject: LossUnderTest) -> Iterator[Finding]:
    """Values and gradients stay finite for huge linear outputs and for exact zeros and ones."""
    z = torch.cat([_corners(subject.outputs) * HUGE, torch.zeros(1, subject.outputs)])
    yield _finite(subject, "huge outputs", z, through=True, measured="linear outputs of +-1e4 and 0 in float32")
    exact = {
        Space.UNIT: _corners(subject.outputs).clamp_min(0),
        Space.SIMPLEX: torch.eye(subject.outputs),
        Space.SIGNED_UNIT: _corners(subject.outputs),
    }.get(subject.activation.space, torch.cat([torch.zeros(1, subject.outputs), torch.ones(1, subject.outputs)]))
    if subject.activation.space in NO_ZEROS_AND_ONES:
        return
    yield _finite(subject, "exact zeros and ones", exact, through=False, measured="outputs of exactly 0 and 1, float32")


def _corners(outputs: int) -> Tensor:
    """All rows of -1 and +1; of many outputs those with one sign, or one output against all others."""
    if outputs > FEW:
        one_out = 1 - 2 * torch.eye(outputs)
        return torch.cat([torch.ones(1, outputs), -torch.ones(1, outputs), one_out, -one_out])
    return torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * outputs).reshape(-1, outputs)


def _finite(subject: LossUnderTest, check: str, point_NK: Tensor, *, through: bool, measured: str) -> Finding:
    point = point_NK.repeat_interleave(len(subject.truths), 0)[None].requires_grad_()
    target = subject.encoded(subject.truths.repeat(len(point_NK))[None])
    value = subject.values(subject.activation(point) if through else point, target)
    grad = torch.autograd.grad(value.sum(), point)[0] if value.requires_grad else torch.zeros_like(point)
    counts = {
        f"{kind}_{what}": int(test(tensor).sum())
        for what, tensor in (("values", value), ("gradients", grad))
        for kind, test in (("nan", torch.isnan), ("infinite", torch.isinf))
    }
    numbers = {"points": point.shape[1], **counts}
    if counts["nan_values"] or counts["nan_gradients"]:
        which = "value" if counts["nan_values"] else "gradient"
        return subject.finding(
            check, "error", f"the {which} is NaN, and so is the net after one step", measured, **numbers
        )
    if counts["infinite_values"] or counts["infinite_gradients"]:
        return subject.finding(
            check, "warning", "overflows to infinity: one such row ends the training", measured, **numbers
        )
    return subject.finding(check, "ok", "values and gradients are finite", measured, **numbers)


def absent_classes(subject: LossUnderTest) -> Iterator[Finding]:
    """A batch of one class only, and a class that the training part never had, give no NaN."""
    if not subject.task.is_classification:
        return
    measured = (
        "batches [1, 5, K] of one class each, of scale 1, 30 and 1e3; class counts with a zero where the loss uses them"
    )
    numbers: dict[str, int] = {"nan_values": 0}
    for y in range(subject.classes):
        for scale in (1.0, *TAILS):
            out = subject.activation(subject.linear_outputs(1, 5, scale=scale))
            target = subject.encoded(torch.full((1, 5), y))
            value = subject.values(out, target, class_counts=(90.0, 10.0, 0.0))
            numbers["nan_values"] += int((~value.isfinite()).sum())
    if numbers["nan_values"]:
        yield subject.finding("absent classes", "error", "NaN or infinite where a class is absent", measured, **numbers)
    else:
        yield subject.finding("absent classes", "ok", "finite where a class is absent", measured, **numbers)


def dead_regions(subject: LossUnderTest) -> Iterator[Finding]:
    """Where the prediction is wrong, the gradient shows a way out.

    Far out, where every loss of bounded gradient in the probabilities saturates, its absence is a note.
    """
    if subject.loss.per == "batch":
        return
    far = " and ".join(magnitude(size) for size in TAILS)
    measured = f"gradient at 4000 wrong linear outputs between -6 and 6, and 1000 each with |z| = {far}; float64"
    share, vanishing = subject.dead_at(4000), _vanishing(subject)
    beyond = {size: subject.dead_beyond(1000, size) for size in TAILS}
    level: Level = "ok"
    found = []
    if share > DEAD:
        level = "warning"
        found.append(f"no gradient at {share:.0%} of the wrong predictions: what starts there never learns")
    elif vanishing is not None and vanishing < 0.05:
        level = "note"
        found.append(f"the gradient of a sure and wrong prediction is {vanishing:.1%} of that of an undecided one")
    if tails := [
        f"{dead:.0%} of the wrong predictions with |z| = {magnitude(size)}"
        for size, dead in beyond.items()
        if dead > DEAD
    ]:
        level = "note" if level == "ok" else level
        found.append(f"far out there is no gradient at {' and at '.join(tails)}")
    what = "; ".join(found) or "every wrong prediction has a gradient"
    numbers = {"dead_share": share, "dead_share_far": list(beyond.values()), "vanishing": vanishing}
    yield subject.finding("dead regions", level, what, measured, **numbers)


def _vanishing(subject: LossUnderTest) -> float | None:
    """Gradient at a sure and wrong row (its own output lowered by 8, or the other's raised) over that at z = 0."""
    if not subject.task.is_classification:
        return None
    first, last = torch.zeros(2, subject.outputs, dtype=torch.float64)
    last[-1] = 8.0 if subject.outputs > 1 or subject.read(subject.activation(last + 1)).label_PN == 1 else -8.0
    undecided, sure = subject.slopes(torch.stack([first, last]))[0].norm(dim=-1)  # the target is the first class
    return float(sure / undecided) if undecided > 0 else None


def gradient_scale(subject: LossUnderTest) -> Iterator[Finding]:
    """How steep the loss is where training starts, against the loss that the usual learning rate was chosen for."""
    if subject.loss.per == "batch":
        return
    against = LOSSES.get("cross_entropy" if subject.task.is_classification else "mse")
    own, usual = (_steepness(who) for who in (subject, LossUnderTest.admit(against, subject.task)))
    ratio = own / usual
    measured = f"mean norm of the gradient at linear outputs near 0, over that of {against.name}"
    if not own:
        what = "no gradient near 0, where training starts"
        yield subject.finding("gradient scale", "warning", what, measured, gradient_scale=own, relative=ratio)
        return
    usual_rate = 1 / 3 <= ratio <= 3
    hint = "" if usual_rate else f": with sgd try {1 / ratio:.2g} times its learning rate"
    level: Level = "ok" if usual_rate else "note"
    what = f"{ratio:.2g} times as steep as {against.name}{hint}"
    yield subject.finding("gradient scale", level, what, measured, gradient_scale=own, relative=ratio)


def _steepness(subject: LossUnderTest) -> float:
    return float(subject.slopes(subject.linear_outputs(64, scale=0.1)).norm(dim=-1).mean())
