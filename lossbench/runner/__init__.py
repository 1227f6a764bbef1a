"""The composition root: each command as a function that returns its exit code.

A command's module is imported when the command is first read from here, so that none waits for the others'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Light, and modules of their own name: importing one of these later would put the module in the function's place.
from lossbench.runner.finish import LOSS_FAILED, OK, PARTIAL
from lossbench.runner.init import init
from lossbench.runner.plot_loss import plot_loss

if TYPE_CHECKING:
    from lossbench.runner.comparison import compare as compare
    from lossbench.runner.comparison import run_compare as run_compare
    from lossbench.runner.experiments import regularize as regularize
    from lossbench.runner.experiments import run_regularize as run_regularize
    from lossbench.runner.experiments import run_train as run_train
    from lossbench.runner.experiments import train as train
    from lossbench.runner.exports import export as export
    from lossbench.runner.inspections import check as check
    from lossbench.runner.inspections import describe_data as describe_data
    from lossbench.runner.inspections import doctor as doctor
    from lossbench.runner.inspections import predict as predict
    from lossbench.runner.merge import merge_runs as merge_runs
    from lossbench.runner.reports import report as report
    from lossbench.runner.runs import diff_runs as diff_runs
    from lossbench.runner.runs import list_runs as list_runs
    from lossbench.runner.runs import show_run as show_run

_HOME = {
    "check": "inspections",
    "compare": "comparison",
    "describe_data": "inspections",
    "diff_runs": "runs",
    "doctor": "inspections",
    "export": "exports",
    "list_runs": "runs",
    "merge_runs": "merge",
    "predict": "inspections",
    "regularize": "experiments",
    "report": "reports",
    "run_compare": "comparison",
    "run_regularize": "experiments",
    "run_train": "experiments",
    "show_run": "runs",
    "train": "experiments",
}

__all__ = [  # noqa: PLE0604 - names all, spelled once in _HOME
    "LOSS_FAILED",
    "OK",
    "PARTIAL",
    "init",
    "plot_loss",
    *_HOME,
]


def __getattr__(name: str) -> Any:
    """Import a command's module when the command is first read (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value
