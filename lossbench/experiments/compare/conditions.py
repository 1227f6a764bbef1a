"""What a comparison can vary besides the losses. One entry of `CONDITIONS` is all that a new condition needs.

A condition changes the training parts of splits, never their test parts: their rows, targets or features; or the rule
by which nets are trained on them. Its levels are the config's key of its name (`CompareConfig` says what that key
takes), its words and its plot travel in the record. Several conditions make a grid: every combination of their levels
is a setting of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.parts import Keep
from lossbench.data.label_noise import label_noise
from lossbench.data.splits.rows import OuterFold, RowNumbers
from lossbench.data.subset import growing_subset
from lossbench.data.table import Table
from lossbench.errors import UserError
from lossbench.random_streams import generator
from lossbench.record import ConditionRecord, Levels, levels_text


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

    def training_rows(self) -> list[tuple[RowNumbers, int]]:
        """The rows that splits train on, in parts that each split trains on as a whole or not, with a seed for each.

        The test rows of each fold, less those that a condition excludes; in time also those before the first window.
        """
        used = np.unique(np.concatenate([fold.train for fold in self.folds]))
        tested = [np.intersect1d(fold.test, used) for fold in self.folds]
        rest = np.setdiff1d(used, np.concatenate(tested))
        seed = int(np.random.SeedSequence(self.seeds).generate_state(1)[0])
        return [(rows, seed) for rows, seed in zip([*tested, rest], [*self.seeds, seed], strict=True) if len(rows)]


@dataclass(frozen=True)
class Condition:
    """A declaration: words, tasks, and what a level does to a repetition of the folds."""

    words: ConditionRecord
    tasks: frozenset[Task]
    needs: str  # what the task must have, for a refusal
    change: Callable[[Repetition, float], tuple[Repetition, float]]  # with the realised level
    protocol: str  # what is done, as a sentence of the protocol

    @property
    def name(self) -> str:
        """Of its key in the config."""
        return self.words.name

    def levels(self, config: CompareConfig) -> list[float]:
        """The levels that a config names."""
        return [self.words.level(value) for value in getattr(config, self.name)]

    def record(self, config: CompareConfig) -> ConditionRecord:
        """The words of the condition, with the config's levels."""
        return self.words.model_copy(update={"levels": self.levels(config)})

    def is_applied(self, config: CompareConfig) -> bool:
        """Whether any level changes something."""
        return any(level != self.words.reference for level in self.levels(config))


def _use_share(whole: Repetition, share: float) -> tuple[Repetition, float]:
    """The same share of every fold, so that inner folds are as small as training parts."""
    kept = np.concatenate(
        [
            growing_subset(whole.table, rows, share, generator(seed, "train share"), what="rows of a fold")
            for rows, seed in whole.training_rows()
        ]
    )
    folds = tuple(replace(fold, train=np.intersect1d(fold.train, kept)) for fold in whole.folds)
    before = sum(len(fold.train) for fold in whole.folds)
    return replace(whole, folds=folds), sum(len(fold.train) for fold in folds) / before


def _corrupt_labels(whole: Repetition, rate: float) -> tuple[Repetition, float]:
    """The same share of every fold, so that labels of the inner folds are as noisy as a user's would be."""
    table, noisy = whole.table, whole.table.target
    if table.soft is not None:
        what = f"label noise needs a class of each row, and {table.name} has probabilities as target"
        raise UserError(what, where="label_noise", fix="use 0")
    for rows, seed in whole.training_rows():
        noisy, _ = label_noise(noisy, len(table.classes), rate, seed, rows)
    clean = table.target if table.clean_target is None else table.clean_target
    share = np.mean([(noisy[fold.train] != table.target[fold.train]).mean() for fold in whole.folds])
    return replace(whole, table=replace(table, target=noisy, clean_target=clean)), float(share)


def _train_to_the_end(whole: Repetition, level: float) -> tuple[Repetition, float]:
    return replace(whole, keep="last"), level


STOP_RULE = Condition(
    ConditionRecord(
        name="stop_rule",
        label="stop rule",
        level_names=["best", "last"],
        reference=0.0,
        reference_text="epochs chosen on the inner folds",
        level_text="training to the {level} epoch",
        harsher="higher",
        plot="stop-rule",
        plot_title="Best epoch or last epoch",
        plot_note="The best epoch is chosen on the inner folds.",
        axis_label="the epoch that is scored",
    ),
    tasks=frozenset(Task),
    needs="epochs",
    change=_train_to_the_end,
    protocol="Stop rule: best trains a net for the number of epochs that is best on its inner folds, last for all"
    " epochs.",
)

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
        protocol="Training-set size: a share of each fold is trained on, stratified by class; test parts stay whole."
        " The same rows are used for every loss, those of a smaller share among those of a larger one.",
    ),
    Condition(
        ConditionRecord(
            name="label_noise",
            label="label noise",
            reference=0.0,
            reference_text="clean labels",
            level_text="{level} symmetric label noise",
            harsher="higher",
            kind="every other class equally likely",
            realised_text="{share} of the training labels changed",
            plot="robustness",
            plot_title="Robustness to label noise",
            plot_note="Test labels are always clean.",
            axis_label="share of the training labels changed",
        ),
        tasks=frozenset(task for task in Task if task.is_classification),
        needs="classes",
        change=_corrupt_labels,
        protocol="Label noise: a share of the training labels, those of the inner folds included, is exchanged for"
        " another class, all equally likely (symmetric noise); test labels stay clean. The same labels are corrupted"
        " for every loss.",
    ),
    STOP_RULE,
)


def applied(config: CompareConfig) -> list[Condition]:
    """The conditions that a config varies, or holds at a level that changes something."""
    return [condition for condition in CONDITIONS if condition.is_applied(config)]


def stop_text(config: CompareConfig) -> str:
    """The stop rule of all settings in words; "" where it is a condition, which the settings name themselves."""
    return "" if STOP_RULE.is_applied(config) else STOP_RULE.words.reference_text


def grid(config: CompareConfig) -> list[dict[str, float]]:
    """Every combination of the applied conditions' levels; without any, the one that changes nothing."""
    conditions = applied(config)
    combinations = itertools.product(*(condition.levels(config) for condition in conditions))
    return [dict(zip((c.name for c in conditions), levels, strict=True)) for levels in combinations]


def change(whole: Repetition, levels: Levels) -> tuple[Repetition, dict[str, float]]:
    """A repetition of the folds at these levels, and what was realised of each."""
    realised = {}
    for condition in CONDITIONS:
        if condition.name in levels:
            level = levels[condition.name]
            realised[condition.name] = level
            if level != condition.words.reference:
                whole, realised[condition.name] = condition.change(whole, level)
    return whole, realised


def changing(levels: Levels) -> dict[str, float]:
    """Those of the levels that change something."""
    return {c.name: levels[c.name] for c in CONDITIONS if levels.get(c.name, c.words.reference) != c.words.reference}


def words(levels: Iterable[str]) -> list[ConditionRecord]:
    """The words of the conditions with these names."""
    names = set(levels)
    return [condition.words for condition in CONDITIONS if condition.name in names]


def setting_name(name: str, levels: Levels) -> str:
    """`titanic`, `titanic (20% symmetric label noise)`: a name with the levels that change something."""
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
    """What was realised of each condition, mean over the repetitions."""
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]}
