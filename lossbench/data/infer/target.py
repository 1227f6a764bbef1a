"""The target column: which task it sets, and its values as class indices or numbers.

Classes are sorted, or in an order that the user or the data says; `--task ordinal` takes that of numbers by their size.

`task="auto"` reads text and booleans as classes; numbers with a fraction as a regression; whole numbers as classes if
there are at most 20 distinct ones, else as a regression. Counts are a regression too: whole numbers of which one occurs
once, and which have gaps between them or are more than 10 distinct ones; labels are mostly 0, 1, 2, ... and each comes
again. The rule looks at the values alone; a note says what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossbench.data.infer.order import ORDER, in_order, likely_order, task_in_order, unordered
from lossbench.data.infer.spellings import spelling_note
from lossbench.data.table import READ_BY_AUTO, ColumnKind, Information, Task, sorted_levels
from lossbench.deferred import np, pd
from lossbench.errors import UserError, as_flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLASSES = 20  # more distinct whole numbers than this are an amount, not a label
MOST_LABELS = 10  # of more distinct numbers, a number that occurs once is no label
FEW = 3  # values that a note lists


@dataclass(frozen=True)
class Target:
    """A target ready to train on: class index int64 into `classes`, or float64."""

    task: Task
    values: NDArray[Any]
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    description: str = ""  # what a refusal says of its values: `'y' has 13 distinct numbers`
    soft: NDArray[Any] | None = None  # [N, C], where it holds probabilities: `values` are the most probable classes
    names: tuple[str, ...] = ()  # of several numbers: `values` are [N, K]


def class_indices(column: pd.Series) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Labels sorted (numbers by size, texts by code point) and each row's index into them; no gaps allowed."""
    if pd.api.types.is_bool_dtype(column):
        return column.to_numpy(dtype=np.int64), ("False", "True")
    if pd.api.types.is_numeric_dtype(column):
        labels, index_N = np.unique(column.to_numpy(), return_inverse=True)
        return index_N.astype(np.int64), tuple(number_label(label) for label in labels)
    levels, index_N = sorted_levels(column)
    return index_N, tuple(levels)


def number_label(value: float) -> str:
    """A number as a label: 1.0 is '1'."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def label_of(category: Any) -> str:
    """A category of a typed column as the label that its class has."""
    is_number = isinstance(category, int | float | np.number) and not isinstance(category, bool)
    return number_label(category) if is_number else str(category)


def read_target(
    column: pd.Series,
    kind: ColumnKind,
    task: str,
    place: Callable[[int], str],
    *,
    order: Sequence[str] = (),
    declared_order: Sequence[str] = (),
) -> Target:
    """The target of a table without gaps in it; `place` tells a row's place in the file ("line 7").

    `order` are its classes as the user orders them, `declared_order` as the column's type does; it makes the task
    ordinal, where the user names no other, and may hold categories that do not occur. Raises `UserError` where the
    values do not fit the task, are all one, or have no such order.
    """
    name = str(column.name)
    if order and task == "regression":
        raise UserError("a regression has no classes", where=ORDER, fix="choose --task ordinal, or leave it out")
    if not order and task in ("auto", "ordinal"):
        labels = set(class_indices(column.astype(bool) if kind == "boolean" else column)[1]) if declared_order else ()
        order = [label for label in declared_order if label in labels]
    if kind == "date":
        raise UserError(f"the target {name!r} holds dates", fix="name a column of classes or numbers with --target")
    distinct = int(column.nunique())
    if distinct == 1:
        raise UserError(
            f"the target {name!r} has one value ({_label(column, kind)!r})", fix="there is nothing to learn"
        )
    if kind == "number":
        numbers = column.to_numpy(dtype=np.float64)
        whole = bool(np.all(numbers == np.floor(numbers)))
        is_open = task == "auto" and not order
        counts = _why_counts(numbers) if is_open and whole and distinct <= MOST_CLASSES else ""
        if task == "regression" or counts or (is_open and not (whole and distinct <= MOST_CLASSES)):
            why = f"{distinct} distinct values{counts}"
            notes = (f"target {name!r} read as a number ({why})",) if task == "auto" else ()
            return Target(
                "regression", numbers, (), tuple(map(Information, notes)), f"{name!r} has {distinct} distinct numbers"
            )
        if distinct > MOST_CLASSES and (not whole or distinct * 5 > len(column)):
            raise UserError(
                f"the target {name!r} has {distinct} distinct numbers", fix="did you mean --task regression?"
            )
    elif task == "regression":
        raise UserError(
            f"a regression needs numbers, but the target {name!r} has text ({place(0)}: {str(column.iloc[0])!r})",
            fix="write plain numbers, or choose --task multiclass",
        )
    elif kind == "text" and distinct > MOST_CLASSES and distinct * 2 > len(column):
        raise UserError(
            f"the target {name!r} has {distinct} distinct texts in {len(column)} rows "
            f"({place(0)}: {str(column.iloc[0])!r}), neither classes nor numbers",
            fix="write plain numbers, or name another --target",
        )
    what = f"text ({place(0)}: {str(column.iloc[0])!r})" if kind == "text" else f"{distinct} distinct {_plural(kind)}"
    description = f"{name!r} has {what}"
    return _classified(column, kind, task, description, order)


def _why_counts(numbers: NDArray[Any]) -> str:
    """Why whole numbers are counts and no labels; "" where they may be labels."""
    values, times = np.unique(numbers, return_counts=True)
    once = values[times == 1]
    gaps = float(values[-1] - values[0]) >= len(values)
    if not len(once) or len(values) <= 2 or not (gaps or len(values) > MOST_LABELS):
        return ""
    shown = ", ".join(number_label(value) for value in once[:FEW]) + (", ..." if len(once) > FEW else "")
    occur = f"{shown} occur{'s' if len(once) == 1 else ''} once"
    return f", of which {occur}: counts rather than classes; --task multiclass --min-class-rows 2 reads them as classes"


def _classified(column: pd.Series, kind: ColumnKind, task: str, description: str, order: Sequence[str]) -> Target:
    name = str(column.name)
    index_N, classes = class_indices(column.astype(bool) if kind == "boolean" else column)
    found: Task = "binary" if len(classes) == 2 else "multiclass"
    if order:
        index_N, classes = in_order(index_N, classes, order)
    if order or task == "ordinal":
        found = task_in_order(task, classes, name)
        if not order and kind == "text":
            raise unordered(classes, name)
    if task == "binary" and found != "binary":
        raise UserError(
            f"the target {name!r} has {len(classes)} classes", fix="a binary task has two: choose --task multiclass"
        )
    counts = np.bincount(index_N)
    lonely = [f"{label!r}" for label, count in zip(classes, counts, strict=True) if count == 1]
    if lonely:
        raise UserError(
            f"class{'es' if len(lonely) > 1 else ''} {', '.join(lonely[:5])} of the target {name!r} "
            f"ha{'ve' if len(lonely) > 1 else 's'} 1 row; a class needs at least 2",
            fix=(f"{READ_BY_AUTO}; else " if kind == "number" and task == "auto" and len(classes) > 2 else "")
            + "add rows, or leave such classes out with --min-class-rows 2",
        )
    plain = classes == tuple(str(i) for i in range(len(classes)))
    mapping = ", ".join(f"{label} -> {i}" for i, label in enumerate(classes[:MOST_CLASSES]))
    more = ", ..." if len(classes) > MOST_CLASSES else ""
    lowest_first = " in their order" if found == "ordinal" else ""
    notes = [] if plain and found != "ordinal" else [f"classes of {name!r}{lowest_first}: {mapping}{more}"]
    if kind == "number" and task == "auto" and found == "multiclass":
        others = "--task regression reads it as an amount, --task ordinal as classes in their order"
        notes.append(f"target {name!r} read as {len(classes)} classes ({others})")
    if found == "multiclass" and task == "auto" and (known := likely_order(classes)):
        flag = as_flag(*known)
        notes.append(f"classes of {name!r} may be in an order: {ORDER} {flag} makes the task ordinal")
    written = [note] if kind == "text" and (note := spelling_note(f"classes of {name!r}", classes)) else []
    return Target(found, index_N, classes, (*map(Information, notes), *written), description)


def _plural(kind: ColumnKind) -> str:
    return "truth values" if kind == "boolean" else "numbers"


def _label(column: pd.Series, kind: ColumnKind) -> str:
    value = column.iloc[0]
    return str(bool(value)) if kind == "boolean" else number_label(value) if kind == "number" else str(value)
