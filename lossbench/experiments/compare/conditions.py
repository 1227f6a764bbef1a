"""What a comparison can vary besides the losses. One entry of `CONDITIONS` is all that a new condition needs.

A condition changes the training part of a split, never its test part: its rows, its targets, or its features. Its
levels are the config's key of its name (`CompareConfig` says what that key takes), its words and its plot travel in the
record. Several conditions make a grid: every combination of their levels is a setting of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lossbench.catalog.vocabulary import Task
from lossbench.config.schema import CompareConfig
from lossbench.data.label_noise import label_noise
from lossbench.data.split import OuterFold, generator
from lossbench.data.subset import growing_subset
from lossbench.data.table import Table
from lossbench.errors import UserError
from lossbench.record import ConditionRecord, Levels, levels_text


@dataclass(frozen=True)
class SplitTable:
    """One split of a table, as a condition finds it and leaves it: the fold's test rows are as they were."""

    table: Table
    fold: OuterFold
    seed: int  # of the split; draws are made from it and a purpose


@dataclass(frozen=True)
class Condition:
    """A declaration: words, tasks, and what a level does to a split."""

    words: ConditionRecord
    tasks: frozenset[Task]
    needs: str  # what the task must have, for a refusal
    change: Callable[[SplitTable, float], tuple[SplitTable, float]]  # with the realised level
    protocol: str  # what is done, as a sentence of the protocol

    @property
    def name(self) -> str:
        """Of its key in the config."""
        return self.words.name

    def levels(self, config: CompareConfig) -> list[float]:
        """The levels that a config asks for."""
        return list(getattr(config, self.name))

    def record(self, config: CompareConfig) -> ConditionRecord:
        """The words of the condition, with the config's levels."""
        return self.words.model_copy(update={"levels": self.levels(config)})

    def is_applied(self, config: CompareConfig) -> bool:
        """Whether any level changes something."""
        return any(level != self.words.reference for level in self.levels(config))


def _use_share(split: SplitTable, share: float) -> tuple[SplitTable, float]:
    """The same share of both inner parts, so that what validates at a small share validates at a large one too."""
    fold = split.fold
    inner = [
        growing_subset(split.table, rows, share, generator(split.seed, "train share", part), what=f"{part} rows")
        for part, rows in (("inner training", fold.inner_train), ("inner validation", fold.inner_validation))
    ]
    train = np.union1d(*inner)
    smaller = replace(fold, train=train, inner_train=inner[0], inner_validation=inner[1])
    return replace(split, fold=smaller), len(train) / len(fold.train)


def _corrupt_labels(split: SplitTable, rate: float) -> tuple[SplitTable, float]:
    """Whole outer training parts, so that the inner validation labels are as noisy as a user's would be."""
    table = split.table
    target, share = label_noise(table.target, len(table.classes), rate, split.seed, split.fold.train)
    return replace(split, table=replace(table, target=target)), share


# In the order in which they are applied: which rows there are comes before what is done to them.
CONDITIONS = (
    Condition(
        ConditionRecord(
            name="train_share",
            label="training-set size",
            reference=1.0,
            reference_text="all training rows",
            level_text="{level} of the training rows",
            harsher="lower",
            plot="learning-curve",
            plot_title="Learning curve: test score by training-set size",
            plot_note="Test parts are the same at every size.",
            axis_label="share of the training rows used",
            axis_scale="log",
        ),
        tasks=frozenset(Task),
        needs="rows",
        change=_use_share,
        protocol="Training-set size: a share of each training part is used, stratified by class, and of its inner parts"
        " the same share; test parts stay whole. The same rows are used for every loss, those of a smaller share among"
        " those of a larger one.",
    ),
    Condition(
        ConditionRecord(
            name="label_noise",
            label="label noise",
            reference=0.0,
            reference_text="clean labels",
            level_text="{level} label noise",
            harsher="higher",
            realised_text="{share} of the training labels changed",
            plot="robustness",
            plot_title="Robustness to label noise",
            plot_note="Test labels are always clean.",
            axis_label="share of the training labels changed",
        ),
        tasks=frozenset({Task.BINARY, Task.MULTICLASS}),
        needs="classes",
        change=_corrupt_labels,
        protocol="Label noise: a share of the training labels, validation inside included, is exchanged for another"
        " class, all equally likely; test labels stay clean. The same rows are struck for every loss.",
    ),
)


def applied(config: CompareConfig) -> list[Condition]:
    """The conditions that a config varies, or holds at a level that changes something."""
    return [condition for condition in CONDITIONS if condition.is_applied(config)]


def grid(config: CompareConfig) -> list[dict[str, float]]:
    """Every combination of the applied conditions' levels; without any, the one that changes nothing."""
    conditions = applied(config)
    combinations = itertools.product(*(condition.levels(config) for condition in conditions))
    return [dict(zip((c.name for c in conditions), levels, strict=True)) for levels in combinations]


def change(split: SplitTable, levels: Levels) -> tuple[SplitTable, dict[str, float]]:
    """A split at these levels, and what was realised of each."""
    realised = {}
    for condition in CONDITIONS:
        if condition.name in levels:
            level = levels[condition.name]
            realised[condition.name] = level
            if level != condition.words.reference:
                split, realised[condition.name] = condition.change(split, level)
    return split, realised


def words(levels: Iterable[str]) -> list[ConditionRecord]:
    """The words of the conditions with these names."""
    names = set(levels)
    return [condition.words for condition in CONDITIONS if condition.name in names]


def setting_name(name: str, levels: Levels) -> str:
    """`titanic`, `titanic (20% label noise)`: a name with the levels that change something."""
    text = levels_text(words(levels), levels)
    return f"{name} ({text})" if text else name


def check_tasks(config: CompareConfig, tables: Sequence[Table]) -> None:
    """Raise `UserError` for a condition that a table's task has no use for."""
    for condition in applied(config):
        for table in tables:
            if Task(table.task) not in condition.tasks:
                raise UserError(
                    f"{condition.words.label} needs {condition.needs}, and {table.name} is a {table.task}",
                    where=condition.name,
                    fix=f"use {condition.words.reference:g}",
                )


def mean_realised(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What was realised of each condition, mean over the splits."""
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]}
