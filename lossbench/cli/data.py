"""`lossbench data`: what is understood of a table, before anything is trained."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossbench.cli.flags import completion
from lossbench.cli.flags import options as opt
from lossbench.config.commands.train import TrainConfig


@opt.flags(
    TrainConfig,
    *opt.COLUMNS,
    "target_scale",
    *opt.reading(TrainConfig),
)
def data(
    data: Annotated[
        str,
        typer.Argument(metavar="TABLE", help="A file, or a data set's name.", autocompletion=completion.one_dataset),
    ],
    **given: Any,
) -> int:
    """Show how a table is read: columns, gaps, classes, what is dropped and why, and suitable losses.

    A note tells how the table was read; a warning, that something was repaired or excluded. Empty fields and the words
    NA, N/A, n/a, NaN, nan, NULL, Null, null, None, <NA>, #N/A and #NA are gaps; --na adds others, and --keep-na-words
    takes the words for words, but in columns of numbers, dates or truth values. A kind that was requested
    (--categories, --numbers, --date-format) is shown as such.

    Examples:
        lossbench data mine.csv --target y
        lossbench data titanic-full
    """
    from lossbench import runner

    return runner.describe_data(opt.read(TrainConfig, {"data": data, **given}))
