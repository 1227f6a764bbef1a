"""Encoders: how one column becomes inputs of a net. They fill gaps, scale numbers and encode categories.

N rows, W inputs of the column. `fit` gives an encoder or the reason why the column is of no use; `write` fills a
float32 block [N, W] and never looks at anything but the column and the encoder.

The types say what a saved encoder may hold, too: pydantic reads one back by them.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict, Field

from lossbench.data.cells import numbers, plain_number, texts
from lossbench.data.table import ColumnKind
from lossbench.data.weights import weighted_mean, weighted_median, weighted_quantiles, weighted_std
from lossbench.errors import UserError

Scale = Literal["standard", "quantile", "none"]

QUANTILES = 1000  # landmarks of the quantile scale, as in scikit-learn
MOST_LEVELS = 40  # a text with more values than this is no category
RARE_SHARE = 1 / 200  # levels below this share of the training rows, or seen once, are joined
HASHED_INPUTS = 32
FEW = 3  # values that a note lists
RARE, MISSING = "(rare)", "(missing)"
MOST_HASHED = 1 << 16
DATE_PARTS = {"year": "year", "month": "month", "day": "day", "weekday": "day_of_week"}  # name -> attribute of pandas
TIME_PARTS = {"time_sin": np.sin, "time_cos": np.cos}  # of the time of day as an angle: 23:59 is near 00:00
SECONDS_A_DAY = 86400
SAVED = ConfigDict(extra="forbid", strict=True)  # nothing else than the fields, and no text for a number

Finite = Annotated[float, Field(allow_inf_nan=False)]
Spread = Annotated[float, Field(allow_inf_nan=False, gt=0)]  # what values are divided by


def _ascending(marks: tuple[float, ...]) -> tuple[float, ...]:
    if len(marks) == 1 or any(b < a for a, b in itertools.pairwise(marks)):
        raise ValueError("quantiles must ascend")
    return marks


@dataclass(frozen=True)
class NumberEncoder:
    """(x - center) / scale, gaps as the training median; with `quantiles`, the normal score of x's rank among them."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED
    name: str
    median: Finite
    center: Finite = 0.0
    scale: Spread = 1.0
    quantiles: Annotated[tuple[Finite, ...], AfterValidator(_ascending)] = ()
    encoder: Literal["number"] = "number"

    @classmethod
    def fit(
        cls, name: str, values_N: NDArray[Any], scale: Scale, weight_N: NDArray[Any] | None = None
    ) -> NumberEncoder | str:
        """Median, then mean and standard deviation (ddof 0) or quantiles of the filled training values, each counted by
        its weight."""
        is_known = ~np.isnan(values_N)
        known = values_N[is_known]
        if len(known) == 0:
            return "it has no value"
        if known.min() == known.max():
            return f"it is always {plain_number(float(known[0]))}"
        median = weighted_median(known, None if weight_N is None else weight_N[is_known])
        filled = np.where(np.isnan(values_N), median, values_N)
        if scale == "standard":
            return cls(name, median, weighted_mean(filled, weight_N), weighted_std(filled, weight_N) or 1.0)
        if scale == "quantile":
            marks = np.sort(filled)
            if len(marks) > QUANTILES or weight_N is not None:
                marks = np.maximum.accumulate(weighted_quantiles(filled, np.linspace(0, 1, QUANTILES), weight_N))
            return cls(name, median, quantiles=tuple(marks.tolist()))
        return cls(name, median)

    @property
    def inputs(self) -> list[str]:
        """One input, of the column's name."""
        return [self.name]

    def write(self, column: pd.Series, block_NW: NDArray[np.float32]) -> None:
        """Fill block [N, 1]; a value too large for float32 is a `UserError`."""
        values = numbers(column)
        values = np.where(np.isnan(values), self.median, values)
        with np.errstate(over="ignore"):  # said below, in words
            block_NW[:, 0] = self._normal_scores(values) if self.quantiles else (values - self.center) / self.scale
        wild = len(block_NW) - int(np.isfinite(block_NW[:, 0]).sum())
        if wild:
            raise UserError(
                f"column {self.name!r} has {wild} infinite value{'s' if wild > 1 else ''}", fix="correct or drop it"
            )

    def _normal_scores(self, values_N: NDArray[Any]) -> NDArray[Any]:
        from scipy.special import ndtri  # only this scale waits for scipy

        marks = np.array(self.quantiles)
        ranks = np.linspace(0, 1, len(marks))
        # a run of equal landmarks has many ranks: take the middle of the first and the last
        low, high = np.interp(values_N, marks, ranks), -np.interp(-values_N, -marks[::-1], -ranks[::-1])
        return np.asarray(ndtri(np.clip((low + high) / 2, 1e-7, 1 - 1e-7)))

    def unseen(self, column: pd.Series) -> Counter[str]:
        """A number is never unseen."""
        return Counter()


@dataclass(frozen=True)
class LevelEncoder:
    """One 0/1 input per level; two levels without gaps share one input. Booleans are the levels False and True.

    A gap is a level of its own if the training rows had one. Levels of fewer than 1 in 200 training rows, or of a
    single row, are joined as "(rare)". A level that training never saw counts as rare if there is such an input; else
    its inputs are all 0, or 0.5 where two levels share one.
    """

    __pydantic_config__: ClassVar[ConfigDict] = SAVED
    name: str
    levels: tuple[str, ...]
    rare: tuple[str, ...] = ()
    missing: bool = False
    encoder: Literal["levels"] = "levels"

    @classmethod
    def fit(cls, name: str, column: pd.Series) -> LevelEncoder | str:
        """The levels of the training rows, sorted by code point."""
        values = texts(column)
        counts = Counter(value for value in values if value is not None)
        gaps = len(values) - counts.total()
        if not counts:
            return "it has no value"
        if len(counts) == 1 and not gaps:
            return f"it is always {next(iter(counts))!r}"
        least = max(2, int(np.ceil(len(values) * RARE_SHARE)))
        rare = tuple(sorted(level for level, count in counts.items() if count < least))
        levels = tuple(sorted(set(counts) - set(rare)))
        if not levels and not gaps:
            return f"each of its {len(rare)} values is rare"
        return cls(name, levels, rare, gaps > 0)

    @property
    def _shared(self) -> bool:
        return len(self.levels) == 2 and not self.rare and not self.missing

    @property
    def inputs(self) -> list[str]:
        """`Sex=male`, one per level."""
        if self._shared:
            return [f"{self.name}={self.levels[1]}"]
        extra = [RARE] * bool(self.rare) + [MISSING] * self.missing
        return [f"{self.name}={level}" for level in [*self.levels, *extra]]

    def write(self, column: pd.Series, block_NW: NDArray[np.float32]) -> None:
        """Fill block [N, W]."""
        values = texts(column)
        places: dict[str | None, int] = {level: i for i, level in enumerate(self.levels)}
        if self._shared:
            block_NW[:, 0] = [places.get(value, 0.5) for value in values]
            return
        unknown = len(self.levels) if self.rare else -1
        gap = len(self.levels) + bool(self.rare) if self.missing else -1
        index_N = np.array([gap if v is None else places.get(v, unknown) for v in values], dtype=np.int64)
        block_NW[:] = 0
        rows = np.flatnonzero(index_N >= 0)
        block_NW[rows, index_N[rows]] = 1

    @property
    def joined(self) -> str:
        """Which levels share the input "(rare)"."""
        if not self.rare:
            return ""
        few = ", ".join(map(repr, self.rare[:FEW])) + (", ..." if len(self.rare) > FEW else "")
        return f"{len(self.rare)} rare value{'s' if len(self.rare) > 1 else ''} joined as {RARE} ({few})"

    def unseen(self, column: pd.Series) -> Counter[str]:
        """Values that training never saw, and how often; a gap is one if training had none."""
        seen = {*self.levels, *self.rare, *([None] if self.missing else [])}
        return Counter(MISSING if v is None else v for v in texts(column) if v not in seen)


@dataclass(frozen=True)
class HashEncoder:
    """The words of a text, hashed with a sign into 32 inputs; each row of length 1 (0 without a word)."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED
    name: str
    width: Annotated[int, Field(ge=1, le=MOST_HASHED)] = HASHED_INPUTS
    encoder: Literal["hash"] = "hash"

    @property
    def inputs(self) -> list[str]:
        """`comment#0` ... `comment#31`."""
        return [f"{self.name}#{i}" for i in range(self.width)]

    def write(self, column: pd.Series, block_NW: NDArray[np.float32]) -> None:
        """Fill block [N, 32]."""
        block_NW[:] = 0
        for row, value in enumerate(texts(column)):
            for word in re.findall(r"\w+", value.lower()) if value is not None else []:
                code = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
                block_NW[row, (code >> 1) % self.width] += 1 if code & 1 else -1
        length_N1 = np.linalg.norm(block_NW, axis=1, keepdims=True)
        np.divide(block_NW, length_N1, out=block_NW, where=length_N1 > 0)

    def unseen(self, column: pd.Series) -> Counter[str]:
        """A word is never unseen."""
        return Counter()


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


Encoder = NumberEncoder | LevelEncoder | HashEncoder | DateEncoder
KINDS: dict[type[Encoder], tuple[ColumnKind, ...]] = {  # of the columns that one encodes
    NumberEncoder: ("number",),
    LevelEncoder: ("boolean", "text"),
    HashEncoder: ("text",),
    DateEncoder: ("date",),
}


def fit_column(
    name: str,
    column: pd.Series,
    kind: ColumnKind,
    *,
    scale: Scale,
    dates: bool,
    text: Literal["drop", "hash"],
    category: bool = False,
    weight_N: NDArray[Any] | None = None,
) -> Encoder | str:
    """The encoder of a column of training values, or why the column is dropped; a `category` may have many levels.

    Numbers are scaled by their weighted statistics; levels are rare by how many rows have them, whatever these count.
    """
    if kind == "number":
        return NumberEncoder.fit(name, numbers(column), scale, weight_N)
    if kind == "boolean":
        return LevelEncoder.fit(name, column)
    if kind == "date":
        return (
            DateEncoder.fit(name, column, scale, weight_N)
            if dates
            else "it holds dates (--dates turns them into numbers)"
        )
    distinct, known = int(column.nunique()), int(column.count())
    if not category and (distinct > MOST_LEVELS or (distinct > 2 and distinct * 2 > known)):
        if text == "hash":
            return HashEncoder(name)
        return f"it is text with {distinct} distinct values in {known} rows (--text hash keeps it)"
    return LevelEncoder.fit(name, column)


def _date_parts(column: pd.Series) -> dict[str, NDArray[Any]]:
    parts = {name: getattr(column.dt, attribute) for name, attribute in DATE_PARTS.items()}
    found = {name: part.to_numpy(dtype=np.float64, na_value=np.nan) for name, part in parts.items()}
    seconds = (column - column.dt.normalize()).dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan)
    return found | {name: part(2 * np.pi * seconds / SECONDS_A_DAY) for name, part in TIME_PARTS.items()}
