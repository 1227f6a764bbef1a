"""A block of units, and the work on it: what goes to a worker, and what it sends back. Both are plain, picklable data.

A worker makes everything again from a config and names: tables, splits, losses and nets hold functions, and prepared
splits are larger than what they are prepared from. It keeps the last table and the last setting, since blocks come
setting by setting.
"""

from __future__ import annotations

import io
import pickle
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lossbench.catalog.metrics import METRICS, reported
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import CompareConfig, PairConfig
from lossbench.config.data import DataConfig
from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.data.splits.scheme import folds_of
from lossbench.data.table import Table
from lossbench.engine.threads import one_thread
from lossbench.errors import UserError
from lossbench.events import Emit, Stopped, ignore, never
from lossbench.experiments.compare.candidates import Candidate, candidate_of
from lossbench.experiments.compare.evaluation import Evaluation, evaluate
from lossbench.experiments.compare.job import Job, Options
from lossbench.experiments.compare.results.cross_loss_matrix import cross_loss_matrix
from lossbench.experiments.compare.results.references import evaluate_reference
from lossbench.experiments.compare.results.test_scores import dummy_scores
from lossbench.experiments.compare.setting import Setting, prepare_repetition
from lossbench.experiments.setup.data_source import note_records
from lossbench.experiments.setup.prepared_split import PreparedSplit
from lossbench.record import Levels, RepetitionRecord, Scores, UnitRecord

MOST_MATRIX_ROWS = 2_000  # test rows of a split whose predictions are kept for the cross-loss matrix


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
            raise UserError("another table than the run has read", where=table.source or table.name, fix=fix)
        return table


@dataclass(frozen=True)
class Subject:
    """What a unit evaluates: a loss with its last activation as a config names them, or a reference model."""

    config: PairConfig | None = None
    reference: str = ""


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
class Block:
    """Units of one setting: some repetitions of each subject."""

    setting: SettingSource
    work: tuple[tuple[Subject, tuple[int, ...]], ...]  # with the repetitions

    @property
    def repeats(self) -> list[int]:
        """All repetitions that occur."""
        return sorted({repeat for _, repeats in self.work for repeat in repeats})


@dataclass(frozen=True)
class MatrixBlock:
    """The cross-loss matrix of one setting: its losses, and what their units predict, repetition by repetition.

    `files` are the users' files that the losses come from, "" for lossbench's own.
    """

    setting: SettingSource
    losses: Sequence[Subject]
    predicted: Sequence[Sequence[bytes]]
    files: Sequence[str]


@dataclass(frozen=True)
class WorkedUnit:
    """A unit that has ended: which subject of the block on which repetition, its record, and its share of the time."""

    subject: int
    repeat: int
    record: UnitRecord
    seconds: float
    predicted: bytes = b""


@dataclass(frozen=True)
class WorkedBlock:
    """What came of a block: its units, and what the setting's losses share on each repetition."""

    units: list[WorkedUnit]
    repetitions: dict[int, RepetitionRecord]
    seconds: float


def work(block: Block, emit: Emit = ignore, stopped: Stopped = never) -> WorkedBlock:
    """Do the work of a block; a block that was stopped has the units that had ended."""
    began = time.perf_counter()
    prepared = {repeat: _prepared(block.setting, repeat) for repeat in block.repeats}
    units: list[WorkedUnit] = []
    for number, (subject, repeats) in enumerate(block.work):
        for some in _of_equal_width([prepared[repeat] for repeat in repeats]):
            if stopped():
                break
            start = time.perf_counter()
            with torch.no_grad(), one_thread():
                done = _evaluate(block.setting, subject, some, emit, stopped)
            share = (time.perf_counter() - start) / max(len(done), 1)
            units += [WorkedUnit(number, one.repeat, one.record, share, _packed(one.predicted)) for one in done]
    shared = {repeat: _shared(one) for repeat, one in prepared.items()}
    return WorkedBlock(units, shared, time.perf_counter() - began)


def matrix(block: MatrixBlock) -> list[list[float | None]]:
    """For every loss's nets the mean test value under every loss, on the rows whose predictions were kept."""
    repeats = range(len(block.predicted[0]))
    splits = [_first_rows(split) for repeat in repeats for split in _prepared(block.setting, repeat).setting.outer]
    pairs = [_candidate(block.setting, _pair(subject)).pair for subject in block.losses]
    predicted = [[one for packed in units for one in unpacked(packed)] for units in block.predicted]
    with torch.no_grad(), one_thread():
        return cross_loss_matrix(pairs, predicted, splits)


def _first_rows(split: PreparedSplit) -> PreparedSplit:
    first = {"test": split.x_ND["test"][:MOST_MATRIX_ROWS]}
    truth = {"test": split.truth_N["test"][:MOST_MATRIX_ROWS]}
    return replace(split, x_ND={**split.x_ND, **first}, truth_N={**split.truth_N, **truth})


def _pair(subject: Subject) -> PairConfig:
    assert subject.config is not None, "a loss"
    return subject.config


@dataclass(frozen=True)
class _Prepared:
    setting: Setting
    dummies: tuple[Scores, ...]


def _evaluate(
    source: SettingSource, subject: Subject, repetitions: Sequence[_Prepared], emit: Emit, stopped: Stopped
) -> list[Evaluation]:
    options = _options(source)
    if subject.config is None:
        return [evaluate_reference(subject.reference, options, one.setting) for one in repetitions]
    candidate = _candidate(source, subject.config)
    return evaluate([Job(options, one.setting, candidate, one.dummies) for one in repetitions], emit, stopped)


def _options(source: SettingSource) -> Options:
    metrics = reported(Task(_table(source).task), primary=METRICS.get(source.metric))
    device, select = torch.device(source.device), METRICS.get(source.select)
    return Options(source.config, select, source.trials, device, source.threads, metrics)


def _of_equal_width(repetitions: Sequence[_Prepared]) -> Iterator[list[_Prepared]]:
    by_width: dict[int, list[_Prepared]] = {}
    for one in repetitions:
        by_width.setdefault(one.setting.inner[0].inputs, []).append(one)
    yield from by_width.values()


def _shared(prepared: _Prepared) -> RepetitionRecord:
    setting = prepared.setting
    preparation = setting.inner[0].preparation
    return RepetitionRecord(
        realised=dict(setting.realised),
        dummies=list(prepared.dummies),
        inputs=setting.inner[0].inputs,
        excluded=[str(column) for column in preparation.dropped],
        notes=note_records(preparation.notes),
        dummy_statistic=preparation.target_statistic,
    )


def _candidate(source: SettingSource, config: PairConfig) -> Candidate:
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


def _prepared(source: SettingSource, repeat: int) -> _Prepared:
    """One repetition of a setting."""
    config, table = source.config, _table(source)
    folds = _folds.get(
        (_table_key(source), config.folds, config.repeats, config.seed),
        lambda: folds_of(table, config.folds, config.repeats, config.seed),
    )
    made: dict[int, _Prepared] = _repetitions.get((source.key, _table_key(source), source.name), dict)
    if repeat not in made:
        setting = prepare_repetition(
            table,
            [fold for fold in folds if fold.repeat == repeat],
            data=source.table.data,
            seed=config.seed,
            partners=config.inner_folds,
            condition=source.condition,
        )
        dummies = dummy_scores(len(table.classes), setting.outer, _options(source).metrics)
        made[repeat] = _Prepared(setting, tuple(dummies))
    return made[repeat]


def forget() -> None:
    """Let go of the last table and setting."""
    for latest in (_tables, _folds, _repetitions):
        latest.get(None, lambda: None)


def _packed(predicted: Sequence[torch.Tensor]) -> bytes:
    """The first rows of each split's predictions, as float64, one array a split."""
    if not predicted:
        return b""
    file = io.BytesIO()
    np.savez(file, *[one[:MOST_MATRIX_ROWS].double().numpy() for one in predicted])
    return file.getvalue()


def unpacked(packed: bytes) -> list[torch.Tensor]:
    """What `_packed` has packed: one tensor a split."""
    with np.load(io.BytesIO(packed)) as arrays:
        return [torch.from_numpy(arrays[name]) for name in arrays.files]
