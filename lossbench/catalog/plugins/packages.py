"""Losses, activations, metrics and decoders of installed packages, by entry points (`lossbench.losses`, ...).

Naming them loads nothing; a package is imported when one of its names is used or listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.decoders import DECODERS
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.metrics import METRICS
from lossbench.entry import load_point, package_of, place_of
from lossbench.errors import UserError
from lossbench.registry import Registry

BUILT_IN: dict[str, Registry[Any]] = {one.kind: one for one in (LOSSES, ACTIVATIONS, METRICS, DECODERS)}
GROUPS = {kind: f"lossbench.{one.plural}" for kind, one in BUILT_IN.items()}


@dataclass(frozen=True)
class Offered:
    """What an installed package offers under a name: a value as it stands there, or the problem with it."""

    name: str
    package: str
    value: Any = None
    problem: str = ""


def points_of(kind: str) -> list[EntryPoint]:
    """The entry points of a kind ("loss", "activation", "metric", "decoder"), by name; none is loaded."""
    return sorted(entry_points(group=GROUPS[kind]), key=lambda point: point.name)


def entry_point_names(kind: str) -> list[str]:
    """The names that installed packages offer."""
    return sorted({point.name for point in points_of(kind)})


def offered(kind: str) -> list[Offered]:
    """Everything that installed packages offer of a kind, loaded; what cannot be had says why."""
    found = []
    for point in points_of(kind):
        package = package_of(point)
        if point.name in BUILT_IN[kind]:
            hidden = f"{place_of(point)}: hidden by the built-in {kind} of that name; rename it"
            found.append(Offered(point.name, package, problem=hidden))
            continue
        try:
            found.append(Offered(point.name, package, load_point(point)))
        except UserError as problem:
            found.append(Offered(point.name, package, problem=str(problem)))
    return found
