"""How a built-in data set is declared: one decorated function that builds its table.

Its docstring is the description, and what is declared beside it (task, rows, columns, classes), known without loading
anything, is checked against the table by the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossbench.data.table import Table, Task
from lossbench.docstrings import docstring


@dataclass(frozen=True)
class Dataset:
    """A named table. `columns` counts the features before encoding; `origin` says where the numbers come from."""

    name: str
    task: Task
    rows: int
    columns: int
    classes: int  # 0 for a regression
    origin: str
    description: str
    build: Callable[[], Table]


DECLARED: dict[str, Dataset] = {}


def dataset(
    name: str, *, task: Task, rows: int, columns: int, classes: int = 0, origin: str
) -> Callable[[Callable[[], Table]], Callable[[], Table]]:
    """Declare the table that the function below builds; the first line of its docstring describes it."""

    def enter(build: Callable[[], Table]) -> Callable[[], Table]:
        description = docstring(build).partition("\n")[0].rstrip(".")
        DECLARED[name] = Dataset(name, task, rows, columns, classes, origin, description, build)
        return build

    return enter
