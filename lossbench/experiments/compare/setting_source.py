"""What a worker makes a setting of again: its table, splits, losses and options, from a config and names.

They hold functions, and prepared splits are larger than what they are prepared from: so none of them is sent. A worker
keeps the last table and the last setting, since blocks come setting by setting.
"""

from __future__ import annotations

import pickle
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from lossbench.catalog.metrics import METRICS, reported
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import CompareConfig, PairConfig
from lossbench.config.data import DataConfig
from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.data.splits.scheme import folds_of
from lossbench.data.table import Table
from lossbench.errors import UserError
from lossbench.experiments.compare.candidates import Candidate, candidate_of
from lossbench.experiments.compare.conditions import noise_matrix
from lossbench.experiments.compare.job import Options
from lossbench.experiments.compare.results.test_scores import dummy_scores
from lossbench.experiments.compare.setting import Setting, prepare_repetition
from lossbench.record import Levels, Scores


@dataclass(frozen=True)
class TableSource:
    """Where a worker finds a table: the pickle that the run has made of it, else the source that the config names."""

    data: DataConfig
    source: DataSource
    sha256: str
    pickled: Path
    table: Table | None = None  # for a worker in the run's own process: it does not travel

    def __reduce__(self) -> tuple[Any, ...]:
        return TableSource, (self.data, self.source, self.sha256, self.pickled)

    def read(self) -> Table:
        """The table; `UserError` where it is not the one that the run has read."""
        if self.table is not None:
            return self.table
        if self.pickled.exists():
            with self.pickled.open("rb") as file:
                pickled: Table = pickle.load(file)  # made by the run that asks for this work
                return pickled
        table = load(self.source)
        if table.fingerprint() != self.sha256:
            fix = "put the same file there, or the run's folder where all workers see it"
            raise UserError("not the table that the run has read", where=table.source or table.name, fix=fix)
        return table


@dataclass(frozen=True)
class SettingSource:
    """Everything that a worker makes one setting of again, with the names that the plan has resolved.

    `sources` are the users' files that its losses come from, path -> text: a worker that has not the same file there
    writes it aside.
    """

    key: str  # of the setting
    config: CompareConfig
    metric: str
    select: str
    trials: int
    tune_params: bool
    device: str
    threads: int
    table: TableSource
    name: str  # of the table among the others
    condition: Levels
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PreparedRepetition:
    """One repetition of a setting, prepared, with what its majority class or target mean scores on each split."""

    setting: Setting
    dummies: tuple[Scores, ...]


def options_of(source: SettingSource) -> Options:
    """What all jobs of the setting have in common."""
    metrics = reported(Task(_table(source).task), primary=METRICS.get(source.metric))
    device, select = torch.device(source.device), METRICS.get(source.select)
    return Options(source.config, select, source.trials, device, source.threads, metrics)


def candidate_in(source: SettingSource, config: PairConfig) -> Candidate:
    """The candidate, from files that are there or are written aside."""
    here = {path: _written_aside(path, text) for path, text in source.sources.items()}

    def moved(reference: str) -> str:
        file, colon, name = reference.rpartition(":") if ".py:" in reference else (reference, "", "")
        return f"{here.get(file, file)}{colon}{name}"

    loss = config.loss.model_copy(update={"name": moved(config.loss.name)})
    pair = config.model_copy(update={"loss": loss, "last_act": moved(config.last_act)})
    return candidate_of(pair, _table(source), tune_params=source.tune_params)


@cache
def _written_aside(path: str, text: str) -> str:
    """Where this machine has a user's file: in its place if it is the same there, else in a folder of its own."""
    there = Path(path).expanduser()
    if there.is_file() and there.read_bytes() == text.encode():
        return path
    folder = Path(tempfile.mkdtemp(prefix="lossbench-"))
    (folder / there.name).write_text(text)
    return str(folder / there.name)


class _Latest(threading.local):
    """The last thing of a kind that this thread of a worker has made, with what it was made from."""

    def __init__(self) -> None:
        self._key: object = None
        self._value: Any = None

    def get(self, key: object, make: Callable[[], Any]) -> Any:
        """What belongs to the key: made, unless it is there."""
        if key != self._key:
            self._key = self._value = None  # let go of the old one first
            self._value, self._key = make(), key
        return self._value


_tables, _folds, _repetitions = _Latest(), _Latest(), _Latest()


def _table(source: SettingSource) -> Table:
    table: Table = _tables.get(_table_key(source), source.table.read)
    return table if table.name == source.name else replace(table, name=source.name)


def _table_key(source: SettingSource) -> tuple[str, str]:
    return source.table.sha256, source.table.data.model_dump_json()


def repetition_of(source: SettingSource, repeat: int) -> PreparedRepetition:
    """One repetition of a setting."""
    config, table = source.config, _table(source)
    folds = _folds.get(
        (_table_key(source), config.folds, config.repeats, config.seed),
        lambda: folds_of(table, config.folds, config.repeats, config.seed),
    )
    made: dict[int, PreparedRepetition] = _repetitions.get((source.key, _table_key(source), source.name), dict)
    if repeat not in made:
        setting = prepare_repetition(
            table,
            [fold for fold in folds if fold.repeat == repeat],
            data=source.table.data,
            seed=config.seed,
            partners=config.inner_folds,
            condition=source.condition,
            noise_matrix=noise_matrix(config),
        )
        dummies = dummy_scores(len(table.classes), setting.outer, options_of(source).metrics)
        made[repeat] = PreparedRepetition(setting, tuple(dummies))
    return made[repeat]


def forget() -> None:
    """Let go of the last table and setting."""
    for latest in (_tables, _folds, _repetitions):
        latest.get(None, lambda: None)
