"""The last activation and the decoder of a saved net, which a header names and never executes.

A header is data: whoever wrote it must not decide what runs here. So it may name what is there already: a function of
lossbench's own or of an installed package. One of a user's file is loaded from where the user names it anew, and only
if the file is the one that was trained with.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.decoders import DECODERS, Decoder
from lossbench.catalog.plugins.packages import entry_point_names
from lossbench.catalog.plugins.resolve import find_activation
from lossbench.catalog.plugins.user_decoder import UserRead, find_decoder
from lossbench.errors import UserError
from lossbench.registry import Named, Registry

T = TypeVar("T", bound=Named)


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of function that a net is saved with: its built-in ones, the flag that names another, how it is found,
    and the code in it."""

    registry: Registry[T]
    flag: str
    find: Callable[[str], T]
    code: Callable[[T], Any]


ACTIVATION: Kind[Activation] = Kind(
    ACTIVATIONS, "--last-act", lambda name: find_activation(name, where="--last-act"), lambda activation: activation.fn
)
DECODER: Kind[Decoder] = Kind(
    DECODERS,
    "--decode",
    find_decoder,
    lambda decoder: decoder.read.read if isinstance(decoder.read, UserRead) else decoder.read,
)


class SavedFunction(BaseModel):
    """A built-in's or an entry point's name, or a function of a file and that file's hash."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str
    origin: Literal["built-in", "package", "file"]
    file: str = ""
    sha256: str = ""


def saved_function(kind: Kind[T], function: T, reference: str) -> SavedFunction:
    """How a header names a function that goes by `reference`, so that nothing else can be taken for it."""
    if any(kind.code(function) is kind.code(known) for known in kind.registry):
        return SavedFunction(name=function.name, origin="built-in")
    if reference in entry_point_names(kind.registry.kind):
        return SavedFunction(name=reference, origin="package")
    try:
        file = inspect.getsourcefile(inspect.unwrap(kind.code(function))) or ""
        digest = sha256(Path(file).read_bytes()).hexdigest()
    except (TypeError, OSError):  # no Python function, or typed at a prompt
        file, digest = reference.rpartition(":")[0], ""
    return SavedFunction(name=function.name, origin="file", file=Path(file).name, sha256=digest)


def loaded_function(kind: Kind[T], saved: SavedFunction, path: Path, named: str | None) -> T:
    """The function trained with; only a file that the user names is executed, and only if it is the same."""
    if saved.origin == "file":
        return _from_file(kind, saved, path, named)
    if named is not None:
        fix = f"leave {kind.flag} out"
        raise UserError(f"trained with {saved.name}, which is not from a file", where=str(path), fix=fix)
    if saved.origin == "built-in" and saved.name in kind.registry:
        return kind.registry.get(saved.name)
    if saved.origin == "package" and saved.name in entry_point_names(kind.registry.kind):
        return kind.find(saved.name)
    what = f"trained with {saved.name!r}, which neither lossbench nor an installed package has"
    fix = f"install the package that offers it (group lossbench.{kind.registry.plural})"
    raise UserError(what, where=str(path), fix=fix)


def _from_file(kind: Kind[T], saved: SavedFunction, path: Path, named: str | None) -> T:
    what = f"trained with {saved.name} of {saved.file or 'no file'}, and the run does not contain its code"
    if named is None:
        fix = f"name it again: {kind.flag} {saved.file or 'file.py'}:{saved.name}"
        raise UserError(what, where=str(path), fix=fix)
    file = named.rpartition(":")[0] if ":" in named else named
    if not file.endswith(".py"):
        raise UserError(f"{named!r} names no file", where=kind.flag, fix=f"write {saved.file}:{saved.name}")
    try:
        digest = sha256(Path(file).expanduser().read_bytes()).hexdigest()
    except OSError as problem:
        raise UserError(f"cannot be read ({problem.strerror})", where=file) from None
    if digest != saved.sha256:
        raise UserError("is not the file that was trained with", where=file, fix="find the old one, or train again")
    found = kind.find(named)
    if found.name.rpartition(":")[2] != saved.name.rpartition(":")[2]:
        raise UserError(f"trained with {saved.name}, not {found.name}", where=kind.flag, fix=f"name {saved.name}")
    return found
