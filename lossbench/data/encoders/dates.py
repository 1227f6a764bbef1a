"""Dates as numbers: parts of the calendar, and the time of day as an angle."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict

from lossbench.data.encoders.numeric import NumberEncoder, Scale
from lossbench.data.encoders.saved import SAVED

DATE_PARTS = {"year": "year", "month": "month", "day": "day", "weekday": "day_of_week"}  # name -> attribute of pandas
TIME_PARTS = {"time_sin": np.sin, "time_cos": np.cos}  # of the time of day as an angle: 23:59 is near 00:00
SECONDS_A_DAY = 86400


def _parts_of_dates(parts: tuple[NumberEncoder, ...]) -> tuple[NumberEncoder, ...]:
    names = [part.name for part in parts]
    if len({*names}) < len(names) or not {*names} <= {*DATE_PARTS, *TIME_PARTS}:
        raise ValueError(f"parts of a date are {', '.join([*DATE_PARTS, *TIME_PARTS])}")
    return parts


@dataclass(frozen=True)
class DateEncoder:
    """Year, month, day and weekday (Monday is 0) of a date as numbers, and sine and cosine of its time of day.

    Parts that never change are excluded: so dates without a time have no input for it, and times of one day only those.
    """

    __pydantic_config__: ClassVar[ConfigDict] = SAVED
    name: str
    parts: Annotated[tuple[NumberEncoder, ...], AfterValidator(_parts_of_dates)]  # named by the part
    encoder: Literal["date"] = "date"

    @classmethod
    def fit(cls, name: str, column: pd.Series, scale: Scale, weight_N: NDArray[Any] | None = None) -> DateEncoder | str:
        """The parts of the training dates, each scaled as a number."""
        fitted = [NumberEncoder.fit(part, values, scale, weight_N) for part, values in _date_parts(column).items()]
        parts = tuple(part for part in fitted if not isinstance(part, str))
        return cls(name, parts) if parts else "it is always the same date"

    @property
    def inputs(self) -> list[str]:
        """`when.year`, `when.month`, ..."""
        return [f"{self.name}.{part.name}" for part in self.parts]

    def write(self, column: pd.Series, block_NW: NDArray[np.float32]) -> None:
        """Fill block [N, parts]."""
        values = _date_parts(column)
        for i, part in enumerate(self.parts):
            part.write(pd.Series(values[part.name]), block_NW[:, i : i + 1])

    def unseen(self, column: pd.Series) -> Counter[str]:
        """A date is never unseen."""
        return Counter()


def _date_parts(column: pd.Series) -> dict[str, NDArray[Any]]:
    parts = {name: getattr(column.dt, attribute) for name, attribute in DATE_PARTS.items()}
    found = {name: part.to_numpy(dtype=np.float64, na_value=np.nan) for name, part in parts.items()}
    seconds = (column - column.dt.normalize()).dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan)
    return found | {name: part(2 * np.pi * seconds / SECONDS_A_DAY) for name, part in TIME_PARTS.items()}
