"""Workers of a Dask cluster that is there already."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import CancelledError

from lossbench.errors import UserError
from lossbench.workers import WorkerDied, Workers

PATIENCE = 5  # seconds that a scheduler may take to answer


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Workers]:
    """The workers behind a scheduler's address, as many at any time as there are then.

    A worker that dies costs what it was doing; Dask gives that to another one. Raises `UserError` where nothing answers
    at the address.
    """
    try:
        from distributed import Client
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker
    except ImportError:
        fix = 'pip install "lossbench[dask]"'
        raise UserError("needs the package distributed", where="--scheduler", fix=fix) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as problem:
        said = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        fix = "start it (`dask scheduler`), or correct the address"
        raise UserError(f"{address} does not answer ({said})", where="--scheduler", fix=fix) from None

    def slots() -> int:
        if client.status != "running":
            fix = "run the same command again to resume"
            raise UserError(f"{address} is gone", where="--scheduler", fix=fix)
        return max(1, sum(int(count) for count in client.nthreads().values()))

    executor = client.get_executor(pure=False, retries=0)
    try:
        yield Workers(
            executor,
            slots,
            stop=lambda: executor.shutdown(wait=False, cancel_futures=True),
            died=(WorkerDied, KilledWorker, CommClosedError, CancelledError),
        )
    finally:
        client.close(timeout=PATIENCE)
