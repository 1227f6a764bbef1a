"""A table's target for a pair: what resolving one must know of it, and whether the pair's loss is defined on it."""

from __future__ import annotations

from typing import Any

import torch

from lossbench.catalog.targets import encode
from lossbench.data.table import Table
from lossbench.experiments.setup.pair import Pair


def shape_of_target(table: Table) -> dict[str, Any]:
    """What `resolve_pair` must know of a table's target: how many numbers, or whether it holds probabilities."""
    return {"targets": max(1, len(table.targets)), "soft": table.soft is not None}


def check_target(pair: Pair, table: Table) -> None:
    """Raise `UserError` where the loss is not defined on the table's values (counts, positive numbers)."""
    if not pair.task.is_classification:
        where = f"{table.name}: target {table.target_name!r}"
        values = torch.from_numpy(table.target.copy())
        encode(values, pair.encoding, name=pair.loss.name, where=where, place=table.place)
