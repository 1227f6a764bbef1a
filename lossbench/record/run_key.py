"""run.json: which run a folder is for, a command and what its numbers depend on; written before anything else is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lossbench.record.aside import written_aside

RUN_FILE = "run.json"
_SHORT = 40  # characters of a value that is shown


@dataclass(frozen=True)
class RunKey:
    """The command, and all that its numbers depend on, as JSON holds it.

    What stands under "config" goes by its place there (`optim.epochs`), everything else by its own name (`data`).
    `tables`: those of a run that may go on with more or fewer of them, by name; one that both have must be the same.
    """

    kind: str
    key: Mapping[str, Any]
    tables: Mapping[str, Any] = field(default_factory=dict)

    def differences(self, other: RunKey) -> list[str]:
        """Where another one differs, `optim.epochs (5, here 9)`, in the order of this one; empty where it does not.

        `here` is this one's value; long values are not shown. Splits follow from data and config, and are named where
        nothing else is.
        """
        if self.kind != other.kind:
            return [f"the command ({other.kind}, here {self.kind})"]
        here, there = dict(_flat(self.key)), dict(_flat(other.key))
        for name in self.tables.keys() & other.tables.keys():
            here |= _flat({name: self.tables[name]})
            there |= _flat({name: other.tables[name]})
        names = [name for name in {**here, **there} if here.get(name) != there.get(name)]
        return [_shown(name, there, here) for name in names if name != "splits" or names == ["splits"]]

    def joined(self, other: RunKey | None) -> RunKey:
        """This one, with the tables that the other has besides."""
        return self if other is None else replace(self, tables={**other.tables, **self.tables})

    def write(self, folder: Path) -> None:
        """Write run.json into a run's folder."""
        with written_aside(folder / RUN_FILE) as file:
            file.write((json.dumps(asdict(self), indent=1) + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> RunKey | None:
        """What a folder is for; None where nothing in it says so."""
        try:
            plain = json.loads((folder / RUN_FILE).read_bytes())
            kind, key, tables = plain["kind"], plain["key"], plain.get("tables", {})
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        typed = isinstance(kind, str) and isinstance(key, dict) and isinstance(tables, dict)
        return cls(kind, key, tables) if typed else None


def _flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The values of a mapping by their dotted places; those of "config" without it."""
    if not isinstance(value, dict) or not value:
        yield ".".join(path[1:] if path[0] == "config" and len(path) > 1 else path), value
        return
    for name, inner in value.items():
        yield from _flat(inner, (*path, name))


def _shown(name: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    values = [json.dumps(side[name]) if name in side else "absent" for side in (there, here)]
    return name if max(map(len, values)) > _SHORT else f"{name} ({values[0]}, here {values[1]})"
