"""Where work is done: in this process, in others on this machine, or on a Dask cluster.

All are a `concurrent.futures.Executor`. A function that is submitted gets one argument and is importable; both travel.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from typing import Any

__all__ = ["OutOfTime", "WorkerDied", "Workers", "in_process"]


class WorkerDied(RuntimeError):
    """The process of a worker has ended in the middle of its work: killed, out of memory, or by what it was given."""


class OutOfTime(WorkerDied):
    """Its time was up."""


@dataclass(frozen=True)
class Workers:
    """An executor, how many pieces of work it does at a time (now), and how its work is stopped at once."""

    executor: Executor
    slots: Callable[[], int]
    stop: Callable[[], None]  # ends what is being worked on
    died: tuple[type[BaseException], ...] = (WorkerDied, BrokenExecutor)  # what a future raises whose worker died
    is_here: bool = False  # work is done in this process: it can be handed listeners, and needs no copies


class _Here(Executor):
    """Does the work when it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """A future that has ended."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as problem:
            future.set_exception(problem)
        return future


@contextlib.contextmanager
def in_process() -> Iterator[Workers]:
    """This process, one piece of work after the other."""
    yield Workers(_Here(), lambda: 1, stop=lambda: None, is_here=True)
