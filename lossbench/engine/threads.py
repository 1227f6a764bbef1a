"""Work on Python threads that say what they do as they do it.

torch lets go of the interpreter during its work, so threads share the processor well; within a thread torch works alone
(its own threads make small steps slower, and collapse when anything else runs beside them).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

import torch

Said_co = TypeVar("Said_co", covariant=True)
Said = TypeVar("Said")


class Job(Protocol[Said_co]):
    """A piece of work that reports by `emit` and looks at `stopped` several times a second."""

    def train(self, emit: Callable[[Said_co], None], stopped: Callable[[], bool]) -> None:
        """Do it, or give up half-way once `stopped()`."""
        ...


def in_threads(jobs: Sequence[Job[Said]], threads: int, stop: threading.Event) -> Iterator[Said]:
    """Do the jobs, so many at a time; yields events in the order in which they happen.

    What a job raises is raised here once all threads have ended; they are told to end, too, when the caller stops
    listening.
    """
    events: queue.SimpleQueue[Said | BaseException | None] = queue.SimpleQueue()
    waiting: queue.SimpleQueue[Job[Said]] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    over = threading.Event()  # the caller has gone, or a thread has failed

    def stopped() -> bool:
        return over.is_set() or stop.is_set()

    def work() -> None:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)  # moments of dead units decay to denormals, which are a hundred times slower
        try:
            with torch.no_grad():
                while True:
                    try:
                        job = waiting.get_nowait()
                    except queue.Empty:
                        break
                    job.train(events.put, stopped)
        except BaseException as problem:  # handed over: it is raised where the training was asked for
            over.set()
            events.put(problem)
        finally:
            events.put(None)

    workers = [threading.Thread(target=work, name=f"lossbench-{k}", daemon=True) for k in range(threads)]
    failure: BaseException | None = None
    for worker in workers:
        worker.start()
    try:
        running = len(workers)
        while running:
            event = events.get()
            if event is None:
                running -= 1
            elif isinstance(event, BaseException):
                failure = failure or event
            elif failure is None:
                yield event
    finally:
        over.set()
        for worker in workers:
            worker.join()
    if failure is not None:
        raise failure


@contextmanager
def one_thread() -> Iterator[None]:
    """torch works on the calling thread alone inside, as it did before outside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
