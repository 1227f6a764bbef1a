"""`lossbench report`: a run's reports, drawn again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its result.json.")]) -> int:
    """Draw a run's reports again, also of one that is not finished.

    A comparison that is at work or was killed is drawn as far as it is; the exit code is 4 then.

    Examples:
        lossbench report outputs/titanic-nll-logsoftmax
    """
    from lossbench import runner

    return runner.report(run)
