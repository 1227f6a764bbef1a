"""The loss as a function of one row's outputs: its floor, curvature, sum over the classes, equals.

Shapes: N probe points, K outputs, T target values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from lossbench.catalog.equivalence import known_as
from lossbench.catalog.probes import magnitude
from lossbench.experiments.probing.findings import Finding, Level
from lossbench.experiments.probing.loss_under_test import TAILS, LossUnderTest
from lossbench.experiments.probing.search import minimise

ROUNDING = 1e-9  # of a value in float64, relative to the values compared
RAYS = (1e2, 1e4, 1e6)  # how far out linear outputs are followed


def floor(subject: LossUnderTest) -> Iterator[Finding]:
    """Is there a number that no value goes below, and is it the one declared?"""
    if subject.loss.per == "batch":
        return
    each = torch.eye(len(subject.truths), dtype=torch.float64)
    lowest = float(minimise(subject.risks, each, subject.outputs, starts=1)[1].min())
    falls = falls_without_end(subject)
    declared = subject.loss.floor
    measured = "compass search over the outputs for every target, and rays out to linear outputs of 1e6"
    numbers = {"lowest": lowest, "bounded": not falls, "declared_floor": declared}
    if falls:
        what = "falls without end as the outputs grow: no minimum to train towards"
        level: Level = "warning" if declared is None and subject.loss.is_declared else "error"
        yield subject.finding("floor", level, what, measured, **numbers)
    elif declared is not None and lowest < declared - 1e-6 * max(1.0, abs(declared)):
        what = f"reaches {lowest:.4g}, below the declared floor of {declared:g}"
        yield subject.finding("floor", "error", what, measured, **numbers)
    else:
        yield subject.finding("floor", "ok", f"bounded below; least value found {lowest:.4g}", measured, **numbers)


def falls_without_end(subject: LossUnderTest) -> bool:
    """Whether the least value on rays of linear outputs still falls, and ever faster, far out."""
    directions = torch.nn.functional.normalize(subject.linear_outputs(200, seed=1), dim=-1)
    axes = torch.eye(subject.outputs, dtype=torch.float64)
    directions = torch.cat([directions, axes, -axes])
    near, far, farther = (_least_on(subject, directions * ray) for ray in RAYS)
    return farther < far - 1 and farther - far < far - near


def _least_on(subject: LossUnderTest, z_NK: Tensor) -> float:
    """The least value at outputs that are small enough for float64 to tell their losses apart."""
    out = subject.activation(z_NK)
    disambiguated = (out.abs() < 1e7).all(-1)
    return (
        float(subject.table(out[disambiguated]).nan_to_num(nan=torch.inf).min()) if disambiguated.any() else torch.inf
    )


def convexity(subject: LossUnderTest) -> Iterator[Finding]:
    """Convex in the outputs: a chord lies nowhere below the loss."""
    many = replace(subject, classes=6) if subject.classes > 2 else subject  # three hide some dents
    if many.fails(torch.float64):  # as with a weight for each of three classes
        many = subject
    worst = -torch.inf
    for seed, (scale, reach) in enumerate(
        ((0.5, 0.3), (2.0, 1.0), (6.0, 6.0), (6.0, 1.0), *zip(TAILS, TAILS, strict=True))
    ):
        z = many.linear_outputs(250, 8, seed=10 + seed, scale=scale)
        other = z + many.linear_outputs(250, 8, seed=20 + seed, scale=reach)
        target = many.targets(250, 8)
        a, b = many.activation(z), many.activation(other)
        chord = (many.values(a, target) + many.values(b, target)) / 2
        above = (many.values((a + b) / 2, target) - chord) / (1 + chord.abs())
        worst = max(worst, float(above.nan_to_num(nan=-torch.inf).max()))
    measured = "values at the middle of 12000 pairs of outputs of scales 0.5 to 1e3, against the mean of the pair's"
    if worst <= ROUNDING:
        yield subject.finding("convex", "ok", "convex in the outputs", measured, convex=True)
    else:
        what = f"not convex in the outputs: up to {worst:.2g} above a chord"
        yield subject.finding("convex", "note", what, measured, convex=False, above_chord=worst)


def symmetry(subject: LossUnderTest) -> Iterator[Finding]:
    """The sum over the classes is constant: symmetric label noise then does not move the minimiser."""
    if not subject.task.is_classification or subject.loss.per == "batch":
        return
    z = torch.cat([subject.linear_outputs(500, scale=scale) for scale in (0.5, 2.0, 6.0, *TAILS)])
    total: Tensor = subject.risks(z).sum(-1)
    total = total[~total.isnan()]
    spread = float(total.max() - total.min()) / max(subject.range, 1e-12)
    measured = (
        "sum over the classes at 2500 outputs of scales 0.5 to 1e3: greatest minus least, by the loss's own range"
    )
    symmetric = spread < 1e-6
    what = "constant sum over the classes: robust to symmetric label noise" if symmetric else "not symmetric"
    level = "ok" if symmetric else "note"
    yield subject.finding("symmetric", level, what, measured, symmetric=symmetric, spread=spread)  # type: ignore[arg-type]


def known_loss(subject: LossUnderTest) -> Iterator[Finding]:
    """Which pairs of the catalogue have its gradient times a factor, everywhere or up to a size of the outputs?"""
    related = [
        (f"{other.name} + {activation.name}", relation)
        for other, activation, relation in known_as(subject.loss, subject.activation, subject.task)
        if other.name != subject.loss.name
    ]
    everywhere = {name: relation for name, relation in related if relation.is_complete}
    partly = {name: relation for name, relation in related if not relation.is_complete}
    probes = f" at {related[0][1].probes:,} linear outputs up to 1e4" if related else " at linear outputs up to 1e4"
    measured = (
        f"gradients{probes} against those of every sound pair of the catalogue, batches of 1 to 300 rows, float64"
    )
    numbers = {
        "equals": {name: relation.factor for name, relation in everywhere.items()},
        "equals_up_to": {name: relation.reach for name, relation in partly.items()},
    }
    if everywhere:
        known = ", ".join(f"{relation.factor:.6g} x {name}" for name, relation in everywhere.items())
        what = f"the same gradients as {known}"
        yield subject.finding("known loss", "note", what, measured, **numbers)
    elif partly:
        ways: dict[str, list[str]] = {}
        for name, relation in partly.items():
            how = f"up to |z| = {magnitude(relation.reach)}; differs {relation.differs}"
            ways.setdefault(how, []).append(f"{relation.factor:.6g} x {name}")
        what = "; ".join(f"trains as {', '.join(names)} {how}" for how, names in ways.items())
        yield subject.finding("known loss", "note", what, measured, **numbers)
    else:
        yield subject.finding("known loss", "ok", "equals no pair of the catalogue", measured, **numbers)
