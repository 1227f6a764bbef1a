"""`lossbench doctor`: what a loss is like, measured."""

from __future__ import annotations

from typing import Annotated

import typer

from lossbench.cli import completion
from lossbench.cli import options as opt


def doctor(
    loss: Annotated[
        str,
        typer.Argument(
            metavar="LOSS", help="A loss's name, or my_loss.py:my_loss.", autocompletion=completion.one_loss
        ),
    ],
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="KIND",
            help="The task to probe it on; all of its tasks if not given.",
            autocompletion=completion.tasks,
        ),
    ] = None,
    target_encoding: opt.TargetEncoding = None,
    link: opt.Link = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> int:
    """Probe a loss: gradients, extremes, dead regions, properness, and what it is the same as.

    Examples:
        lossbench doctor focal
        lossbench doctor my_loss.py:my_loss --task binary --target-encoding sign --link margin
    """
    from lossbench import runner

    return runner.doctor(loss, task=task, target_encoding=target_encoding, link=link, as_json=json)
