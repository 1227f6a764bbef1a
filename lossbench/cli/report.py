"""`lossbench report`: a run's reports, drawn again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its result.json.")],
    tables: Annotated[
        str | None,
        typer.Option(
            "--tables",
            metavar="NAME,...",
            help="Data sets whose pictures are drawn as PNG files too, of a comparison in many settings.",
        ),
    ] = None,
) -> int:
    """Draw a run's reports again, also of one that is not finished.

    A comparison that is at work or was killed is drawn as far as it is; the exit code is 4 then.

    Examples:
        lossbench report outputs/titanic-nll-logsoftmax
        lossbench report outputs/compare-many --tables wine,digits
    """
    from lossbench import runner

    return runner.report(run, None if tables is None else [name.strip() for name in tables.split(",")])
