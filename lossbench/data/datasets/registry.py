"""How a built-in data set is declared: what it is, and the function that builds its table.

Whatever is declared (task, rows, columns, classes, traits) is known without loading anything, and is checked against
the table by the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lossbench.data.datasets.sources import StoredFile
from lossbench.data.table import Table, Task
from lossbench.docstrings import docstring

Trait = Literal["gaps", "text", "groups", "count", "skewed"]
GENERATED = "generated"


@dataclass(frozen=True)
class Dataset:
    """A named table.

    `columns` counts the features before encoding; `origin` says where the numbers come from. `rarest` is the number of
    rows of the smallest class, 0 for a regression. `order` has the classes of an ordinal task, lowest first. `traits`:
    "gaps" and "text" among the features; "groups", whose rows stay in one part of a split; a target that is a "count",
    or "skewed" (its third standardised moment exceeds 2). `excluded` says of columns of the
    file why they are no features. `metric` is the one that the table is usually scored by; `licence` is what the source
    says of it. `file` is where the table is stored, None where it is generated.
    """

    name: str
    task: Task
    rows: int
    columns: int
    classes: int  # 0 for a regression
    origin: str
    description: str
    build: Callable[[], Table]
    target: str = "y"
    rarest: int = 0
    metric: str = ""
    order: tuple[str, ...] = ()
    traits: tuple[Trait, ...] = ()
    excluded: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    file: StoredFile | None = None

    @property
    def is_real(self) -> bool:
        """Whether it was measured, and not made by a formula."""
        return self.file is not None

    @property
    def is_missing(self) -> bool:
        """Whether its file has to be installed or fetched first."""
        return self.file is not None and not self.file.is_here

    @property
    def is_fetched(self) -> bool:
        """Whether it is in no package that `lossbench[tables]` installs, and has to be fetched."""
        return self.file is not None and self.file.source.must_be_fetched

    @property
    def remedy(self) -> str:
        """The command that brings its file; "" for one that is always here."""
        return self.file.source.remedy(self.name) if self.file is not None else ""


DECLARED: dict[str, Dataset] = {}


def declare(entry: Dataset) -> None:
    """Enter a data set; a name can be taken once."""
    if entry.name in DECLARED:
        raise ValueError(f"data set {entry.name!r} is declared twice")
    DECLARED[entry.name] = entry


def usual_metric(task: Task) -> str:
    """What a table of the task is scored by where nothing else is usual."""
    return {"regression": "rmse", "ordinal": "quadratic_kappa"}.get(task, "accuracy")


def generated(
    name: str,
    *,
    task: Task,
    rows: int,
    columns: int,
    classes: int = 0,
    rarest: int = 0,
    order: tuple[str, ...] = (),
    metric: str = "",
) -> Callable[[Callable[[], Table]], Callable[[], Table]]:
    """Declare the table that the function below makes; the first line of its docstring describes it."""

    def enter(build: Callable[[], Table]) -> Callable[[], Table]:
        description = docstring(build).partition("\n")[0].rstrip(".")
        declare(
            Dataset(
                name,
                task,
                rows,
                columns,
                classes,
                GENERATED,
                description,
                build,
                rarest=rarest,
                order=order,
                metric=metric or usual_metric(task),
            )
        )
        return build

    return enter
