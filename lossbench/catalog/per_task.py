"""What a loss declares for all of its tasks alike, or task by task, spelled out for every task."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from typing import Any

from lossbench.catalog.vocabulary import Space, Task

PerTask = Iterable[Space] | Mapping[Task, Iterable[Space]]
Whys = Mapping[Any, Any]  # {key: text} for all tasks alike, or {Task: {key: text}}


def per_task(spaces: PerTask, tasks: Iterable[Task]) -> dict[Task, tuple[Space, ...]]:
    """Spell out, for every task, sound spaces that were given once for all of them; a set takes `Space`'s order."""

    def ordered(some: Iterable[Space]) -> tuple[Space, ...]:
        return tuple(sorted(some, key=list(Space).index) if isinstance(some, Set) else some)

    if isinstance(spaces, Mapping):
        return {task: ordered(spaces.get(task, ())) for task in tasks}
    return dict.fromkeys(tasks, ordered(spaces))


def reasons_per_task(whys: Whys, tasks: Iterable[Task], name: str) -> dict[Task, dict[Any, str]]:
    """The same for reasons; `{loss}` in one stands for the loss's name."""
    given = {task: whys.get(task, {}) if any(isinstance(key, Task) for key in whys) else whys for task in tasks}
    return {task: {key: why.replace("{loss}", name) for key, why in some.items()} for task, some in given.items()}


def with_ordinal(declared: Any, tasks: Collection[Task]) -> Any:
    """What a loss of these tasks declares, with what it has of several classes for classes in an order too.

    A loss that declares an ordinal task itself keeps what it says.
    """
    by_task = isinstance(declared, Mapping) and Task.MULTICLASS in declared and Task.ORDINAL not in tasks
    return {**declared, Task.ORDINAL: declared[Task.MULTICLASS]} if by_task else declared
