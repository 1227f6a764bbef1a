"""The cross-loss matrix of each setting: what each loss's nets are worth under every other's loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from lossbench.events import Stopped
from lossbench.experiments.compare.block import MatrixBlock, matrix
from lossbench.experiments.compare.planned import Evaluation
from lossbench.experiments.compare.unit_key import together
from lossbench.record import Journal
from lossbench.workers import Workers
from lossbench.workers.alone import alone

Matrix = list[list[float | None]]


@dataclass
class _Begun:
    """A matrix whose columns come one after the other; those that do not come stay empty."""

    key: str
    values: Matrix
    left: int  # parts


@dataclass(frozen=True)
class _Part:
    """Some columns of a matrix: of the losses of a user's file, or of all others."""

    of: _Begun
    file: str
    columns: list[int]


def make_matrices(
    evaluations: Sequence[Evaluation], journal: Journal, workers: Workers, stopped: Stopped, statuses: Mapping[str, str]
) -> None:
    """Keep the matrix of each setting where it is not known yet, of the losses whose nets have all been scored.

    A column needs the code of one loss only: those of a user's file come from a process of their own.
    """
    at_work: dict[Future[Matrix], _Part] = {}

    def keep(done: set[Future[Matrix]]) -> None:
        for future in done:
            part = at_work.pop(future)
            part.of.left -= 1
            try:
                found = future.result()
            except Exception as problem:  # a user's own loss on outputs that it was not trained on: no numbers then
                if not isinstance(problem, workers.died) and not part.file:
                    raise
            else:
                for row, values in zip(part.of.values, found, strict=True):
                    for column, value in zip(part.columns, values, strict=True):
                        row[column] = value
            if not part.of.left:
                journal.keep_matrix(part.of.key, part.of.values)

    for _, same in groupby(evaluations, key=lambda one: (one.setting.key, one.setting.name)):
        whole = [one for one in same if _is_whole(one, statuses)]
        key = together([unit for one in whole for unit in one.asked.units])
        if stopped() or len(whole) < 2 or journal.matrix(key) is not None:
            continue
        predicted = [[journal.predicted(unit) for unit in one.asked.units] for one in whole]
        parts = _by_file(whole)
        begun = _Begun(key, [[None] * len(whole) for _ in whole], len(parts))
        for file, columns in parts.items():
            if len(at_work) >= workers.slots():
                keep(wait(at_work, return_when=FIRST_COMPLETED).done)
            block = MatrixBlock(whole[0].setting, [whole[column].subject for column in columns], predicted)
            fn: Any = partial(alone, matrix) if file else matrix
            at_work[workers.executor.submit(fn, block)] = _Part(begun, file, columns)
    keep(wait(at_work).done)


def _by_file(evaluations: Sequence[Evaluation]) -> dict[str, list[int]]:
    """The places of the losses of each user's file, and of all others ("")."""
    found: dict[str, list[int]] = {}
    for place, one in enumerate(evaluations):
        found.setdefault(one.private, []).append(place)
    return found


def _is_whole(evaluation: Evaluation, statuses: Mapping[str, str]) -> bool:
    """Whether it is a loss whose nets have all been scored."""
    units = evaluation.asked.units
    return evaluation.asked.kind == "loss" and all(statuses.get(unit) == "ok" for unit in units)
