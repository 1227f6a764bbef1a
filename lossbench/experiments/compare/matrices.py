"""The cross-loss matrix of a setting, each loss's values from where its code may run."""

from __future__ import annotations

from dataclasses import replace

from lossbench.experiments.compare.block import MatrixBlock, matrix
from lossbench.workers.alone import alone

Matrix = list[list[float | None]]


def matrix_by_file(block: MatrixBlock) -> Matrix:
    """For every loss's nets the mean test value under every loss.

    A column needs the code of one loss only. Those of a user's file come from a process of their own, and are empty
    (None) where that fails.
    """
    found: Matrix = [[None] * len(block.losses) for _ in block.predicted]
    for file in dict.fromkeys(block.files):
        columns = [column for column, own in enumerate(block.files) if own == file]
        part = replace(block, losses=[block.losses[column] for column in columns], files=[])
        try:
            values = alone(matrix, part) if file else matrix(part)
        except Exception:  # a user's own loss on outputs that it was not trained on
            if not file:
                raise
            continue
        for row, some in zip(found, values, strict=True):
            for column, value in zip(columns, some, strict=True):
                row[column] = value
    return found
