"""Which pairs of the catalogue a loss is one objective with, up to scale."""

from __future__ import annotations

from collections.abc import Iterator

from lossbench.catalog.equivalence import known_as
from lossbench.experiments.doctor.findings import Finding
from lossbench.experiments.doctor.loss_under_test import Patient


def known_loss(patient: Patient) -> Iterator[Finding]:
    """The known pairs whose gradient is this one's times a factor."""
    related = [
        (other, activation, relation)
        for other, activation, relation in known_as(patient.loss, patient.activation, patient.task)
        if other.name != patient.loss.name
    ]
    equals = {f"{other.name} + {activation.name}": relation.factor for other, activation, relation in related}
    measured = "gradients in the linear outputs against those of every sound pair of the catalogue, float64"
    if equals:
        said = ", ".join(f"{factor:.6g} x {name}" for name, factor in equals.items())
        yield patient.finding("known loss", "note", f"trains as {said}", measured, equals=equals)
    else:
        yield patient.finding("known loss", "ok", "equals no pair of the catalogue", measured, equals={})
