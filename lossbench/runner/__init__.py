"""The composition root: each command as a function that returns its exit code."""

from lossbench.runner.comparison import compare, run_compare
from lossbench.runner.experiments import regularize, run_regularize, run_train, train
from lossbench.runner.export import export
from lossbench.runner.finish import LOSS_FAILED, OK, PARTIAL
from lossbench.runner.init import init
from lossbench.runner.inspections import check, describe_data, doctor, predict
from lossbench.runner.merge import merge_runs
from lossbench.runner.plot_loss import plot_loss
from lossbench.runner.reports import report
from lossbench.runner.runs import diff_runs, list_runs, show_run

__all__ = [
    "LOSS_FAILED",
    "OK",
    "PARTIAL",
    "check",
    "compare",
    "describe_data",
    "diff_runs",
    "doctor",
    "export",
    "init",
    "list_runs",
    "merge_runs",
    "plot_loss",
    "predict",
    "regularize",
    "report",
    "run_compare",
    "run_regularize",
    "run_train",
    "show_run",
    "train",
]
