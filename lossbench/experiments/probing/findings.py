"""Findings of the doctor, each with how it was measured, and the diagnosis that they form."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["ok", "skipped", "note", "warning", "error"]
LEVELS: tuple[Level, ...] = ("ok", "skipped", "note", "warning", "error")


@dataclass(frozen=True)
class Finding:
    """One thing seen on one task: `finding` in words, `measured` how it was seen, `numbers` what was counted.

    An error says that training with the loss will go wrong or that something declared of it is not so, a warning that
    training may go wrong, a note what the loss is like; skipped is a check that was not possible, and why.
    """

    check: str
    task: str
    level: Level
    finding: str
    measured: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagnosis:
    """All findings about one loss."""

    loss: str
    formula: str
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The worst level found."""
        return max((f.level for f in self.findings), key=LEVELS.index, default="ok")

    @property
    def exit_code(self) -> int:
        """1 where an error was found, else 0."""
        return int(self.level == "error")

    def about(self, check: str, task: str | None = None) -> list[Finding]:
        """The findings of one check, on one task or on all."""
        return [f for f in self.findings if f.check == check and task in {None, f.task}]

    def number(self, name: str, task: str) -> Any:
        """What was counted under that name on a task; None where nothing was."""
        return next((f.numbers[name] for f in self.findings if f.task == task and name in f.numbers), None)

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """(check, task, level, finding, how measured), for a table."""
        return [(f.check, f.task, f.level, f.finding, f.measured) for f in self.findings]

    def to_json(self) -> str:
        """Valid JSON: numbers that are not finite are null."""
        return json.dumps(_finite({**asdict(self), "level": self.level}), indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
