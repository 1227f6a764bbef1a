"""Noise matrices: row-stochastic, `matrix[k][l]` the probability that a label of class k becomes l (C classes)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lossbench.errors import UserError, counted
from lossbench.scalars import read_scalar

SLACK = 1e-6  # what a row's sum may be off 1, for probabilities that were written with six digits


def read_noise_matrix(file: str, *, where: str) -> list[list[float]]:
    """The numbers of a file, a line for each row, with commas, semicolons or blanks between; blank lines are skipped.

    Raises `UserError` for a file that is not there and for a word that is no number.
    """
    try:
        lines = Path(file).expanduser().read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "is not UTF-8 text"
        raise UserError(f"{file}: {why}", where=where, fix="name a CSV file, or give the rows as lists") from None
    return [_numbers(line, f"{file}, line {i}", where) for i, line in enumerate(lines, start=1) if line.strip()]


def _numbers(line: str, place: str, where: str) -> list[float]:
    numbers = []
    for word in re.split(r"\s*[,;]\s*|\s+", line.strip()):
        number = read_scalar(word)
        if isinstance(number, bool) or not isinstance(number, int | float):
            fix = "leave the numbers alone, without a header or row names"
            raise UserError(f"{place}: {word!r} is not a number", where=where, fix=fix)
        numbers.append(float(number))
    return numbers


def checked_noise_matrix(rows: Sequence[Sequence[float]], classes: Sequence[str], *, where: str) -> list[list[float]]:
    """The matrix with rows that sum to exactly 1, up to rounding.

    Raises `UserError` for what has not a row and a column for each class, for what is negative or not finite, and for a
    row that does not sum to 1.
    """
    of_each = f"give a row and a column for each class, in this order: {', '.join(classes)}"
    count = len(classes)
    if len(rows) != count:
        raise UserError(
            f"the noise matrix has {counted(len(rows), 'row')} for {count} classes", where=where, fix=of_each
        )
    for k, row in enumerate(rows):
        of = f"row {k + 1} of the noise matrix"
        if len(row) != count:
            raise UserError(f"{of} has {counted(len(row), 'number')} for {count} classes", where=where, fix=of_each)
        if wrong := [number for number in row if not (np.isfinite(number) and number >= 0)]:
            raise UserError(f"{of} has {wrong[0]:g}, which is no probability", where=where)
        if abs(sum(row) - 1) > SLACK:
            fix = "a row has the probabilities of what its class becomes"
            raise UserError(f"{of} sums to {sum(row):g}, not to 1", where=where, fix=fix)
    return [[number / sum(row) for number in row] for row in rows]
