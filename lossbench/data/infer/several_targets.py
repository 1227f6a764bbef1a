"""Several target columns: probabilities of the classes (soft targets), or several numbers.

`task="auto"` reads columns that are nowhere negative and sum to 1 in every row as probabilities, else as numbers;
another task says which. N rows, C classes, which are the columns, or K numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lossbench.data.infer.order import in_order, task_in_order
from lossbench.data.infer.target import Target
from lossbench.data.table import ColumnKind, Information
from lossbench.deferred import np, pd
from lossbench.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Twenty probabilities written with four decimals miss 1 by 20 * 0.00005 at most. A row that misses it by more is no
# row of probabilities; none is ever divided by its sum.
SUM_SLACK = 1e-3 + 1e-9


def read_targets(
    columns: Sequence[pd.Series],
    kinds: Mapping[str, ColumnKind],
    task: str,
    place: Callable[[int], str],
    *,
    order: Sequence[str] = (),
) -> Target:
    """The target in several columns without gaps; `place` tells a row's place in the file ("line 7").

    An ordinal task's classes are in the order of the columns, or in that of `order`. Raises `UserError` for what is no
    number, where the task wants probabilities and a row has none, and for a target that is constant.
    """
    names = tuple(str(column.name) for column in columns)
    if order:
        places, names = in_order(np.arange(len(names)), names, order)
        columns = [columns[k] for k in np.argsort(places)]
        task = task_in_order(task, names, ", ".join(names)) if task != "regression" else task
    for name in names:
        if kinds[name] not in ("number", "boolean"):
            fix = "several targets are numbers or probabilities; name one column of classes"
            raise UserError(f"column {name!r} of the target holds {kinds[name]} values", fix=fix)
    values = np.stack([column.to_numpy(dtype=np.float64) for column in columns], axis=1)
    wrong = "" if task == "regression" else _no_probabilities(values, names, place)
    listed = ", ".join(names)
    if task == "regression" or (task == "auto" and wrong):
        near = bool(((values >= 0) & (values <= 1)).all())
        why = f": {wrong}; --task multiclass wants probabilities" if near and task == "auto" else ""
        of_numbers = Information(f"targets {listed} read as {len(names)} numbers{why}")
        return _numbers(values, names, (of_numbers,) if task == "auto" else (), why)
    if wrong:
        raise UserError(f"{wrong}, where a {task} target of several columns holds probabilities", fix=_FIX)
    classes = 2 if task == "binary" else len(names)
    if classes != len(names):
        raise UserError(f"a binary target has two columns of probabilities, not {len(names)}", fix="--task multiclass")
    most = values.argmax(axis=1)
    if bool((values == values[:1]).all()):
        raise UserError(f"the target {listed} has the same probabilities in every row", fix="there is nothing to learn")
    note = f"targets {listed} read as probabilities of {len(names)} classes: each row sums to 1"
    note += " (--task regression reads them as numbers)" if task == "auto" else ""
    found = "binary" if len(names) == 2 else "multiclass"
    if task == "ordinal":
        found = task_in_order(task, names, listed)
    return Target(
        found,  # type: ignore[arg-type]
        most.astype(np.int64),
        names,
        (Information(note),),
        f"{listed} are probabilities",
        soft=values,
    )


_FIX = "write probabilities that sum to 1, or read the columns as numbers with --task regression"


def _no_probabilities(values: NDArray[Any], names: Sequence[str], place: Callable[[int], str]) -> str:
    """The first row that holds no probabilities, in words; "" where there is none."""
    negative = np.asarray((values < 0).any(axis=1))
    total = values.sum(axis=1)
    wrong = np.flatnonzero(negative | ~(np.abs(total - 1) <= SUM_SLACK))
    if not len(wrong):
        return ""
    row, s = int(wrong[0]), f" ({len(wrong)} such rows)" if len(wrong) > 1 else ""
    if negative[row]:
        column = int(np.argmax(values[row] < 0))
        return f"column {names[column]!r} is negative in {place(row)}: {values[row, column]:g}{s}"
    return f"{', '.join(names)} sum to {total[row]:g} in {place(row)}{s}"


def _numbers(values: NDArray[Any], names: tuple[str, ...], notes: tuple[str, ...], why: str) -> Target:
    """Several numbers; `why`: what they lack to be probabilities, where they look like such."""
    for k, name in enumerate(names):
        if bool((values[:, k] == values[0, k]).all()):
            fix = "there is nothing to learn: leave it out"
            raise UserError(f"the target {name!r} has one value ({values[0, k]:g})", fix=fix)
    return Target("regression", values, (), notes, f"{', '.join(names)} are numbers{why}", names=names)


def parts(target: Target) -> list[Target]:
    """One target for each of several numbers, for whoever looks at them one by one; else the target itself."""
    if not target.names:
        return [target]
    return [Target("regression", target.values[:, k], (), (), name) for k, name in enumerate(target.names)]
