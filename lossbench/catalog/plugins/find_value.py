"""The object behind a user's reference: a name in a file, `my_loss.py:my_loss`, or an installed package's.

Nothing of a user's is imported before a reference asks for it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.catalog.plugins.load_file import load_file
from lossbench.catalog.plugins.packages import points_of
from lossbench.entry import load_point
from lossbench.errors import UserError, did_you_mean, unknown
from lossbench.registry import Registry

FILE = re.compile(r"(?P<file>.+\.py)(?::(?P<name>\w*))?")


@dataclass(frozen=True)
class Value:
    """The object behind a user's name, undeclared."""

    value: Any
    name: str
    file: str

    @property
    def place(self) -> str:
        """Where it is, for an error: `my_loss.py:my_loss`."""
        return f"{Path(self.file).name}:{self.name}" if self.file else self.name


def find_value(reference: str, registry: Registry[Any], is_declared: Callable[[Any], bool], where: str) -> Value:
    """What a reference that no registry knows means: a name in a file, or an entry point."""
    if file := FILE.fullmatch(reference):
        return _in_file(file, registry.kind, is_declared)
    return _in_package(reference, registry, where)


def _in_file(reference: re.Match[str], kind: str, is_declared: Callable[[Any], bool]) -> Value:
    """What `file.py:name` means; without a name the only declared one."""
    file, name = reference["file"], reference["name"]
    module = load_file(file)
    own = {key: value for key, value in vars(module).items() if not key.startswith("_")}
    declared = [key for key, value in own.items() if is_declared(value)]
    if not name and len(declared) != 1:
        has = f"holds {', '.join(declared)}" if declared else f"holds no declared {kind}"
        raise UserError(has, where=file, fix=f"say which: {file}:{declared[0] if declared else 'name'}")
    name = name or declared[0]
    if name not in own:
        candidates = declared or [k for k, v in own.items() if getattr(v, "__module__", "") == module.__name__]
        fix = did_you_mean(name, candidates) if candidates else f"define a {kind} in it"
        raise UserError(f"has no {name!r}", where=file, fix=fix)
    return Value(own[name], name, str(module.__file__))


def _in_package(name: str, registry: Registry[Any], where: str) -> Value:
    """What an installed package offers under that name."""
    points = {point.name: point for point in points_of(registry.kind)}
    if name not in points:
        known, listing = [*registry.names(), *points], f"lossbench {registry.plural}"
        raise unknown(registry.kind, name, known, where=where, aliases=registry.aliases, listing=listing)
    value = load_point(points[name])
    return Value(value, name, source_file(value))


def source_file(value: Any) -> str:
    """The file that a value's code is in; "" where it is in none."""
    try:
        return inspect.getsourcefile(inspect.unwrap(value)) or ""
    except TypeError:  # an instance: its class has a file
        try:
            return inspect.getsourcefile(type(value)) or ""
        except TypeError:  # built in or typed at a prompt
            return ""
