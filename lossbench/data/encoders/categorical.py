"""Categories as one input a level, texts as hashed words."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from lossbench.data.cells import coded, texts
from lossbench.data.encoders.saved import SAVED

RARE_SHARE = 1 / 200  # levels below this share of the training rows, or seen once, are joined
HASHED_INPUTS = 32
FEW = 3  # values that a note lists
RARE, MISSING = "(rare)", "(missing)"
MOST_HASHED = 1 << 16


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
        counts = _counted(column)
        gaps = counts.pop(None, 0)
        if not counts:
            return "it has no value"
        if len(counts) == 1 and not gaps:
            return f"it is always {next(iter(counts))!r}"
        least = max(2, int(np.ceil(len(column) * RARE_SHARE)))
        rare = tuple(sorted(level for level, count in counts.items() if level is not None and count < least))
        few = set(rare)
        levels = tuple(sorted(level for level in counts if level is not None and level not in few))
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
        found, code_N = coded(column)
        places: dict[str | None, int] = {level: i for i, level in enumerate(self.levels)}
        if self._shared:
            block_NW[:, 0] = np.array([places.get(value, 0.5) for value in found], dtype=np.float32)[code_N]
            return
        unknown = len(self.levels) if self.rare else -1
        gap = len(self.levels) + bool(self.rare) if self.missing else -1
        index_N = np.array([gap if v is None else places.get(v, unknown) for v in found], dtype=np.int64)[code_N]
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
        unseen: Counter[str] = Counter()
        for value, count in _counted(column).items():
            if value not in seen:
                unseen[MISSING if value is None else value] += count
        return unseen


def _counted(column: pd.Series) -> Counter[str | None]:
    """How often each cell occurs, in the order of their first rows; None is a gap."""
    found, code_N = coded(column)
    counts: Counter[str | None] = Counter()
    for value, count in zip(found, np.bincount(code_N, minlength=len(found)).tolist(), strict=True):
        counts[value] += count
    return counts


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
