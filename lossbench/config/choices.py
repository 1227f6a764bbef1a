"""A key whose values are the names of a registry below the config."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Described(Protocol):
    """An entry of a registry."""

    @property
    def name(self) -> str:
        """What a config calls it."""
        ...

    @property
    def description(self) -> str:
        """What it is, in a line."""
        ...


@dataclass(frozen=True)
class Choice:
    """`Annotated[str, Choice(OPTIMIZERS)]` takes a name of the registry, as a `Literal` of them would."""

    entries: Iterable[Described]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Any of the names, and nothing else."""
        return core_schema.literal_schema([entry.name for entry in self.entries])
