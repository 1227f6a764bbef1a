"""What a split does to a table that its scores will not show: equal rows, one person's rows and time on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.data.duplicates import DUPLICATES, row_hashes
from lossbench.data.infer.suspect_columns import is_named_like_an_entity
from lossbench.data.splits.rows import RowNumbers
from lossbench.data.table import Information, Table

MANY = 0.25  # of the test rows; of distinct passengers with seven columns a fifth have a twin
FEW = 0.01
ROOM = 10  # a table that could not hold ten times as many different rows has equal ones by its nature
LEAST_ENTITIES = 10


def split_caveats(table: Table, test: RowNumbers) -> list[str]:
    """A sentence for each thing that makes test scores too good on this split; `Information` where it may be harmless.

    Cost: a pass over the cells and a sort of the rows.
    """
    trained = np.ones(len(table), dtype=bool)
    trained[test] = False
    train = np.flatnonzero(trained)
    return [*_duplicates(table, train, test), *_entities(table, train, test), *_dates(table)]


def _duplicates(table: Table, train: RowNumbers, test: RowNumbers) -> Iterator[str]:
    hashes = row_hashes(table.features, *np.atleast_2d(table.truth.T))
    repeated = len(hashes) - len(np.unique(hashes))
    share = float(np.isin(hashes[test], hashes[train]).mean()) if repeated and len(test) else 0.0
    if repeated == 0 or max(repeated / len(table), share) < FEW:
        return
    count = f"{repeated} of {len(table)} rows repeat an earlier row (features and target are equal)"
    if share == 0:
        yield Information(f"{count}; none of them is in the test part and in another")
        return
    count += f"; {share:.0%} of the test rows are in another part too"
    if table.groups is None and table.time is None:
        count += f" (--groups {DUPLICATES} keeps equal rows in one part)"
    if share >= MANY and _room(table) > ROOM * len(table):
        yield f"{count}: test scores are too good"
    else:
        yield Information(count)


def _room(table: Table) -> float:
    """How many different rows the columns' values could make."""
    return float(np.prod([float(table.features[name].nunique(dropna=False)) for name in table.features.columns]))


def _entities(table: Table, train: RowNumbers, test: RowNumbers) -> Iterator[str]:
    """Columns that are named like an id or an entity and whose values come again: a person's or a sensor's rows."""
    if table.groups is not None or table.time is not None:
        return
    for name in table.features.columns:
        if table.kinds[name] not in ("number", "text") or not is_named_like_an_entity(str(name)):
            continue
        codes, levels = pd.factorize(table.features[name].to_numpy())
        if not LEAST_ENTITIES <= len(levels) <= len(codes) / 2:
            continue
        both = len(_known(codes[train]) & _known(codes[test]))
        if both:
            yield (
                f"column {name!r} is named like a panel's id, and {both} of its {len(levels)} values are in the test"
                f" part and in another: if rows of one {name} are alike, test scores are too good (--groups {name}"
                " keeps them together)"
            )


def _known(codes: NDArray[Any]) -> set[int]:
    return set(np.unique(codes[codes >= 0]).tolist())


def _dates(table: Table) -> Iterator[str]:
    if table.time is not None or table.groups is not None:
        return
    dates = [str(name) for name, kind in table.kinds.items() if kind == "date"]
    if dates:
        yield Information(
            f"column {dates[0]!r} holds dates, and rows are split as if their order did not matter: --time {dates[0]}"
            " tests on the latest rows"
        )
