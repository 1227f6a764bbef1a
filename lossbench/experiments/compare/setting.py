"""The design of a comparison: everything that all losses share, drawn before any of them is trained.

Per (repeat, fold) one outer training part with an inner validation part inside, one test part, and one seed, from which
first weights and batch orders follow. No loss has a say in any of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossbench.catalog.vocabulary import Task
from lossbench.config.parts import DataConfig
from lossbench.data.split import OuterFold
from lossbench.data.table import Table
from lossbench.experiments.compare.conditions import SplitTable, change, mean_realised
from lossbench.experiments.setup.prepared_split import PreparedSplit, prepare_split, same_width
from lossbench.record import Levels

NOTHING: Levels = {}  # no condition: the table as it is


@dataclass(frozen=True)
class Setting:
    """One table at one level of each condition, split and prepared: where every loss meets the others.

    J splits: `inner[j]` has the parts train and validation, `outer[j]` train (both inner parts) and test.
    """

    table: Table
    condition: Levels
    realised: Levels  # what came of the condition's levels, mean over splits
    folds: tuple[OuterFold, ...]  # as they are under the condition
    seeds: tuple[int, ...]
    inner: tuple[PreparedSplit, ...]
    outer: tuple[PreparedSplit, ...]

    @property
    def task(self) -> Task:
        """What is predicted."""
        return Task(self.table.task)


def split_seed(seed: int, repeat: int, fold: int) -> int:
    """The seed of one split's first weights and batch orders, the same for every loss and learning rate."""
    return int(np.random.SeedSequence([seed, repeat, fold]).generate_state(1)[0])


def changed_splits(
    table: Table, folds: Sequence[OuterFold], *, seed: int, condition: Levels
) -> list[tuple[SplitTable, dict[str, float]]]:
    """Every split under a condition, and what was realised of it; the same for every loss."""
    splits = [SplitTable(table, fold, split_seed(seed, fold.repeat, fold.fold)) for fold in folds]
    return [change(split, condition) for split in splits]


def prepare_setting(
    table: Table, folds: Sequence[OuterFold], *, data: DataConfig, seed: int, condition: Levels = NOTHING
) -> Setting:
    """Prepare every split of a table under a condition; whatever is fitted sees training rows only.

    A condition changes whole outer training parts, so that inner validation parts are as a user's would be; test parts
    stay as they are.
    """
    inner, outer, folds_there, each = [], [], [], []
    for split, realised in changed_splits(table, folds, seed=seed, condition=condition):
        fold = split.fold
        parts = {"train": fold.inner_train, "validation": fold.inner_validation}
        inner.append(prepare_split(split.table, parts, data=data))
        outer.append(prepare_split(split.table, {"train": fold.train, "test": fold.test}, data=data))
        folds_there.append(fold)
        each.append(realised)
    prepared = same_width([*inner, *outer])
    inner, outer = prepared[: len(folds)], prepared[len(folds) :]
    seeds = tuple(split_seed(seed, fold.repeat, fold.fold) for fold in folds)
    return Setting(table, dict(condition), mean_realised(each), tuple(folds_there), seeds, tuple(inner), tuple(outer))
