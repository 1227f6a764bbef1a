"""Events as JSON lines on standard output, for programs that watch a run."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from lossbench.events import Event


class JsonLines:
    """Writes one JSON object an event: its fields, and its type under `event`; NaN becomes null."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def __call__(self, event: Event) -> None:
        """Write the event and flush, so that a reader sees it at once."""
        fields = {f.name: _plain(getattr(event, f.name)) for f in dataclasses.fields(event)}
        print(json.dumps({"event": type(event).__name__, **fields}, allow_nan=False), file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing to tidy up."""


def _plain(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
