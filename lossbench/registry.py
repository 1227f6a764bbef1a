"""Registries: named declarations, looked up by a config's names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from lossbench.errors import unknown


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """What a config calls it."""
        ...


T = TypeVar("T", bound=Named)


class Registry(Generic[T]):
    """Entries of one kind by name, in the order of their declaration; filled by `load` when first read.

    `abbreviations` are documented short forms, each of exactly one name (`ce` of `cross_entropy`); `other_names` are
    those of other libraries (`CrossEntropyLoss`), found by their `plain` spelling. `has_command`: whether
    `lossbench <plural>` lists the entries.
    """

    def __init__(
        self,
        kind: str,
        load: Callable[[], object] | None = None,
        abbreviations: Mapping[str, str] | None = None,
        *,
        other_names: Mapping[str, str] | None = None,
        plain: Callable[[str], str] = lambda name: name.lower().replace("-", "_"),
        has_command: bool = True,
    ) -> None:
        self.kind, self.plural = kind, _plural(kind)
        self.has_command = has_command
        self.abbreviations = dict(abbreviations or {})
        self.other_names = dict(other_names or {})
        self._plain = plain
        self._others = {plain(name): full for name, full in self.other_names.items()}
        self._load = load
        self._entries: dict[str, T] = {}

    def add(self, entry: T) -> T:
        """Enter a declaration; a name can be taken once."""
        if entry.name in self._entries or entry.name in self.abbreviations:
            raise ValueError(f"{self.kind} {entry.name!r} is declared twice")
        self._entries[entry.name] = entry
        return entry

    def _all(self) -> dict[str, T]:
        if self._load is not None:
            load, self._load = self._load, None
            load()
        return self._entries

    def full_name(self, name: str) -> str:
        """The one name that a name, an abbreviation or another library's name stands for; case and dashes do not
        matter."""
        plain = self._plain(name)
        plain = self.abbreviations.get(plain, plain)
        found = plain if plain in self._all() else self._others.get(plain, name)
        return found if found in self._all() else name

    @property
    def aliases(self) -> list[str]:
        """Whatever else the entries are called."""
        return [*self.abbreviations, *self.other_names]

    def get(self, name: str, *, where: str = "") -> T:
        """The entry of that name; a `UserError` with the nearest name where there is none."""
        entries = self._all()
        full = self.full_name(name)
        if full not in entries:
            raise unknown(
                self.kind,
                name,
                entries,
                where=where,
                aliases=self.aliases,
                listing=f"lossbench {self.plural}" if self.has_command else "",
            )
        return entries[full]

    def names(self) -> list[str]:
        """All full names."""
        return list(self._all())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.full_name(name) in self._all()

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._all().values()))

    def __len__(self) -> int:
        return len(self._all())


def _plural(kind: str) -> str:
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    return kind + ("es" if kind.endswith("s") else "s")
