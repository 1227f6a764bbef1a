"""Checkpoints of a training: what a chunk's rest depends on, and when it is written.

Whoever calls the engine says where checkpoints are kept (`Store`); the engine says what is in them and when one is due.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

EVERY = 5.0  # seconds that a chunk trains, at the least, between two checkpoints
SHARE = 0.02  # of the time that writing may take: where one takes long, the next is later


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A chunk between two steps: with its problem, all that the rest of its training depends on.

    `members` are the numbers of its members in the problem; `facts` can be written as JSON, `tensors` are on the host,
    contiguous, and share no memory with each other.
    """

    members: tuple[int, ...]
    facts: Mapping[str, Any]
    tensors: Mapping[str, Tensor]


class Store(Protocol):
    """Keeps the checkpoints of one training. A chunk's next checkpoint takes the place of its last."""

    def read(self) -> Sequence[Checkpoint]:
        """Those that were written, of this very problem; no member is in two of them."""

    def write(self, checkpoint: Checkpoint) -> None:
        """Keep this one; called by several threads, each with a chunk of its own."""


class Chunk(Protocol):
    """What is saved."""

    saved: float  # when it was written last, or began

    def checkpoint(self) -> Checkpoint:
        """Where it is in its training."""


class Saver:
    """Writes the checkpoints of a training's chunks when they are due; called by the threads that train them.

    A chunk that has ended waits for the next one that is due, so that many short chunks do not each cost a file.
    """

    def __init__(self, store: Store | None) -> None:
        self._store, self._lock = store, threading.Lock()
        self._ended: list[Chunk] = []
        self._saved = self.now()
        self._wait = EVERY

    @staticmethod
    def now() -> float:
        """The clock that `Chunk.saved` is read from."""
        return time.monotonic()

    def epoch_ended(self, chunk: Chunk) -> None:
        """To be called between two epochs of a chunk."""
        if self._store is not None and self.now() - chunk.saved >= self._wait:
            self.save(chunk)

    def chunk_ended(self, chunk: Chunk) -> None:
        """To be called once all members of a chunk have left."""
        if self._store is None:
            return
        with self._lock:
            self._ended.append(chunk)
        if self.now() - min(chunk.saved, self._saved) >= self._wait:
            self.save()

    def save(self, *chunks: Chunk) -> None:
        """Write these chunks, and those that have ended and were not written yet."""
        if self._store is None:
            return
        with self._lock:
            ended, self._ended = self._ended, []
        began = self.now()
        for chunk in (*ended, *chunks):
            self._store.write(chunk.checkpoint())
            chunk.saved = self.now()
        self._saved = self.now()
        self._wait = max(EVERY, (self._saved - began) / SHARE)
