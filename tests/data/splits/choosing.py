"""The rows that a choice may see, in validation parts that stand one behind the other."""

from __future__ import annotations

from lossbench.data.splits.rows import InnerFold


def choosing_rows(pair: InnerFold, split: int) -> slice:
    """Those of the part that the choice for a split is made on."""
    count = len(pair.validation[0])
    return slice(count, None) if pair.choosing_part(split) else slice(0, count)
