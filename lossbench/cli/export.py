"""`lossbench export`: a run in the formats of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lossbench.cli.flags import completion
from lossbench.cli.predict import MemberOption


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its result.json.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FORMAT,...",
            help="latex, csv, parquet, mlflow, tensorboard; of a `train` also onnx, skops.",
            autocompletion=completion.formats,
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="PATH",
            help="A folder, of one format also its file, of mlflow also a tracking URI; if not given, `export` in the"
            " run's folder (mlflow: MLFLOW_TRACKING_URI, where that is set).",
        ),
    ] = None,
    member: MemberOption = None,
) -> int:
    """Export a run: tables for papers and notebooks, runs of MLflow and TensorBoard, the net as ONNX or skops.

    A run that is not finished is exported as far as it is; the exit code is 4 then. Formats that need a package of
    their own say which one.

    Examples:
        lossbench export outputs/compare-many --to latex,csv
        lossbench export outputs/titanic-nll-logsoftmax --to onnx --out titanic.onnx
        lossbench export outputs/titanic-nll-logsoftmax --to mlflow --out sqlite:///mlflow.db
    """
    from lossbench import runner

    return runner.export(run, to.split(","), out, member=member)
