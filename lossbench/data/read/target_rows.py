"""The rows that are kept for their target: those that have one, of classes that are large enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lossbench.data.source import DataSource
from lossbench.deferred import np, pd
from lossbench.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rows_with_target(
    targets: Sequence[pd.Series], source: DataSource, place: Callable[[int], str], notes: list[str]
) -> NDArray[Any]:
    """The rows without a gap in any target; `UserError` where others are not to be left out."""
    gaps = np.any([target.isna().to_numpy() for target in targets], axis=0)
    missing = int(gaps.sum())
    if missing and not source.drop_missing_target:
        s, have = ("", "has") if missing == 1 else ("s", "have")
        raise UserError(
            f"{missing} row{s} {have} no target (the first is {place(int(np.flatnonzero(gaps)[0]))})",
            fix="fill them in, or leave them out with --drop-missing-target",
        )
    if missing:
        notes.append(f"{missing} row{'s' if missing > 1 else ''} without a target excluded")
    return np.flatnonzero(~gaps)


def rows_of_large_classes(target: pd.Series, rows: NDArray[Any], source: DataSource, notes: list[str]) -> NDArray[Any]:
    """Those of the rows whose class has as many rows as the source wants."""
    if source.min_class_rows is None or source.task == "regression":
        return rows
    values = target.iloc[rows]
    counts = values.map(values.value_counts()).to_numpy()
    small = counts < source.min_class_rows
    if small.any():
        labels = sorted({str(label) for label in values[small]})
        notes.append(f"classes of fewer than {source.min_class_rows} rows excluded: {', '.join(labels)}")
    return rows[~small]
