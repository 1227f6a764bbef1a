"""Which loss of the catalogue a loss equals, up to a factor and a constant, each behind its preferred activation."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from lossbench.catalog.loss import LOSSES
from lossbench.experiments.doctor.findings import Finding
from lossbench.experiments.doctor.patient import Patient

SAME = 1e-9  # relative to the spread of the values: both are computed in float64


def known_loss(patient: Patient) -> Iterator[Finding]:
    """The known losses with the same table of values over linear outputs, up to scale."""
    if patient.loss.per == "batch":
        return
    z = torch.cat([patient.linear_outputs(100, seed=5, scale=scale) for scale in (1.0, 4.0)])
    own = patient.risks(z).detach()
    equals: dict[str, float] = {}
    for loss in LOSSES:
        if loss.per == "batch" or patient.task not in loss.targets or loss.name == patient.loss.name:
            continue
        other = Patient.admit(loss, patient.task)
        if other.outputs == patient.outputs and (patient.task.is_classification or other.encoding is patient.encoding):
            factor = _factor(own, other.risks(z).detach())
            if factor is not None:
                equals[loss.name] = factor
    measured = f"least squares over {own.numel()} values against every loss of the task with as many outputs"
    if equals:
        said = ", ".join(f"{factor:.6g} x {name}" for name, factor in equals.items())
        yield patient.finding("known loss", "note", f"equals {said}, up to a constant", measured, equals=equals)
    else:
        yield patient.finding("known loss", "ok", "equals no loss of the catalogue", measured, equals={})


def _factor(own: torch.Tensor, other: torch.Tensor) -> float | None:
    """a > 0 with own = a other + b, if there is one."""
    if not (own.isfinite().all() and other.isfinite().all()):
        return None
    x, y = other - other.mean(), own - own.mean()
    if float(x.square().sum()) == 0 or float(y.square().sum()) == 0:
        return None
    a = float((x * y).sum() / x.square().sum())
    return a if a > 0 and float((y - a * x).abs().max()) <= SAME * float(y.abs().max()) * 100 else None
