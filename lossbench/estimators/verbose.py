"""`verbose`: the progress of a fit, shown by the displays that the commands have."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from lossbench.engine.problem import Problem
from lossbench.errors import UserError
from lossbench.estimators.loss_parameter import checked_parameters
from lossbench.events import Emit, EpochEnded, EvaluationEnded, EvaluationStarted, Event, Status, ignore
from lossbench.runner.drive import Listener, choose_listeners

SILENT, PROGRESS, EVERY_EPOCH = range(3)


@contextlib.contextmanager
def told(name: str, problem: Problem, metric: str, verbose: int) -> Iterator[Emit]:
    """The `emit` of the training of that name that is run inside; `verbose` chooses who listens."""
    listeners = _listeners(verbose)
    if not listeners:
        yield ignore
        return

    reached = ""

    def emit(event: Event) -> None:
        nonlocal reached
        if isinstance(event, EpochEnded) and problem.score is None:  # with one, the best score is shown
            reached = f"loss {event.train_loss[0]:.4g}"
        for listener in listeners:
            listener(event)

    began = time.monotonic()
    status: Status = "failed"
    emit(EvaluationStarted(name, 1, problem.training.epochs, metric, problem.better))
    try:
        yield emit
        status = "ok"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        with contextlib.ExitStack() as closing:
            for listener in listeners:
                closing.callback(listener.close)
            emit(EvaluationEnded(name, status, time.monotonic() - began, reached))


def _listeners(verbose: int) -> list[Listener]:
    """Nobody (0), what `lossbench train` shows (1), or a line an epoch on standard output (2 and above)."""
    if not isinstance(verbose, int) or verbose < 0:
        with checked_parameters():
            raise UserError(f"must be 0, 1 or 2, got {verbose!r}", where="verbose")
    if verbose == SILENT:
        return []
    if verbose == PROGRESS:
        return choose_listeners("rich")
    from lossbench.progress.plain_lines import PlainLines

    return [PlainLines(sys.stdout, every_epoch=True)]
