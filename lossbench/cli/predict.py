"""`lossbench predict`: a trained run on new rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lossbench.cli.flags import options as opt
from lossbench.config.commands.train import TrainConfig
from lossbench.config.keys import flagged

MemberOption = Annotated[
    int | None,
    typer.Option("--member", metavar="INT", help="Which net of a run of several seeds predicts; 0 is the first."),
]
LastActOption = Annotated[
    str | None,
    typer.Option(
        "--last-act",
        metavar="FILE.py:NAME",
        help="The file of an activation of your own that the run was trained with; a run's own code is never executed.",
    ),
]
DecodeOption = Annotated[
    str | None,
    typer.Option(
        "--decode",
        metavar="FILE.py:NAME",
        help="The file of a decoder of your own that the run was trained with; a run's own code is never executed.",
    ),
]


@opt.flags(
    TrainConfig,
    "sep",
    "decimal",
    "thousands",
    "encoding",
    "header",
    "columns",
    "comment",
    "skip_lines",
    "na",
    "keep_na_words",
    "allow_short_rows",
    "date_format",
    "max_bytes",
)
def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a `lossbench train`.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A table with the columns that it was trained on.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the predictions go; else they are printed.")
    ] = None,
    member: MemberOption = None,
    last_act: LastActOption = None,
    decode: DecodeOption = None,
    **given: Any,
) -> int:
    """Predict new rows with the weights, the preprocessing and the loss of a run.

    The table is read as the one that was trained on, unless an option says otherwise.

    Examples:
        lossbench predict outputs/titanic-nll-logsoftmax new.csv --out predictions.csv
        lossbench predict outputs/mine-bce-sigmoid new.csv --sep ';' --na '?'
    """
    # For the config's rules on values, and no more.
    config = opt.read(TrainConfig, {"data": "-", "target": "-", **given})
    schema = flagged(TrainConfig)
    keys = {schema[name][0].path[-1] for name, value in given.items() if value is not None and value != []}
    reading: dict[str, Any] = config.data.model_dump(include=keys)
    from lossbench import runner

    return runner.predict(run, table, out, member=member, reading=reading, last_act=last_act, decode=decode)
