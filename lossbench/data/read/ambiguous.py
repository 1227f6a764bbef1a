"""Warns of ambiguous values: words that were read as gaps, and numbers with leading zeros.

A reader that parses numbers at once asks here which columns to look at again as texts; most files have none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from lossbench.data.infer.numbers import CODE_DIGITS
from lossbench.data.infer.spelling import has_groups
from lossbench.data.read.unpack import BLOCK
from lossbench.deferred import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST = 1000


def perhaps_codes(found: Mapping[int, pd.Series]) -> list[int]:
    """Columns of whole numbers, which may have had zeros in front; the texts of some rows nearly always tell."""
    return [
        place
        for place, column in found.items()
        if column.dtype.kind in "iu" or (column.dtype.kind == "f" and column.isna().any() and _is_whole(column))
    ]


def perhaps_worded(stream: IO[bytes], found: Mapping[int, pd.Series], gaps: Sequence[str]) -> list[int]:
    """Columns of numbers with gaps, if a word for one occurs in the file: all their texts must be looked at."""
    with_gaps = [place for place, column in found.items() if column.dtype.kind == "f" and column.isna().any()]
    words = [word.encode() for word in gaps if word]
    stream.seek(0)
    while with_gaps and (block := stream.read(BLOCK)):
        if any(word in block for word in words):
            return with_gaps
    return []


def perhaps_grouped(found: Mapping[int, pd.Series]) -> list[int]:
    """Columns of numbers whose decimal marks may part thousands, like 1.277 and 6.162 beside 300; the texts will tell.

    No fraction is below one, no number is above a thousand, and three digits behind the mark are all.
    """
    floats = {place: column.to_numpy() for place, column in found.items() if column.dtype.kind == "f"}
    return [
        place for place, values in floats.items() if _are_below_thousand(values[:FIRST]) and _are_below_thousand(values)
    ]


def _are_below_thousand(values: NDArray[Any]) -> bool:
    size = np.abs(values[~np.isnan(values)])
    part = size[size != np.floor(size)]
    return bool(np.all(size < 1000) and np.all(part >= 1) and np.all(np.abs(part * 1000 - np.rint(part * 1000)) < 1e-6))


def _is_whole(column: pd.Series) -> bool:
    known = column.dropna().to_numpy()
    return bool(np.all(known == np.floor(known)))


@dataclass
class Look:
    """Words for gaps in a column of numbers, and whether its numbers are codes (`is_code`) as far as was looked.

    With a `mark`, also whether it may part thousands (`is_grouped`).
    """

    words: Counter[str] = field(default_factory=Counter)
    widths: set[int] = field(default_factory=set)
    padded: bool = False
    other: bool = False
    mark: str = ""  # that may part thousands
    groups: bool = True
    marked: bool = False
    unmarked: bool = False

    def add(self, values: pd.Series, gaps: Sequence[str]) -> None:
        """Look at some more of the column's texts."""
        for text, count in values.value_counts(sort=False).items():
            plain = str(text).strip()
            if plain in gaps:
                if plain:
                    self.words[plain] += int(count)
            elif plain.isdecimal():
                self.widths.add(len(plain))
                self.padded |= plain[0] == "0"
            else:
                self.other = True
            if self.mark and plain not in gaps:
                self.marked |= self.mark in plain
                self.unmarked |= self.mark not in plain
                self.groups = self.groups and has_groups(plain.lstrip("+-"), self.mark)

    @property
    def may_be_code(self) -> bool:
        """Whether the rest of the column can still make it one of codes."""
        return not self.other and len(self.widths) <= 1 and max(self.widths, default=CODE_DIGITS) >= CODE_DIGITS

    @property
    def is_code(self) -> bool:
        """Whether all are whole numbers of one width, some with zeros in front."""
        return self.padded and self.may_be_code

    @property
    def is_grouped(self) -> bool:
        """Whether the mark may part thousands, as `looks_grouped` says."""
        return bool(self.mark) and self.groups and self.marked and self.unmarked
