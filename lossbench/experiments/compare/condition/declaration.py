"""How a condition is declared, and what it changes: one repetition of a table's folds (N rows, F features)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench.config.commands.compare import CompareConfig
from lossbench.config.parts import Keep
from lossbench.data.splits.rows import OuterFold, RowNumbers
from lossbench.data.table import Table
from lossbench.record import ConditionRecord


@dataclass(frozen=True)
class Repetition:
    """One repetition of a table's folds, as a condition finds it and leaves it: test rows stay as they are.

    A row that one split tests on is a training row of the others. So a condition changes the rows of each fold once,
    for all splits that train on it.
    """

    table: Table
    folds: tuple[OuterFold, ...]
    seeds: tuple[int, ...]  # of each fold's split; draws are made from it and a purpose
    keep: Keep = "best"  # which epoch's weights are scored
    noise_matrix: NDArray[np.float64] | None = None  # [C, C]

    @property
    def seed(self) -> int:
        """For draws that all folds share."""
        return int(np.random.SeedSequence(self.seeds).generate_state(1)[0])

    @property
    def used(self) -> RowNumbers:
        """The rows that any split trains on."""
        return np.unique(np.concatenate([fold.train for fold in self.folds]))

    def training_rows(self) -> list[tuple[RowNumbers, int]]:
        """The rows that splits train on, in parts that each split trains on as a whole or not, with a seed for each.

        The test rows of each fold, less those that a condition excludes; in time also those before the first window.
        """
        tested = [np.intersect1d(fold.test, self.used) for fold in self.folds]
        rest = np.setdiff1d(self.used, np.concatenate(tested))
        parts = zip([*tested, rest], [*self.seeds, self.seed], strict=True)
        return [(rows, seed) for rows, seed in parts if len(rows)]

    def training_mean(self, values: NDArray[Any]) -> float:
        """The mean of values [N] or [N, F] over training parts, mean over the splits; NaN is left out."""
        return float(np.mean([np.nanmean(values[fold.train]) for fold in self.folds]))

    def with_rows(self, kept: RowNumbers) -> Repetition:
        """Training parts that have only these rows."""
        return replace(self, folds=tuple(replace(f, train=np.intersect1d(f.train, kept)) for f in self.folds))

    def with_target(self, target: NDArray[Any]) -> Repetition:
        """Another target to train on; the one before any condition is that of test parts."""
        clean = self.table.target if self.table.clean_target is None else self.table.clean_target
        return replace(self, table=replace(self.table, target=target, clean_target=clean))

    def with_features(self, features: pd.DataFrame) -> Repetition:
        """Other features to train on; those before any condition are those of test parts."""
        clean = self.table.features if self.table.clean_features is None else self.table.clean_features
        return replace(self, table=replace(self.table, features=features, clean_features=clean))


Changed = tuple[Repetition, float]  # with the realised level


@dataclass(frozen=True)
class Condition:
    """A declaration: words, what a level does to a repetition of the folds, and which tables it is of no use for."""

    words: ConditionRecord
    changes: Literal["rows", "targets", "features", "training"]
    change: Callable[[Repetition, float], Changed]
    lacking: Callable[[Table], str]  # what it needs that a table has not; "" where it can be applied
    protocol: str  # what is done, as a sentence of the protocol; `{noise_matrix}` is the gap for it
    parameter: str = ""  # the config's key that says how, besides the levels

    @property
    def name(self) -> str:
        """Of its key in the config."""
        return self.words.name

    def levels(self, config: CompareConfig) -> list[float]:
        """The levels that a config names."""
        return [self.words.level(value) for value in getattr(config.conditions, self.name)]

    def record(self, config: CompareConfig) -> ConditionRecord:
        """The words of the condition, with the config's levels."""
        return self.words.model_copy(update={"levels": self.levels(config)})

    def is_applied(self, config: CompareConfig) -> bool:
        """Whether any level changes something."""
        return any(level != self.words.reference for level in self.levels(config))


def lacks_nothing(table: Table) -> str:
    """Every table will do."""
    return ""


def lacks_classes(table: Table) -> str:
    """A table needs a class of each row."""
    if table.task == "regression":
        return f"needs classes, and {table.name} is a regression"
    return "" if table.soft is None else f"needs a class of each row, and {table.name} has probabilities as target"


def lacks_values(table: Table) -> str:
    """A table needs numbers as target."""
    return "" if table.task == "regression" else f"needs a regression, and {table.name} is a {table.task}"
