"""A block of units and the work on it: what goes to a worker, and what it sends back, both plain, picklable data."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from lossbench.config.commands.compare import PairConfig
from lossbench.engine.threads import one_thread
from lossbench.events import Emit, Stopped, ignore, never
from lossbench.experiments.compare.conditions import changing
from lossbench.experiments.compare.evaluation import Evaluation, evaluate
from lossbench.experiments.compare.job import Job
from lossbench.experiments.compare.results.cross_loss_matrix import cross_loss_matrix
from lossbench.experiments.compare.results.references import evaluate_reference
from lossbench.experiments.compare.setting_source import (
    PreparedRepetition,
    SettingSource,
    candidate_in,
    options_of,
    repetition_of,
)
from lossbench.experiments.setup.data_source import note_records
from lossbench.experiments.setup.prepared_split import PreparedSplit
from lossbench.record import PackedUnit, RepetitionRecord, pack

MOST_MATRIX_ROWS = 2_000  # test rows of a split whose predictions are kept for the cross-loss matrix


@dataclass(frozen=True)
class Subject:
    """What a unit evaluates: a loss with its last activation as a config names them, or a reference model."""

    config: PairConfig | None = None
    reference: str = ""


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
    """A unit that has ended: which subject of the block on which repetition, its packed record, and its share of the
    time; why it failed, whether all of its refits diverged, and the validation scores of the trials that it chose."""

    subject: int
    repeat: int
    packed: PackedUnit
    seconds: float
    message: str = ""
    diverged: bool = False
    scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class WorkedBlock:
    """What came of a block: its units, and what the setting's losses share on each repetition."""

    units: list[WorkedUnit]
    repetitions: dict[int, RepetitionRecord]
    seconds: float


def work(block: Block, emit: Emit = ignore, stopped: Stopped = never) -> WorkedBlock:
    """Do the work of a block; a block that was stopped has the units that had ended."""
    began = time.perf_counter()
    prepared = {repeat: repetition_of(block.setting, repeat) for repeat in block.repeats}
    units: list[WorkedUnit] = []
    for number, (subject, repeats) in enumerate(block.work):
        for some in _of_equal_width([prepared[repeat] for repeat in repeats]):
            if stopped():
                break
            start = time.perf_counter()
            with torch.no_grad(), one_thread():
                done = _evaluate(block.setting, subject, some, emit, stopped)
            share = (time.perf_counter() - start) / max(len(done), 1)
            units += [_worked(number, one, share, block.setting.select) for one in done]
    shared = {repeat: _shared(one) for repeat, one in prepared.items()}
    return WorkedBlock(units, shared, time.perf_counter() - began)


def _worked(number: int, evaluation: Evaluation, seconds: float, select: str) -> WorkedUnit:
    record = evaluation.record
    refits = [member for member in record.members if member.role == "refit"]
    return WorkedUnit(
        number,
        evaluation.repeat,
        pack(record, _packed(evaluation.predicted)),
        seconds,
        record.message,
        bool(refits) and all(member.status == "diverged" for member in refits),
        tuple(value for m in record.members if m.chosen and (value := m.val.get(select)) is not None),
    )


def matrix(block: MatrixBlock) -> list[list[float | None]]:
    """For every loss's nets the mean test value under every loss, on the rows whose predictions were kept."""
    repeats = range(len(block.predicted[0]))
    splits = [_first_rows(split) for repeat in repeats for split in repetition_of(block.setting, repeat).setting.outer]
    pairs = [candidate_in(block.setting, _pair(subject)).pair for subject in block.losses]
    predicted = [[one for packed in units for one in unpacked(packed)] for units in block.predicted]
    with torch.no_grad(), one_thread():
        return cross_loss_matrix(pairs, predicted, splits)


def _first_rows(split: PreparedSplit) -> PreparedSplit:
    first = {"test": split.x_ND["test"][:MOST_MATRIX_ROWS]}
    truth = {"test": split.truth_N["test"][:MOST_MATRIX_ROWS]}
    weight = {name: own[:MOST_MATRIX_ROWS] if name == "test" else own for name, own in split.weight_N.items()}
    return replace(split, x_ND={**split.x_ND, **first}, truth_N={**split.truth_N, **truth}, weight_N=weight)


def _pair(subject: Subject) -> PairConfig:
    assert subject.config is not None, "a loss"
    return subject.config


def _evaluate(
    source: SettingSource, subject: Subject, repetitions: Sequence[PreparedRepetition], emit: Emit, stopped: Stopped
) -> list[Evaluation]:
    options = options_of(source)
    if subject.config is None:
        return [evaluate_reference(subject.reference, options, one.setting) for one in repetitions]
    candidate = candidate_in(source, subject.config)
    return evaluate([Job(options, one.setting, candidate, one.dummies) for one in repetitions], emit, stopped)


def _of_equal_width(repetitions: Sequence[PreparedRepetition]) -> Iterator[list[PreparedRepetition]]:
    by_width: dict[int, list[PreparedRepetition]] = {}
    for one in repetitions:
        by_width.setdefault(one.setting.inner[0].inputs, []).append(one)
    yield from by_width.values()


def _shared(prepared: PreparedRepetition) -> RepetitionRecord:
    setting = prepared.setting
    preparation = setting.inner[0].preparation
    return RepetitionRecord(
        realised={name: setting.realised[name] for name in changing(setting.condition)},
        dummies=list(prepared.dummies),
        inputs=setting.inner[0].inputs,
        excluded=[str(column) for column in preparation.dropped],
        notes=note_records(preparation.notes),
        dummy_statistic=preparation.target_statistic,
    )


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
