"""Checks that a loss is a function of its outputs and its target, and of nothing else.

What they find would look like another fault to every later check: a loss that writes into its inputs seems to couple
the rows, one that draws random numbers to have a wrong gradient. So they come first. The calls are those of a
training: float32, whatever the other checks use.

Shapes: P members, B rows, K outputs, T target values.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from lossbench.experiments.probing.findings import Finding
from lossbench.experiments.probing.loss_under_test import LossUnderTest

ROWS = 24
SCALES = (0.5, 2.0, 6.0)  # of linear outputs
SEEDS = (0, 1)


def conduct(subject: LossUnderTest) -> Iterator[Finding]:
    """It leaves its inputs alone, gives the same value again, and depends on both of them."""
    found = list(_faults(subject))
    yield from found or [subject.finding("conduct", "ok", "a function of outputs and target alone", MEASURED)]


MEASURED = (
    "called in float32 with outputs [2, 24, K] of the scales 0.5, 2 and 6: its inputs compared with copies, its values"
    " with those of the same call again, of other seeds, of other outputs and of other targets"
)


def _faults(subject: LossUnderTest) -> Iterator[Finding]:
    out, target = _inputs(subject)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        checks = (_inputs_changed, _repeatable, _dependence)
        first = next((found for check in checks for found in check(subject, out, target)), None)
    if text := printed.getvalue().strip():
        line = text.splitlines()[0][:60]
        what = f"prints to standard output ({line!r}), at every step of a training: remove the print"
        yield subject.finding("prints", "warning", what, MEASURED)
    if first is not None:  # what is found after it may follow from it
        yield first


def _inputs(subject: LossUnderTest, seed: int = 0) -> tuple[Tensor, Tensor]:
    z = torch.cat([subject.linear_outputs(2, ROWS // 3, scale=scale, seed=seed) for scale in SCALES], 1)
    target = subject.targets(2, ROWS)
    return subject.activation(z.float()), target.float() if target.is_floating_point() else target


def _inputs_changed(subject: LossUnderTest, out: Tensor, target: Tensor) -> Iterator[Finding]:
    own_out, own_target = out.clone(), target.clone()
    subject.values(own_out, own_target)
    pairs = (("outputs", own_out, out), ("target", own_target, target))
    changed = [name for name, own, before in pairs if _differ(own, before)]
    if changed:
        what = (
            f"changes its {' and its '.join(changed)} in place, which the net and the other losses still need: write"
            " out = out - target, not out -= target"
        )
        yield subject.finding("inputs", "error", what, MEASURED, inputs_changed=changed)


def _repeatable(subject: LossUnderTest, out: Tensor, target: Tensor) -> Iterator[Finding]:
    def called(seed: int) -> Tensor:
        with _seeded(seed):
            return subject.values(out.clone(), target.clone())

    first, again, other_seed = called(SEEDS[0]), called(SEEDS[0]), called(SEEDS[1])
    if not _differ(first, again) and _differ(first, other_seed):
        what = "draws random numbers: the same outputs and targets have another loss each time; take the randomness out"
        yield subject.finding("random", "error", what, MEASURED, random=True)
        return
    with _seeded(SEEDS[0]):
        subject.values(out.flip(1), target.clone())
    if _differ(first, again) or _differ(first, called(SEEDS[0])):
        what = (
            "keeps a state between calls: the same outputs and targets have another loss later (a counter, a running"
            " mean, a generator of its own); compute it from its arguments alone"
        )
        yield subject.finding("state", "error", what, MEASURED, state=True)


def _dependence(subject: LossUnderTest, out: Tensor, target: Tensor) -> Iterator[Finding]:
    word = "class" if subject.task.is_classification else "target"
    names = [f"{float(truth):g}" for truth in subject.truths]
    changed_B = _changed_rows(subject, out.shape[1])
    other = torch.where(changed_B[:, None], _inputs(subject, seed=1)[0], out)
    values = [_of_truth(subject, out, t, changed_B) for t in range(len(names))]
    others = [_of_truth(subject, other, t, changed_B) for t in range(len(names))]
    if not all(value.isfinite().all() for value in (*values, *others)):
        return  # which another check says
    constant = [name for name, a, b in zip(names, values, others, strict=True) if torch.equal(a, b)]
    equal = [
        f"{names[i]} and {names[k]}"
        for i, k in itertools.combinations(range(len(names)), 2)
        if torch.equal(values[i], values[k])
    ]
    if len(constant) == len(names):
        what = "ignores the outputs: its value is the same for all of them, so that nothing can be learnt"
        yield subject.finding("outputs ignored", "error", f"{what}; compute it from its first argument", MEASURED)
    elif len(equal) == math.comb(len(names), 2):
        what = "ignores the target: its value is the same for every one; compute it from its second argument, too"
        yield subject.finding("target ignored", "error", what, MEASURED)
    elif constant and subject.task.is_classification:
        what = (
            f"forgets {word} {' and '.join(constant)}: the loss of its samples is the same whatever the outputs are, so"
            " that they teach nothing; let every class count (an ignore_index, or a weight of 0?)"
        )
        yield subject.finding("target ignored", "error", what, MEASURED, forgotten=constant)
    elif equal and subject.task.is_classification:
        what = (
            f"does not tell {word} {', nor '.join(equal)} apart: their samples have the same loss; use the whole target"
        )
        yield subject.finding("target ignored", "error", what, MEASURED, not_told_apart=equal)


def _changed_rows(subject: LossUnderTest, rows: int) -> Tensor:
    """The rows of one target whose outputs are changed, `[B]`: all, or of a batch's loss, which may need all classes
    together, every other one."""
    whole = subject.loss.per == "batch"
    return torch.arange(rows) % 2 == 0 if whole else torch.ones(rows, dtype=torch.bool)


def _of_truth(subject: LossUnderTest, out: Tensor, index: int, changed_B: Tensor) -> Tensor:
    """Values where those rows have one target, and all others every target in turn."""
    in_turn = subject.truths[torch.arange(out.shape[1]) // 2 % len(subject.truths)]
    truth = torch.where(changed_B, subject.truths[index], in_turn)
    target = subject.encoded(truth.expand(out.shape[:2]))
    return subject.values(out.clone(), target.float() if target.is_floating_point() else target)


def _differ(a: Tensor, b: Tensor) -> bool:
    return not torch.equal(a.nan_to_num(nan=0.5), b.nan_to_num(nan=0.5)) or not torch.equal(a.isnan(), b.isnan())


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The global generators of torch, NumPy and Python at a seed; where they were, afterwards."""
    with kept_generators():
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        yield


@contextlib.contextmanager
def kept_generators() -> Iterator[None]:
    """Afterwards, the global generators are where they were."""
    numbers, legacy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(numbers)
            np.random.set_state(legacy)
