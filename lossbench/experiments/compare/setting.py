"""The design of a comparison: everything that all losses share, drawn before any of them is trained.

Per (repeat, fold) one training part, one test part, and one seed, from which first weights and batch orders follow; per
pair of folds one inner training part, on which trials are trained. No loss has a say in any of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lossbench.catalog.vocabulary import Task
from lossbench.config.data import DataConfig
from lossbench.config.parts import Keep
from lossbench.data.splits.rows import InnerFold, OuterFold
from lossbench.data.splits.scheme import inner_folds_of
from lossbench.data.table import Table
from lossbench.experiments.compare.condition.declaration import Repetition
from lossbench.experiments.compare.conditions import change, changing_rows, mean_realised
from lossbench.experiments.setup.prepared_split import PreparedSplit, prepare_split, same_width
from lossbench.record import Levels

NoiseMatrix = Sequence[Sequence[float]]
NOTHING: Levels = {}  # no condition: the table as it is


@dataclass(frozen=True)
class Setting:
    """One table at one level of each condition, split and prepared: where all losses are compared.

    J splits: `outer[j]` has the parts train and test, `inner[i]` those of `pairs[i]`: train, and as validation the test
    rows of its first and of its second split, one behind the other.
    """

    table: Table
    condition: Levels
    realised: Levels  # what came of the condition's levels, mean over repetitions
    folds: tuple[OuterFold, ...]  # as they are under the condition
    pairs: tuple[InnerFold, ...]
    seeds: tuple[int, ...]
    inner_seeds: tuple[int, ...]
    inner: tuple[PreparedSplit, ...]
    outer: tuple[PreparedSplit, ...]
    keep: Keep = "best"  # which epoch's weights are scored: the best one of the inner folds, or the last

    @property
    def task(self) -> Task:
        """What is predicted."""
        return Task(self.table.task)

    def validates(self, split: int) -> list[int]:
        """The inner folds that the choice for a split is made on."""
        return [i for i, pair in enumerate(self.pairs) if split in {pair.first, pair.second}]

    def validation_size(self, number: int, half: int) -> float:
        """What an inner fold's validation rows for one of its two splits count together: their number, or the sum of
        their weights."""
        first = len(self.pairs[number].validation[0])
        rows = slice(0, first) if half == 0 else slice(first, None)
        weight_N = self.inner[number].weight_N.get("validation")
        return len(self.pairs[number].validation[half]) if weight_N is None else float(weight_N[rows].sum())


def split_seed(seed: int, repeat: int, *folds: int) -> int:
    """The seed of the first weights and batch orders where one fold or a pair of them is excluded, the same for every
    loss and learning rate."""
    return int(np.random.SeedSequence([seed, repeat, *folds]).generate_state(1)[0])


def changed_folds(table: Table, folds: Sequence[OuterFold], *, seed: int, condition: Levels) -> list[OuterFold]:
    """The folds with the rows that a condition leaves them; the same for every loss."""
    each = _changed(table, folds, seed, changing_rows(condition))
    return [fold for whole, _ in each for fold in whole.folds]


def prepare_setting(
    table: Table,
    folds: Sequence[OuterFold],
    *,
    data: DataConfig,
    seed: int,
    partners: int,
    condition: Levels = NOTHING,
    noise_matrix: NoiseMatrix | None = None,
) -> Setting:
    """Prepare every split of a table under a condition; whatever is fitted sees training rows only.

    A condition changes whole training parts, so that inner folds are as a user's would be; test parts stay as they are.
    `partners` is that of `inner_folds_of`, `noise_matrix` [C, C] that of the condition which needs one. The splits of
    one repetition have one width of inputs. Where repetitions differ in it (a level of a text that is rare) they cannot
    be in one setting, which is a `ValueError`.
    """
    repeats = sorted({fold.repeat for fold in folds})
    each = [
        prepare_repetition(
            table,
            [fold for fold in folds if fold.repeat == repeat],
            data=data,
            seed=seed,
            partners=partners,
            condition=condition,
            noise_matrix=noise_matrix,
        )
        for repeat in repeats
    ]
    (setting,) = joined(each)
    return setting


def prepare_repetition(
    table: Table,
    folds: Sequence[OuterFold],
    *,
    data: DataConfig,
    seed: int,
    partners: int,
    condition: Levels = NOTHING,
    noise_matrix: NoiseMatrix | None = None,
) -> Setting:
    """One repetition of a setting, which depends on no other one."""
    ((whole, realised),) = _changed(table, folds, seed, condition, noise_matrix)
    pairs = tuple(inner_folds_of(table, whole.folds, partners))
    outer = [prepare_split(whole.table, {"train": f.train, "test": f.test}, data=data) for f in whole.folds]
    inner = [
        prepare_split(whole.table, {"train": p.train, "validation": np.concatenate(p.validation)}, data=data)
        for p in pairs
    ]
    prepared = same_width([*outer, *inner])
    return Setting(
        table,
        dict(condition),
        realised,
        whole.folds,
        pairs,
        tuple(split_seed(seed, fold.repeat, fold.fold) for fold in whole.folds),
        tuple(split_seed(seed, p.repeat, whole.folds[p.first].fold, whole.folds[p.second].fold) for p in pairs),
        inner=tuple(prepared[len(outer) :]),
        outer=tuple(prepared[: len(outer)]),
        keep=whole.keep,
    )


def joined(repetitions: Sequence[Setting]) -> list[Setting]:
    """Repetitions of one setting as one, so that their nets train together; one for each width of inputs."""
    by_width: dict[int, list[Setting]] = {}
    for repetition in repetitions:
        by_width.setdefault(repetition.inner[0].inputs, []).append(repetition)
    return [_joined(same) for same in by_width.values()]


def _joined(repetitions: Sequence[Setting]) -> Setting:
    if len(repetitions) == 1:
        return repetitions[0]
    starts = np.cumsum([0, *(len(one.folds) for one in repetitions)]).tolist()
    pairs = [
        replace(pair, first=start + pair.first, second=start + pair.second)
        for start, one in zip(starts, repetitions, strict=False)
        for pair in one.pairs
    ]
    return replace(
        repetitions[0],
        realised=mean_realised([one.realised for one in repetitions]),
        folds=tuple(fold for one in repetitions for fold in one.folds),
        pairs=tuple(pairs),
        seeds=tuple(seed for one in repetitions for seed in one.seeds),
        inner_seeds=tuple(seed for one in repetitions for seed in one.inner_seeds),
        inner=tuple(split for one in repetitions for split in one.inner),
        outer=tuple(split for one in repetitions for split in one.outer),
    )


def _changed(
    table: Table, folds: Sequence[OuterFold], seed: int, condition: Levels, noise_matrix: NoiseMatrix | None = None
) -> list[tuple[Repetition, dict[str, float]]]:
    changed = []
    matrix_CC = None if noise_matrix is None else np.array(noise_matrix)
    for repeat in sorted({fold.repeat for fold in folds}):
        own = tuple(fold for fold in folds if fold.repeat == repeat)
        seeds = tuple(split_seed(seed, fold.repeat, fold.fold) for fold in own)
        changed.append(change(Repetition(table, own, seeds, noise_matrix=matrix_CC), condition))
    return changed
