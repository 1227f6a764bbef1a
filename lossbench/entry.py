"""Entry points of installed packages: which package offers a name, and the object behind it."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from lossbench.errors import FAULTS, UserError


def package_of(point: EntryPoint) -> str:
    """The name of the package that offers it."""
    return point.dist.name if point.dist else point.value


def place_of(point: EntryPoint) -> str:
    """Where it stands, for messages: its name and its package."""
    return f"entry point {point.name} of {package_of(point)}"


def load_point(point: EntryPoint) -> Any:
    """What it stands for; a `UserError` with its place for whatever its import raises."""
    try:
        return point.load()
    except FAULTS as problem:
        what = f"{type(problem).__name__} while it was loaded: {problem}"
        raise UserError(what, where=place_of(point), fix="repair or uninstall that package") from problem
