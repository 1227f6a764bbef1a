"""Runs jobs on Python threads, a limited number at a time.

torch lets go of the interpreter during its work, so threads share the processor well; within a thread torch works alone
(its own threads make small steps slower, and collapse when anything else runs beside them).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch

from lossbench.events import Stopped, never

Result = TypeVar("Result")
Work = Callable[[Stopped], Result]
"""Something to do: it calls the `stopped` that it gets several times a second, and returns early once that is true."""


def in_threads(jobs: Sequence[Work[Result]], threads: int, stopped: Stopped = never) -> list[Result]:
    """Do the jobs, at most `threads` at a time, and return their results in the order of the jobs.

    What a job raises stops the others and is raised here once all threads have ended; of several errors, the first.
    A KeyboardInterrupt in the calling thread does the same. With one thread, the caller does the jobs itself, so that
    threads are not nested where there is nothing to share, and a debugger sees one stack.
    """
    count = min(threads, len(jobs))
    if count <= 1:
        with one_thread(), _denormals_flushed(), torch.no_grad():
            own = []
            for job in jobs:
                own.append(job(stopped))
            return own
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(len(jobs)):
        waiting.put(number)
    results: dict[int, Result] = {}
    failures: list[BaseException] = []
    over = threading.Event()  # the caller was interrupted, or a job has failed

    def ended() -> bool:
        return over.is_set() or stopped()

    def work() -> None:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        try:
            with torch.no_grad():
                while not over.is_set():
                    try:
                        number = waiting.get_nowait()
                    except queue.Empty:
                        break
                    results[number] = jobs[number](ended)
        except BaseException as problem:  # raised below, in the thread that waits for the results
            failures.append(problem)
            over.set()

    workers = [threading.Thread(target=work, name=f"lossbench-{k}", daemon=True) for k in range(count)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()  # a signal interrupts it
    finally:
        over.set()
        for worker in workers:
            worker.join()
    if failures:
        raise failures[0]
    return [results[number] for number in range(len(jobs))]


@contextmanager
def one_thread() -> Iterator[None]:
    """torch works on the calling thread alone inside, as it did before outside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _denormals_flushed() -> Iterator[None]:
    """The calling thread reads and writes denormal numbers as zeros inside, and does what it did before outside.

    Moments of dead units decay to denormals, which are a hundred times slower than other numbers.
    """
    smallest = torch.tensor([torch.finfo(torch.float32).tiny]) / 2
    before = not bool(smallest.count_nonzero())  # torch sets this state of a processor and does not tell it
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
