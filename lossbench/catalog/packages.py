"""What installed packages offer: entry points of the groups `lossbench.losses`, `.activations`, `.metrics`.

Naming them loads nothing; a package is imported when one of its names is asked for, or listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.metrics import METRICS
from lossbench.catalog.registry import Registry
from lossbench.errors import UserError

GROUPS = {"loss": "lossbench.losses", "activation": "lossbench.activations", "metric": "lossbench.metrics"}
BUILT_IN: dict[str, Registry[Any]] = {"loss": LOSSES, "activation": ACTIVATIONS, "metric": METRICS}


@dataclass(frozen=True)
class Offered:
    """What an installed package offers under a name: a value as it stands there, or the problem with it."""

    name: str
    package: str
    value: Any = None
    problem: str = ""


def points_of(kind: str) -> list[EntryPoint]:
    """The entry points of a kind ("loss", "activation", "metric"), by name; none is loaded."""
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
            hidden = f"entry point {point.name} of {package}: hidden by the built-in {kind} of that name; rename it"
            found.append(Offered(point.name, package, problem=hidden))
            continue
        try:
            found.append(Offered(point.name, package, load_point(point)))
        except UserError as problem:
            found.append(Offered(point.name, package, problem=str(problem)))
    return found


def load_point(point: EntryPoint) -> Any:
    """What it stands for; a `UserError` with its name and package for whatever its import raises."""
    try:
        return point.load()
    except Exception as problem:
        raise UserError(
            f"{type(problem).__name__} while it was loaded: {problem}",
            where=f"entry point {point.name} of {package_of(point)}",
            fix="mend or uninstall that package",
        ) from problem


def package_of(point: EntryPoint) -> str:
    """The name of the package that offers it."""
    return point.dist.name if point.dist else point.value
