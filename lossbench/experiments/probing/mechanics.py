"""Checks that a loss computes one differentiable value per sample, each from its own row.

Shapes: P members, B rows, K outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.decoders import Prediction
from lossbench.catalog.plugins.adapt import WrongShape
from lossbench.catalog.plugins.row_coupling import COUNT_INSIDE, coupling
from lossbench.errors import UserError
from lossbench.experiments.probing.findings import Finding
from lossbench.experiments.probing.loss_under_test import OF_ONE_LOSS, TAILS, LossUnderTest

STEP = 1e-6  # of the central difference in float64: truncation and rounding are then both about 1e-10
FARTHEST = 6.0
PARTS = (1, 7, 64)  # batches that a large one is split into
NON_SMOOTH = 0.02  # share of outputs that may by chance lie within a step of a kink


def shape(subject: LossUnderTest) -> Iterator[Finding]:
    """One value per sample, for one member and several, one row and several."""
    measured = "called with outputs [1, 7, K], [3, 7, K] and [1, 1, K]"
    for members, rows in ((1, 7), (3, 7), (1, 1)):
        try:
            subject.values(subject.activation(subject.linear_outputs(members, rows)), subject.targets(members, rows))
        except WrongShape as wrong:
            yield subject.finding("shape", "error", f"{wrong.what}: {_fault(wrong, members, rows)}", measured)
            return
        except UserError as error:
            leading = ": outputs have leading axes, [..., B, K]" if members > 1 else ""
            what = f"raises for outputs {[members, rows, subject.outputs]}{leading} ({error})"
            yield subject.finding("shape", "error", what, measured)
            return
    per = "per sample" if subject.loss.per == "sample" else "per batch, as declared"
    yield subject.finding("shape", "ok", f"one value {per}", measured)


def _fault(wrong: WrongShape, members: int, rows: int) -> str:
    """What a wrong shape gives away of its cause."""
    returned = wrong.returned
    if returned in {(), (members,)}:
        return "a mean or a sum over the rows is hidden inside"
    if len(returned) >= 2 and returned[-1] == returned[-2] > 1:
        return "a column [B, 1] met a row [B], so every output was compared with every target"
    if returned == (rows,):
        return "the members are mixed" if members > 1 else "a squeeze() without an axis drops the member"
    if returned == (members, rows, 1):
        return "the column of the outputs is still there: squeeze(-1)"
    if len(returned) == 3 and returned[:2] == (members, rows):
        return "the outputs of a row are not added up: sum or mean over the last axis"
    return "one value per sample is expected"


def decoder(subject: LossUnderTest) -> Iterator[Finding]:
    """Its decoder reads the outputs as what the task predicts: finite values, or probabilities that sum to one."""
    measured = f"outputs [2, 12, K] of scales 1 and 6 behind {subject.activation.name}, float64"
    for scale in (1.0, FARTHEST):
        try:
            found = subject.read(subject.activation(subject.linear_outputs(2, 12, scale=scale)))
        except UserError as error:
            yield subject.finding("decoder", "error", f"cannot read {subject.outputs} outputs ({error})", measured)
            return
        if wrong := _unreadable(subject, found):
            yield subject.finding("decoder", "error", f"{wrong}: correct decode", measured)
            return


def _unreadable(subject: LossUnderTest, found: Prediction) -> str:
    """What is wrong with a prediction of the task; "" where nothing is."""
    if not subject.task.is_classification:
        if found.point_PN is None:
            return "the decoder gives no value (point_PN) of a regression"
        return "" if found.point_PN.isfinite().all() else "the decoder gives values that are not finite"
    if found.score_PNC is None or found.score_PNC.shape[-1] != subject.classes:
        return f"the decoder does not give a score (score_PNC) for each of {subject.classes} classes"
    p = found.probability_PNC
    off = None if p is None else (p.sum(-1) - 1).abs()
    is_none = off is not None and p is not None and not bool(((off < 1e-3) | (p == 0).all(-1)).all())
    return "the decoder's probabilities do not sum to one" if is_none else ""


def rows_apart(subject: LossUnderTest) -> Iterator[Finding]:
    """The value of a row does not depend on the other rows of its batch."""
    if subject.loss.per == "batch":
        yield subject.finding("rows", "note", "a loss of the whole batch, as declared", "declared")
        return
    measured = (
        "row 0 of [2, 6, K] given another target, then other outputs; then targets or outputs change rows; 300 rows of"
        " scales 1, 30 and 1e3 in one batch and in batches of 1, 7 and 64"
    )
    out, target = subject.activation(subject.linear_outputs(2, 6)), subject.targets(2, 6)
    found = coupling(subject.values, out, target, rows=1)
    if found is None and not _same_in_parts(subject):
        found = COUNT_INSIDE
    if found is None:
        yield subject.finding("rows", "ok", "every row has its own value", measured, rows_apart=True)
    else:
        yield subject.finding("rows", "error", str(found), measured, rows_apart=False)


def _same_in_parts(subject: LossUnderTest) -> bool:
    """Whether rows keep their values when a large batch is split."""
    z = torch.cat([subject.linear_outputs(1, 100, scale=scale) for scale in (1.0, *TAILS)], 1)
    mixed = torch.randperm(z.shape[1], generator=torch.Generator().manual_seed(0))
    out, target = subject.activation(z[:, mixed]), subject.targets(1, z.shape[1])
    whole = subject.values(out, target)
    for rows in PARTS:
        parts = [slice(start, start + rows) for start in range(0, z.shape[1], rows)]
        values = torch.cat([subject.values(out[:, part], target[:, part]) for part in parts], 1)
        if not torch.allclose(values, whole, rtol=1e-9, atol=1e-12, equal_nan=True):
            return False
    return True


def defined(subject: LossUnderTest) -> Iterator[Finding]:
    """The value is a number wherever a net's outputs may be."""
    where = f"behind {subject.activation.name}"
    measured = f"values at 1000 linear outputs of the scales 0.5, 2, 6, 30 and 1e3 {where}, for every target, float64"
    share, far = _undefined(subject), _undefined(subject, TAILS)
    if not share and far:
        what = f"not defined (NaN, or it raises) at {far:.0%} of the outputs far out {where}: mind logs and roots"
        yield subject.finding("defined", "error", what, measured, undefined_share=0.0, undefined_share_far=far)
        return
    if not share:
        what = f"a number everywhere {where}"
        yield subject.finding("defined", "ok", what, measured, undefined_share=0.0, undefined_share_far=0.0)
        return
    others = [a for a in ACTIVATIONS if a.min_outputs <= subject.outputs and a.space not in OF_ONE_LOSS]
    better = [a.name for a in others if not _undefined(replace(subject, activation=a))]
    fix = f"it is defined behind {', '.join(better)}: say so (sound=, or --decode)" if better else "mind logs and roots"
    what = f"not defined (NaN or infinite) at {share:.0%} of the outputs that {subject.activation.name} gives; {fix}"
    yield subject.finding("defined", "error", what, measured, undefined_share=share)


def _undefined(subject: LossUnderTest, scales: Sequence[float] = (0.5, 2.0, FARTHEST)) -> float:
    """The share of values that are no number at linear outputs of some scales; 1 where it raises."""
    z = torch.cat([subject.linear_outputs(600 // len(scales), scale=scale) for scale in scales])
    try:
        if subject.loss.per == "batch":
            value = subject.values(subject.activation(z.reshape(100, 6, -1)), subject.targets(100, 6))
        else:
            value = subject.risks(z)
    except (UserError, RuntimeError, IndexError):
        return 1.0
    wrong = value.isnan() if scales is TAILS else ~value.isfinite()  # far out, an overflow is another check's finding
    return float(wrong.double().mean())


def gradient(subject: LossUnderTest) -> Iterator[Finding]:
    """The gradient is the derivative of the value, and there is one."""
    measured = (
        f"autograd against central differences of {STEP:g} in float64, on outputs [2, 12, K] of scales 0.5 and 2;"
        " whether values that change with 200 linear outputs of |z| = 30 and 1e3 each have a gradient"
    )
    target = subject.targets(2, 12)
    wrong = total = probes = 0
    worst = steepest = 0.0
    for seed, scale in enumerate((0.5, 2.0, FARTHEST)):
        out = subject.activation(subject.linear_outputs(2, 12, seed=seed, scale=scale)).detach().requires_grad_()
        value = subject.values(out, target).sum()
        if not value.requires_grad:
            what = "the value has no gradient: the net cannot learn from it (detach, item, numpy?)"
            yield subject.finding("gradient", "error", what, measured, gradient_correct=False, learnable=False)
            return
        (by_autograd,) = torch.autograd.grad(value, out)
        by_difference = _differences(subject, out.detach(), target)
        is_known = by_difference.isfinite()
        steepest = max(steepest, float(by_autograd.abs().nan_to_num(nan=1.0).max()))
        if scale == FARTHEST:  # only to see whether there is a gradient anywhere: so far out are kinks and cliffs
            continue
        error = ((by_autograd - by_difference).abs() / (1 + by_difference.abs()))[is_known]
        wrong += int((~(error < 1e-4)).sum())  # a NaN is wrong, too
        total += error.numel()
        probes += out.numel()
        worst = max(worst, float(error.nan_to_num(nan=torch.inf).max())) if error.numel() else worst
    if not steepest:
        what = "the gradient is zero everywhere: the net cannot learn from it (round, sign, argmax, a comparison?)"
        yield subject.finding("gradient", "error", what, measured, gradient_correct=False, learnable=False)
        return
    if total < probes / 2:
        what = f"not examined: the value is not defined at {probes - total} of {probes} outputs"
        yield subject.finding("gradient", "skipped", what, measured)
        return
    numbers = {
        "gradient_correct": wrong <= NON_SMOOTH * total,
        "gradient_error": worst,
        "gradient_wrong_share": wrong / total,
        "gradient_missing_far": _missing_far(subject),
    }
    part = f" where it is defined ({total} of {probes} outputs)" if total < probes else ""
    if numbers["gradient_missing_far"]:
        what = f"no gradient at {numbers['gradient_missing_far']:.0%} of the outputs far out, though the value changes"
        yield subject.finding("gradient", "error", f"{what} (detach, round?)", measured, **numbers)
    elif subject.loss.stop_gradient:
        same = "nowhere" if not wrong else f"not in {wrong} of {total} outputs"
        what = f"the derivative of the value {same}: {subject.loss.stop_gradient} counts as constant, as declared"
        yield subject.finding("gradient", "note", what, measured, **numbers)
    elif numbers["gradient_correct"]:
        yield subject.finding("gradient", "ok", f"the gradient is the derivative{part}", measured, **numbers)
    else:
        what = f"the gradient is not the derivative of the value in {wrong} of {total} outputs (detach, round, argmax?)"
        yield subject.finding("gradient", "error", what, measured, **numbers)


def _missing_far(subject: LossUnderTest) -> float:
    """The share of large linear outputs where the value changes along the ray and autograd has no gradient."""
    if subject.loss.per == "batch":
        return 0.0
    missing = []
    for size in TAILS:
        ends = [subject.tail(200, size), 1.01 * subject.tail(200, size)]
        before, after = (subject.risks(z).T for z in ends)
        steep = sum(subject.slopes(z).norm(dim=-1) for z in ends)
        changes = (after - before).abs() > 1e-6 * (1 + before.abs())
        missing.append(changes & (steep == 0))
    return float(torch.cat(missing).double().mean())


def _differences(subject: LossUnderTest, out: Tensor, target: Tensor) -> Tensor:
    """d sum(values) / d out by central differences, one output of every row at once (batch loss: a row at a time)."""
    _, rows, outputs = out.shape
    result = torch.empty_like(out)
    batch = subject.loss.per == "batch"
    for k in range(outputs):
        for row in range(rows) if batch else (slice(None),):
            step = torch.zeros_like(out)
            step[:, row, k] = STEP
            change = subject.values(out + step, target) - subject.values(out - step, target)
            result[:, row, k] = change / (2 * STEP)
    return result


def members_apart(subject: LossUnderTest) -> Iterator[Finding]:
    """What one member does, even NaN, is nothing to its neighbours."""
    measured = (
        "member 1 of outputs [3, 8, K] of scales 1, 30 and 1e3 set to NaN; values and gradients of members 0 and 2"
        " compared bit for bit"
    )
    scale_B1 = torch.tensor([1.0, 1.0, 1.0, 1.0, *TAILS, *TAILS], dtype=torch.float64)[:, None]
    out, target = subject.activation(subject.linear_outputs(3, 8) * scale_B1), subject.targets(3, 8)
    before = _values_and_gradient(subject, out, target)
    out[1] = torch.nan
    after = _values_and_gradient(subject, out, target)
    apart = all(
        torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(), b.nan_to_num())
        for a, b in ((a[[0, 2]], b[[0, 2]]) for a, b in zip(before, after, strict=True))
    )
    if apart:
        yield subject.finding("members", "ok", "members share nothing", measured, members_apart=True)
    else:
        what = "members are mixed: reduce over the last axes only, never over the first"
        yield subject.finding("members", "error", what, measured, members_apart=False)


def _values_and_gradient(subject: LossUnderTest, out: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    out = out.detach().clone().requires_grad_()
    value = subject.values(out, target)
    if not value.requires_grad:
        return value.detach(), torch.zeros_like(out)
    return value.detach(), torch.autograd.grad(value.sum(), out)[0]
