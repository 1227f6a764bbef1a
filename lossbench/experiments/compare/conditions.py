"""What a comparison can vary besides the losses. One entry of `CONDITIONS` is all that a new condition needs.

A condition changes the training parts of splits, never their test parts: their rows, targets or features; or the rule
by which nets are trained on them. Its levels are the config's key of its name (`ConditionsConfig` says what that key
takes), its words and its plot travel in the record. Several conditions make a grid: every combination of their levels
is a setting of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lossbench.config.commands.compare import CompareConfig
from lossbench.data.corruption.noise_matrix import checked_noise_matrix, read_noise_matrix
from lossbench.data.table import Table
from lossbench.errors import UserError
from lossbench.experiments.compare.condition.declaration import Condition, Repetition
from lossbench.experiments.compare.condition.labels import (
    BOUNDARY_NOISE,
    INSTANCE_NOISE,
    LABEL_NOISE,
    MATRIX_NOISE,
    PAIR_FLIP_NOISE,
)
from lossbench.experiments.compare.condition.rows import IMBALANCE_RATIO, TRAIN_SHARE
from lossbench.experiments.compare.condition.stopping import STOP_RULE
from lossbench.experiments.compare.condition.values import (
    FEATURE_OUTLIERS,
    MISSING_VALUES,
    TARGET_NOISE,
    TARGET_OUTLIERS,
)
from lossbench.record import ConditionRecord, Levels, levels_text

# In the order in which they are applied: which rows there are comes before what is done to them, and labels that depend
# on features come before those are corrupted.
CONDITIONS = (
    TRAIN_SHARE,
    IMBALANCE_RATIO,
    LABEL_NOISE,
    PAIR_FLIP_NOISE,
    MATRIX_NOISE,
    BOUNDARY_NOISE,
    INSTANCE_NOISE,
    TARGET_OUTLIERS,
    TARGET_NOISE,
    FEATURE_OUTLIERS,
    MISSING_VALUES,
    STOP_RULE,
)


def applied(config: CompareConfig) -> list[Condition]:
    """The conditions that a config varies, or holds at a level that changes something."""
    return [condition for condition in CONDITIONS if condition.is_applied(config)]


def stop_text(config: CompareConfig) -> str:
    """The stop rule of all settings in words; "" where it is a condition, which the settings name themselves."""
    return "" if STOP_RULE.is_applied(config) else STOP_RULE.words.reference_text


def sentences(config: CompareConfig) -> list[str]:
    """What the applied conditions do, for the protocol."""
    rows = [" ".join(f"{number:.4g}" for number in row) for row in noise_matrix(config) or ()]
    return [condition.protocol.format(noise_matrix=f"[{'; '.join(rows)}]") for condition in applied(config)]


def noise_matrix(config: CompareConfig) -> list[list[float]] | None:
    """That of a config which was checked: its numbers."""
    matrix = config.conditions.noise_matrix
    assert not isinstance(matrix, str), "a file is read when the config is checked"
    return matrix


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


def changing_rows(levels: Levels) -> dict[str, float]:
    """Those of the levels that decide which rows there are."""
    return {c.name: levels[c.name] for c in CONDITIONS if c.changes == "rows" and c.name in levels}


def condition_key(config: CompareConfig, levels: Levels) -> dict[str, Any]:
    """What determines the numbers of a setting besides its table: the levels that change something, and how they do."""
    found: dict[str, Any] = changing(levels)
    keys = [c.parameter for c in CONDITIONS if c.parameter and c.name in found]
    return found | {key: getattr(config.conditions, key) for key in keys}


def words(levels: Iterable[str]) -> list[ConditionRecord]:
    """The words of the conditions with these names."""
    names = set(levels)
    return [condition.words for condition in CONDITIONS if condition.name in names]


def setting_name(name: str, levels: Levels) -> str:
    """`titanic`, `titanic (20% symmetric label noise)`: a name with the levels that change something."""
    text = levels_text(words(levels), levels)
    return f"{name} ({text})" if text else name


def checked_conditions(config: CompareConfig, tables: Sequence[Table]) -> CompareConfig:
    """The config with the numbers of its noise matrix, which may be in a file.

    Raises `UserError` for a condition that a table has no use for, and for what is no noise matrix of its classes.
    """
    for condition in applied(config):
        for table in tables:
            if lacking := condition.lacking(table):
                raise UserError(
                    f"{condition.words.label} {lacking}",
                    where=f"conditions.{condition.name}",
                    fix=f"use {condition.words.reference:g}",
                )
    matrix, where = config.conditions.noise_matrix, "conditions.noise_matrix"
    if matrix is None:
        return config
    rows = read_noise_matrix(matrix, where=where) if isinstance(matrix, str) else matrix
    for table in tables:
        matrix = checked_noise_matrix(rows, table.classes, where=where)
    conditions = config.conditions.model_copy(update={"noise_matrix": matrix})
    return config.model_copy(update={"conditions": conditions})


def mean_realised(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What was realised of each condition, mean over the repetitions."""
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]}
