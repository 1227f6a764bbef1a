"""Worker processes on this machine, each of one thread."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any

from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

from lossbench.plain_warnings import say_plainly
from lossbench.workers import WorkerDied, Workers

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
SECONDS_BETWEEN_LOOKS = 1.0


@contextlib.contextmanager
def processes(count: int) -> Iterator[Workers]:
    """So many processes, started when there is work for them; none is left behind.

    Each is an executor of its own, so that one that dies takes its own piece of work with it and no other's.
    """
    executor = _Processes(count)
    try:
        yield Workers(executor, lambda: count, stop=executor.kill)
    finally:
        executor.kill()


class _Processes(Executor):
    def __init__(self, count: int) -> None:
        self._free: queue.SimpleQueue[ProcessPoolExecutor | None] = queue.SimpleQueue()
        self._all: list[ProcessPoolExecutor] = []
        for _ in range(count):
            self._free.put(None)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand the work to a free process; waits while there is none."""
        pool = self._free.get()
        if pool is None:
            pool = ProcessPoolExecutor(1, initializer=follow, initargs=(os.getpid(),), env=ONE_THREAD)
            self._all.append(pool)
        outer: Future[Any] = Future()

        def ended(inner: Future[Any]) -> None:
            problem = inner.exception() if not inner.cancelled() else WorkerDied("it was stopped")
            if isinstance(problem, BrokenProcessPool):
                problem = WorkerDied(_reason(problem))
                self._free.put(None)
            else:
                self._free.put(pool)
            if problem is None:
                outer.set_result(inner.result())
            else:
                outer.set_exception(problem)

        pool.submit(fn, *args, **kwargs).add_done_callback(ended)
        return outer

    def kill(self) -> None:
        """End all processes, whatever they are doing."""
        for pool in self._all:
            pool.shutdown(wait=True, kill_workers=True)
        self._all.clear()


def _reason(problem: BaseException) -> str:
    """What the system says about a process that has ended: `it ended by SIGKILL (-9)`."""
    text = " ".join(str(problem).split())
    _, codes, after = text.partition("The exit codes of the workers are {")
    how = after.partition("}")[0] if codes else ""
    return f"its process ended ({how})" if how else "its process ended"


def follow(parent: int) -> None:
    """End this process when that one has ended, and leave a terminal's Ctrl-C to it; its warnings are plain lines."""
    say_plainly()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=look, name="lossbench-follow", daemon=True).start()
