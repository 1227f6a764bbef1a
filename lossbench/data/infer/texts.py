"""A column of texts by its distinct values, and what is understood of a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossbench.data.table import ColumnKind
from lossbench.deferred import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Understood:
    """A column with its kind, and what a user should know of it."""

    values: pd.Series
    kind: ColumnKind
    notes: tuple[str, ...] = ()
    date_format: str = ""
    number_format: str = ""  # a `Spelling`, where another file could be read otherwise


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

    def first_at(self, distinct: int) -> str:
        """Place and value of the first cell with that text."""
        return self.first([i == distinct for i in range(len(self.distinct))])

    def counts(self) -> list[int]:
        """How many cells have each text."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.distinct)).tolist()  # type: ignore[no-any-return]

    def rows(self, which: Sequence[bool]) -> int:
        """How many cells have one of those texts."""
        chosen = np.append(np.array(which, dtype=bool), False)
        return int(np.count_nonzero(chosen[self.codes]))

    def spread(self, values: Sequence[float]) -> pd.Series:
        """A number for each distinct text, at every row that has it; NaN for gaps."""
        return pd.Series(np.append(np.array(values, dtype=np.float64), np.nan)[self.codes], name=self.name)

    def strings(self) -> pd.Series:
        """The texts without blanks around them; None for gaps."""
        values = np.array([*(text.strip() for text in self.distinct), None], dtype=object)[self.codes]
        return pd.Series(values, dtype="str", name=self.name)
