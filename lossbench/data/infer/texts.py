"""The texts of a column by their distinct values: a question about a cell is asked once for each text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossbench.deferred import np, pd

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Texts:
    """The texts of a column by their distinct values: `codes` [N] into `distinct`, -1 for a gap."""

    name: str
    codes: NDArray[Any]
    distinct: list[str]
    place: Callable[[int], str]

    def first(self, which: Sequence[bool]) -> str:
        """Place and value of the first cell whose text is among those: `line 7: '1,234'`."""
        chosen = np.append(np.array(which, dtype=bool), False)
        row = int(np.flatnonzero(chosen[self.codes])[0])
        return f"{self.place(row)}: {self.distinct[self.codes[row]]!r}"

    def rows(self, which: Sequence[bool]) -> int:
        """How many cells have one of those texts."""
        chosen = np.append(np.array(which, dtype=bool), False)
        return int(np.count_nonzero(chosen[self.codes]))

    def spread(self, values: Sequence[float]) -> pd.Series:
        """A number for each distinct text, at every row that has it; NaN for gaps."""
        return pd.Series(np.append(np.array(values, dtype=np.float64), np.nan)[self.codes], name=self.name)
