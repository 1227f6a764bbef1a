"""The last activation of a saved net: how a file names it, so that nothing else can be taken for it.

Loading one executes nothing that the file names: it must be lossbench's own, an installed package's, or in a file that
the user names anew and that is the one trained with.
"""

from __future__ import annotations

import inspect
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.plugins.packages import entry_point_names
from lossbench.catalog.plugins.resolve import find_activation
from lossbench.errors import UserError


class SavedActivation(BaseModel):
    """The last activation: a built-in's or an entry point's name, or a function of a file and that file's hash."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str
    origin: Literal["built-in", "package", "file"]
    file: str = ""
    sha256: str = ""


def saved_activation(activation: Activation, reference: str) -> SavedActivation:
    """How a header names an activation, so that nothing else can be taken for it."""
    if any(activation is known for known in ACTIVATIONS):
        return SavedActivation(name=activation.name, origin="built-in")
    if reference in entry_point_names("activation"):
        return SavedActivation(name=reference, origin="package")
    try:
        file = inspect.getsourcefile(inspect.unwrap(activation.fn)) or ""
        digest = sha256(Path(file).read_bytes()).hexdigest()
    except (TypeError, OSError):  # no Python function, or typed at a prompt
        file, digest = reference.rpartition(":")[0], ""
    return SavedActivation(name=activation.name, origin="file", file=Path(file).name, sha256=digest)


def loaded_activation(saved: SavedActivation, path: Path, named: str | None) -> Activation:
    """The activation trained with; only a file that the user names is executed, and only if it is the same."""
    if saved.origin == "file":
        return _from_file(saved, path, named)
    if named is not None:
        fix = "leave --last-act out"
        raise UserError(f"trained with {saved.name}, which is not from a file", where=str(path), fix=fix)
    if saved.origin == "built-in" and saved.name in ACTIVATIONS:
        return ACTIVATIONS.get(saved.name)
    if saved.origin == "package" and saved.name in entry_point_names("activation"):
        return find_activation(saved.name)
    what = f"trained with {saved.name!r}, which neither lossbench nor an installed package has"
    raise UserError(what, where=str(path), fix="install the package that offers it (group lossbench.activations)")


def _from_file(saved: SavedActivation, path: Path, named: str | None) -> Activation:
    what = f"trained with {saved.name} of {saved.file or 'no file'}, and the run does not contain its code"
    if named is None:
        fix = f"name it again: --last-act {saved.file or 'file.py'}:{saved.name}"
        raise UserError(what, where=str(path), fix=fix)
    file = named.rpartition(":")[0] if ":" in named else named
    if not file.endswith(".py"):
        raise UserError(f"{named!r} names no file", where="--last-act", fix=f"write {saved.file}:{saved.name}")
    try:
        digest = sha256(Path(file).expanduser().read_bytes()).hexdigest()
    except OSError as problem:
        raise UserError(f"cannot be read ({problem.strerror})", where=file) from None
    if digest != saved.sha256:
        raise UserError("is not the file that was trained with", where=file, fix="find the old one, or train again")
    found = find_activation(named, where="--last-act")
    if found.name.rpartition(":")[2] != saved.name.rpartition(":")[2]:
        raise UserError(f"trained with {saved.name}, not {found.name}", where="--last-act", fix=f"name {saved.name}")
    return found
