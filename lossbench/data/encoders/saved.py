"""What a saved encoder may hold: pydantic reads one back by its types."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

SAVED = ConfigDict(extra="forbid", strict=True)  # nothing else than the fields, and no text for a number

Finite = Annotated[float, Field(allow_inf_nan=False)]
Spread = Annotated[float, Field(allow_inf_nan=False, gt=0)]  # what values are divided by
