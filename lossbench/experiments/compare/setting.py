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
from lossbench.data.label_noise import label_noise
from lossbench.data.split import OuterFold
from lossbench.data.table import Table
from lossbench.experiments.setup.prepared_split import PreparedSplit, prepare_split, same_width


@dataclass(frozen=True)
class Arena:
    """One table at one level of label noise, split and prepared: where every loss meets the others.

    J splits: `inner[j]` has the parts train and validation, `outer[j]` train (both inner parts) and test.
    """

    table: Table
    noise: float
    realised: float  # the share of wrong labels in the training parts, mean over splits
    folds: tuple[OuterFold, ...]
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


def prepare_arena(table: Table, folds: Sequence[OuterFold], *, data: DataConfig, seed: int, noise: float) -> Arena:
    """Prepare every split of a table; whatever is fitted sees training rows only.

    Label noise strikes whole outer training parts, so the inner validation labels are as noisy as a user's would be;
    test labels stay clean. The same rows are struck first at every level of noise.
    """
    seeds = tuple(split_seed(seed, fold.repeat, fold.fold) for fold in folds)
    inner, outer, realised = [], [], []
    for fold, own in zip(folds, seeds, strict=True):
        target, share = None, 0.0
        if noise > 0:
            target, share = label_noise(table.target, len(table.classes), noise, own, fold.train)
        realised.append(share)
        parts = {"train": fold.inner_train, "validation": fold.inner_validation}
        inner.append(prepare_split(table, parts, data=data, target=target))
        outer.append(prepare_split(table, {"train": fold.train, "test": fold.test}, data=data, target=target))
    prepared = same_width([*inner, *outer])
    inner, outer = prepared[: len(folds)], prepared[len(folds) :]
    return Arena(table, noise, float(np.mean(realised)), tuple(folds), seeds, tuple(inner), tuple(outer))
