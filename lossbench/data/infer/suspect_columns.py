"""Columns that should not be trained on: row numbers, and leaks of the target.

A row number is a column of whole numbers or texts, all distinct, that is named like one (`id`, `user_id`, `index`), or
whole numbers that only rise or only fall over at least 10 rows (by chance less than once in a million).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from lossbench.data.infer.leakage import LEAST_ROWS, Certainty, find_leak
from lossbench.data.infer.several_targets import parts
from lossbench.data.infer.target import Target
from lossbench.data.table import ColumnKind
from lossbench.deferred import np, pd

FEW = 1000  # rows that are looked at first
_ID_NAME = re.compile(r"(?i:(.*[\W_])?(id|ids|index|idx|key|uuid|guid|row|rownum|row_number|nr|no))|.+[a-z](Id|ID)")

_ENTITIES = (
    "subject|patient|person|participant|respondent|animal|customer|client|user|member|employee|student|household|family"
    "|firm|company|store|shop|station|sensor|device|machine|vehicle"
)
_ENTITY_NAME = re.compile(rf"(?i:({_ENTITIES})s?([\W_]?(name|code|number|num|#))?)")


@dataclass(frozen=True)
class SuspectColumn:
    """A column under suspicion: a row number ("id"), a column that determines the target ("leak") or may do so."""

    column: str
    what: Literal["id"] | Certainty
    why: str


def suspects(
    features: Mapping[str, pd.Series], kinds: Mapping[str, ColumnKind], target: Target, keep: Collection[str] = ()
) -> list[SuspectColumn]:
    """Every suspicious column that the user does not vouch for."""
    found = []
    for name, column in features.items():
        if name in keep:
            continue
        leaks = [leak for one in parts(target) if (leak := find_leak(column, kinds[name], one))]
        if leak := next((one for one in leaks if one.certainty == "leak"), next(iter(leaks), None)):
            found.append(SuspectColumn(name, leak.certainty, leak.why))
        elif why := _counts_rows(name, column, kinds[name]):
            found.append(SuspectColumn(name, "id", why))
    return found


def is_named_like_an_id(name: str) -> bool:
    """`id`, `user_id`, `customerId`, `row`, `key`."""
    return _ID_NAME.fullmatch(name) is not None


def is_named_like_an_entity(name: str) -> bool:
    """As an id is, or by what has one: `patient`, `Store`, `sensor_name`."""
    return is_named_like_an_id(name) or _ENTITY_NAME.fullmatch(name) is not None


def _is_whole(column: pd.Series) -> bool:
    """Whether its numbers are whole, but for gaps."""
    values = column.to_numpy()
    return values.dtype.kind != "f" or not bool(np.any((values != np.floor(values)) & ~np.isnan(values)))


def _counts_rows(name: str, column: pd.Series, kind: ColumnKind) -> str:
    if kind not in ("number", "text"):
        return ""
    if kind == "number" and not (_is_whole(column.iloc[:FEW]) and _is_whole(column)):
        return ""
    known = column.dropna()
    if len(known) < min(len(column), LEAST_ROWS):
        return ""
    column = known
    if kind == "number":
        values = column.to_numpy()
        if len(values) >= LEAST_ROWS:  # 2 / 10! of all orders only rise or only fall
            # Compared, never subtracted: a difference of unsigned numbers is never below 0, one of int8 may wrap.
            before, after = values[:-1], values[1:]
            if bool(np.all(before < after)) or bool(np.all(before > after)):
                return "its whole numbers only " + ("rise" if before[0] < after[0] else "fall")
    if is_named_like_an_id(name) and column.is_unique:
        return "every value is another, and it is named like an id"
    return ""
