"""`lossbench data`: what is understood of a table, before anything is trained."""

from __future__ import annotations

from typing import Annotated

import typer

from lossbench.cli import completion
from lossbench.cli import options as opt


def data(
    data: Annotated[
        str,
        typer.Argument(metavar="TABLE", help="A file, or a data set's name.", autocompletion=completion.one_dataset),
    ],
    target: opt.Target = None,
    task: opt.Task = None,
    drop: opt.Drop = None,
    keep: opt.KeepColumns = None,
    sep: opt.Sep = None,
    decimal: opt.Decimal = None,
    encoding: opt.Encoding = None,
    na: opt.Na = None,
    keep_na_words: opt.KeepNaWords = None,
    allow_short_rows: opt.AllowShortRows = None,
    drop_missing_target: opt.DropMissingTarget = None,
    min_class_rows: opt.MinClassRows = None,
    dates: opt.Dates = None,
    text: opt.FreeText = None,
    max_bytes: opt.MaxBytes = None,
) -> int:
    """Show what is understood of a table: columns, gaps, classes, what will be dropped and why, losses that suit it.

    What is a note tells how the table was read; what is a warning, that something was mended or excluded. Empty fields
    and the words NA, N/A, n/a, NaN, nan, NULL, Null, null, None, <NA>, #N/A and #NA are gaps; --na adds others, and
    --keep-na-words takes the words for words.

    Examples:
        lossbench data mine.csv --target y
        lossbench data titanic-full
    """
    config = opt.read("train", dict(locals()))
    from lossbench import runner

    assert config.kind == "train"
    return runner.describe_data(config)
