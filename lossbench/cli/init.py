"""`lossbench init`: a commented config file for a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lossbench.cli.flags import completion
from lossbench.cli.flags import options as opt
from lossbench.config.commands.train import TrainConfig
from lossbench.config.schema import CONFIGS


@opt.flags(
    TrainConfig,
    *opt.COLUMNS,
    "for_command",
    "out",
    "force",
    *opt.reading(TrainConfig),
)
def init(
    table: Annotated[
        str,
        typer.Argument(
            metavar="[TABLE]",
            help="A table of your own, or a data set; titanic if not given.",
            autocompletion=completion.one_dataset,
        ),
    ] = "titanic",
    for_command: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="COMMAND",
            help=f"The command that the config is for: {', '.join(CONFIGS)}.",
            autocompletion=completion.words(*CONFIGS),
        ),
    ] = "train",
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the config goes.")] = Path("config.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    **given: Any,
) -> int:
    """Write a commented config file to start from, for a table of yours: its columns, task and warnings are looked at.

    Examples:
        lossbench init passengers.csv --target survived
        lossbench init passengers.csv --target survived --for compare-losses --out compare.yaml
    """
    config = opt.read(TrainConfig, {"data": table, **given})
    from lossbench import runner

    return runner.init(config, out, command=for_command, force=force)
