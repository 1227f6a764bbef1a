"""Which pairs of the catalogue a loss is one objective with, up to scale."""

from __future__ import annotations

from collections.abc import Iterator

from lossbench.catalog.equivalence import known_as
from lossbench.experiments.doctor.findings import Finding
from lossbench.experiments.doctor.loss_under_test import LossUnderTest


def known_loss(subject: LossUnderTest) -> Iterator[Finding]:
    """The known pairs whose gradient is this one's times a factor."""
    related = [
        (other, activation, relation)
        for other, activation, relation in known_as(subject.loss, subject.activation, subject.task)
        if other.name != subject.loss.name
    ]
    equals = {f"{other.name} + {activation.name}": relation.factor for other, activation, relation in related}
    measured = "gradients in the linear outputs against those of every sound pair of the catalogue, float64"
    if equals:
        sentences = ", ".join(f"{factor:.6g} x {name}" for name, factor in equals.items())
        yield subject.finding("known loss", "note", f"trains as {sentences}", measured, equals=equals)
    else:
        yield subject.finding("known loss", "ok", "equals no pair of the catalogue", measured, equals={})
