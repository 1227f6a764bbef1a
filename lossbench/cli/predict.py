"""`lossbench predict`: a trained run on new rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a `lossbench train`.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A table with the columns that it was trained on.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the predictions go; else they are printed.")
    ] = None,
) -> int:
    """Predict new rows with the weights, the preprocessing and the loss of a run.

    Examples:
        lossbench predict outputs/titanic-nll-logsoftmax new.csv --out predictions.csv
    """
    from lossbench import runner

    return runner.predict(run, table, out)
