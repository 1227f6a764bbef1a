"""The composition root: each command as a function that returns its exit code."""

from lossbench.runner.experiments import (
    LOSS_FAILED,
    OK,
    compare,
    regularize,
    report,
    run_compare,
    run_regularize,
    run_train,
    train,
)
from lossbench.runner.inspections import check, describe_data, doctor, predict

__all__ = [
    "LOSS_FAILED",
    "OK",
    "check",
    "compare",
    "describe_data",
    "doctor",
    "predict",
    "regularize",
    "report",
    "run_compare",
    "run_regularize",
    "run_train",
    "train",
]
