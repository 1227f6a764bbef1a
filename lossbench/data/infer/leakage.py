"""Columns that should not be trained on: row numbers, and copies of the target.

A row number is a column of whole numbers or texts, all distinct, that is named like one (`id`, `user_id`, `index`), or
whole numbers that only rise or only fall over at least 10 rows (by chance less than once in a million). A copy of the
target is one-to-one with its classes, or equal to its numbers up to scale and shift. Gaps excuse nothing: the rows that
have a value are judged, if they are at least 10.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lossbench.data.infer.target import Target
from lossbench.data.table import Kind
from lossbench.deferred import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_ROWS = 10  # 2 / 10! of all orders only rise or only fall
HEAD = 1000

_ID_NAME = re.compile(r"(?i:(.*[\W_])?(id|ids|index|idx|key|uuid|guid|row|rownum|row_number|nr|no))|.+[a-z](Id|ID)")


@dataclass(frozen=True)
class SuspectColumn:
    """A column under suspicion: a row number ("id") or a copy of the target ("leak")."""

    column: str
    what: Literal["id", "leak"]
    why: str


def suspects(
    features: Mapping[str, pd.Series], kinds: Mapping[str, Kind], target: Target, keep: Collection[str] = ()
) -> list[SuspectColumn]:
    """Every suspicious column that the user does not vouch for."""
    found = []
    for name, column in features.items():
        if name in keep:
            continue
        if kinds[name] != "date" and _copies(column, kinds[name], target):
            found.append(SuspectColumn(name, "leak", "it determines the target"))
        elif why := _counts_rows(name, column, kinds[name]):
            found.append(SuspectColumn(name, "id", why))
    return found


def _counts_rows(name: str, column: pd.Series, kind: Kind) -> str:
    if kind not in ("number", "text"):
        return ""
    known = column.dropna()
    if len(known) < min(len(column), LEAST_ROWS):
        return ""
    column = known
    if kind == "number":
        values = column.to_numpy()
        if values.dtype.kind == "f" and not np.all(values == np.floor(values)):
            return ""
        if len(values) >= LEAST_ROWS:
            steps = np.diff(values)
            if bool(np.all(steps > 0)) or bool(np.all(steps < 0)):
                return "its whole numbers only " + ("rise" if steps[0] > 0 else "fall")
    if _ID_NAME.fullmatch(name) and column.is_unique:
        return "every value is another, and it is named like an id"
    return ""


def _copies(column: pd.Series, kind: Kind, target: Target) -> bool:
    if target.task != "regression":
        return _one_to_one(column, target.values, len(target.classes))
    if kind != "number":
        return False
    values = column.to_numpy(dtype=np.float64)
    known = ~np.isnan(values)
    few = np.flatnonzero(known)
    few = few[:: len(few) // HEAD + 1]  # spares a large table the look at all its rows
    return _linear(values[few], target.values[few], len(column)) and _linear(
        values[known], target.values[known], len(column)
    )


def _linear(values: NDArray[Any], target: NDArray[Any], rows: int) -> bool:
    if len(values) < max(3, min(rows, LEAST_ROWS)) or values.std() == 0 or target.std() == 0:
        return False
    slope, shift = np.polyfit(values - values.mean(), target, 1)
    rest = target - (slope * (values - values.mean()) + shift)
    return bool(np.abs(rest).max() <= 1e-9 * target.std())


def _one_to_one(column: pd.Series, classes_N: NDArray[Any], classes: int) -> bool:
    if column.head(HEAD).nunique() > classes:  # spares a large table the look at all its rows
        return False
    codes, levels = pd.factorize(column.to_numpy())
    known = codes >= 0
    if len(levels) == classes - 1 and not known.all():  # the gap is the last class's level
        codes[~known] = classes - 1
        known[:] = True
    elif len(levels) != classes or known.sum() < min(len(codes), max(LEAST_ROWS, len(codes) / 2)):
        return False
    pairs = np.unique(codes[known] * classes + classes_N[known])
    return len(pairs) == classes and len(np.unique(classes_N[known])) == classes
