"""The loss as a function of one row's outputs: its floor, its curvature, its sum over the classes.

Shapes: N probe points, K outputs, T target values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from lossbench.catalog.vocabulary import Task
from lossbench.experiments.doctor.findings import Finding
from lossbench.experiments.doctor.loss_under_test import Patient
from lossbench.experiments.doctor.search import minimise

ROUNDING = 1e-9  # of a value in float64, relative to the values compared
RAYS = (1e2, 1e4, 1e6)  # how far out linear outputs are followed


def floor(patient: Patient) -> Iterator[Finding]:
    """Is there a number that no value goes below, and is it the one declared?"""
    if patient.loss.per == "batch":
        return
    each = torch.eye(len(patient.truths), dtype=torch.float64)
    lowest = float(minimise(patient.risks, each, patient.outputs, starts=1)[1].min())
    falls = falls_without_end(patient)
    declared = patient.loss.floor
    measured = "compass search over the outputs for every target, and rays out to linear outputs of 1e6"
    numbers = {"lowest": lowest, "bounded": not falls, "declared_floor": declared}
    if falls:
        what = "falls without end as the outputs grow: no minimum to train towards"
        yield patient.finding("floor", "error", what, measured, **numbers)
    elif declared is not None and lowest < declared - 1e-6 * max(1.0, abs(declared)):
        what = f"reaches {lowest:.4g}, below the declared floor of {declared:g}"
        yield patient.finding("floor", "error", what, measured, **numbers)
    else:
        yield patient.finding("floor", "ok", f"bounded below; least value found {lowest:.4g}", measured, **numbers)


def falls_without_end(patient: Patient) -> bool:
    """Whether the least value on rays of linear outputs still falls, and ever faster, far out."""
    directions = torch.nn.functional.normalize(patient.linear_outputs(200, seed=1), dim=-1)
    axes = torch.eye(patient.outputs, dtype=torch.float64)
    directions = torch.cat([directions, axes, -axes])
    near, far, farther = (_least_on(patient, directions * ray) for ray in RAYS)
    return farther < far - 1 and farther - far < far - near


def _least_on(patient: Patient, z_NK: Tensor) -> float:
    """The least value at outputs that are small enough for float64 to tell their losses apart."""
    out = patient.activation(z_NK)
    told_apart = (out.abs() < 1e7).all(-1)
    return float(patient.table(out[told_apart]).nan_to_num(nan=torch.inf).min()) if told_apart.any() else torch.inf


def convexity(patient: Patient) -> Iterator[Finding]:
    """Convex in the outputs: a chord lies nowhere below the loss."""
    many = replace(patient, classes=6) if patient.task is Task.MULTICLASS else patient  # three hide some dents
    worst = -torch.inf
    for seed, (scale, reach) in enumerate(((0.5, 0.3), (2.0, 1.0), (6.0, 6.0), (6.0, 1.0))):
        z = many.linear_outputs(250, 8, seed=10 + seed, scale=scale)
        other = z + many.linear_outputs(250, 8, seed=20 + seed, scale=reach)
        target = many.targets(250, 8)
        a, b = many.activation(z), many.activation(other)
        chord = (many.values(a, target) + many.values(b, target)) / 2
        above = (many.values((a + b) / 2, target) - chord) / (1 + chord.abs())
        worst = max(worst, float(above.nan_to_num(nan=-torch.inf).max()))
    measured = "values at the middle of 8000 pairs of outputs, near and far, against the mean of the pair's"
    if worst <= ROUNDING:
        yield patient.finding("convex", "ok", "convex in the outputs", measured, convex=True)
    else:
        what = f"not convex in the outputs: up to {worst:.2g} above a chord"
        yield patient.finding("convex", "note", what, measured, convex=False, above_chord=worst)


def symmetry(patient: Patient) -> Iterator[Finding]:
    """The sum over the classes is constant: symmetric label noise then does not move the minimiser."""
    if not patient.task.is_classification or patient.loss.per == "batch":
        return
    z = torch.cat([patient.linear_outputs(500, scale=scale) for scale in (0.5, 2.0, 6.0)])
    total: Tensor = patient.risks(z).sum(-1)
    spread = float(total.max() - total.min()) / max(patient.range, 1e-12)
    measured = "sum over the classes at 1500 outputs: greatest minus least, in units of the loss's own range"
    symmetric = spread < 1e-6
    what = "constant sum over the classes: robust to symmetric label noise" if symmetric else "not symmetric"
    level = "ok" if symmetric else "note"
    yield patient.finding("symmetric", level, what, measured, symmetric=symmetric, spread=spread)  # type: ignore[arg-type]
