"""What a column of numbers does not show any more: words that were taken for gaps, and zeros in front.

A reader that parses numbers at once asks here which columns to look at again as texts; most files have none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from lossbench.data.columns import CODE_DIGITS
from lossbench.data.unpack import BLOCK
from lossbench.deferred import pd

_PADDED = re.compile(rb"(^|[^\w.:/+-])0\d", re.MULTILINE)


def doubtful(stream: IO[bytes], found: Mapping[int, pd.Series], gaps: Sequence[str]) -> list[int]:
    """Columns of numbers whose texts must be looked at again: they may hold words for gaps, or zeros in front."""
    words = [word.encode() for word in gaps if word]
    padded = worded = False
    stream.seek(0)
    while (block := stream.read(BLOCK)) and not (padded and worded):
        padded = padded or _PADDED.search(block) is not None
        worded = worded or any(word in block for word in words)
    with_gaps = {place for place, column in found.items() if column.dtype.kind == "f" and column.isna().any()}
    whole = {place for place, column in found.items() if place in with_gaps or column.dtype.kind in "iu"}
    return sorted((with_gaps if worded else set()) | (whole if padded else set()))


@dataclass
class Look:
    """Words for gaps in a column of numbers, and whether its numbers are codes (`is_code`) as far as was looked."""

    words: Counter[str] = field(default_factory=Counter)
    widths: set[int] = field(default_factory=set)
    padded: bool = False
    other: bool = False

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

    @property
    def is_code(self) -> bool:
        """Whether all are whole numbers of one width, some with zeros in front."""
        return self.padded and not self.other and len(self.widths) == 1 and max(self.widths) >= CODE_DIGITS
