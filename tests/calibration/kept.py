"""What each scenario has found, kept in a file of its own as soon as it is there: a measurement of hours goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.record.aside import written_aside


@dataclass(frozen=True)
class Kept:
    """The files of one measurement; without a folder nothing is kept.

    What was found in another share of the measurement counts as not there. A file does not know of what code it is:
    remove the folder to measure other code.
    """

    folder: Path | None
    share: float

    def path(self, scenario: str) -> Path | None:
        """Where a scenario's outcome is."""
        if self.folder is None:
            return None
        return self.folder / f"{re.sub('[^a-z0-9]+', '-', scenario.lower()).strip('-')}.json"

    def get(self, scenario: str) -> Any | None:
        """What it has found, if that is there."""
        path = self.path(scenario)
        if path is None or not path.exists():
            return None
        kept = json.loads(path.read_bytes())
        return kept["found"] if (kept["scenario"], kept["share"]) == (scenario, self.share) else None

    def put(self, scenario: str, found: Any) -> Any:
        """Write what it has found, whole or not at all, and give it back."""
        path = self.path(scenario)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"scenario": scenario, "share": self.share, "found": found}, indent=1, allow_nan=False)
            with written_aside(path) as file:
                file.write(f"{text}\n".encode())
        return found

    def of(self, scenario: str, measure: Callable[[], Any]) -> Any:
        """What it has found, measured where that is not there."""
        found = self.get(scenario)
        return self.put(scenario, measure()) if found is None else found
