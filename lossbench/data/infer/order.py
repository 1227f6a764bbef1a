"""The order of classes: said by the user or by the data; where neither does, words that look like one are hinted at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lossbench.data.table import Task
from lossbench.deferred import np
from lossbench.errors import UserError, as_flag, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORDER = "--order"
# Words of one scale, lowest first. A hint is all that they are good for: "first" may be a rank or a class of travel.
SCALES = tuple(
    tuple(scale.split(", "))
    for scale in (
        "very low, low, medium low, medium, moderate, medium high, high, very high",
        "low, mid, high",
        "extra small, very small, small, medium, large, very large, extra large",
        "xxs, xs, s, m, l, xl, xxl",
        "very poor, poor, fair, average, good, very good, excellent",
        "very bad, bad, average, good, very good",
        "strongly disagree, disagree, neutral, agree, strongly agree",
        "never, rarely, sometimes, often, usually, always",
        "none, mild, moderate, severe, very severe",
        "very dissatisfied, dissatisfied, neutral, satisfied, very satisfied",
        "unacc, acc, good, vgood",
        "beginner, intermediate, advanced, expert",
        "bronze, silver, gold, platinum",
    )
)


def likely_order(classes: Sequence[str]) -> tuple[str, ...]:
    """The classes in the order of a scale that has all of their words; () where none has, or there are two only."""
    plain = {" ".join(label.lower().replace("_", " ").replace("-", " ").split()): label for label in classes}
    if len(plain) != len(classes) or len(classes) < 3:
        return ()
    scale = next((scale for scale in SCALES if plain.keys() <= set(scale)), ())
    return tuple(plain[word] for word in scale if word in plain)


def in_order(
    index_N: NDArray[Any], classes: Sequence[str], order: Sequence[str], *, where: str = ORDER
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Class indices into `order` instead of `classes`; `UserError` for an order that is none of these classes."""
    fix = "name every class once, lowest first"
    for label, times in Counter(order).items():
        if label not in classes:
            raise unknown("class", label, classes, where=where)
        if times > 1:
            raise UserError(f"class {label!r} comes {times} times", where=where, fix=fix)
    missing = [label for label in classes if label not in order]
    if missing:
        s = "" if len(missing) == 1 else "es"
        raise UserError(f"class{s} {', '.join(map(repr, missing[:5]))} not in it", where=where, fix=fix)
    place = np.array([order.index(label) for label in classes])
    return place[index_N], tuple(order)


def task_in_order(task: str, classes: Sequence[str], name: str) -> Task:
    """The task of a target whose classes have an order, given the task that was asked for ("auto": none).

    Raises `UserError` where a task has no order, or the classes are two, which any order makes a binary task.
    """
    if task == "multiclass":
        raise UserError("a multiclass task has no order", where=ORDER, fix="choose --task ordinal, or leave it out")
    if len(classes) > 2:
        return "ordinal"
    if task == "ordinal":
        raise UserError(f"the target {name!r} has two classes", fix="an ordinal task has three or more: --task binary")
    return "binary"


def unordered(classes: Sequence[str], name: str) -> UserError:
    """What is said where the task is ordinal and nothing says the order of its classes."""
    known = likely_order(classes)
    shown = ", ".join(map(repr, classes[:5])) + (", ..." if len(classes) > 5 else "")
    example = as_flag(*known) if known else "LOWEST,...,HIGHEST"
    return UserError(
        f"the classes of {name!r} are texts, and nothing says their order ({shown})", fix=f"name it: {ORDER} {example}"
    )
