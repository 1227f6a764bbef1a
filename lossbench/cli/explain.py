"""`lossbench explain`: one loss, or one pair of a loss and a last activation, in words."""

from __future__ import annotations

from typing import Annotated

import typer

from lossbench.cli import completion


def explain(
    loss: Annotated[
        str, typer.Argument(metavar="LOSS", help="A loss, or my_loss.py:my_loss.", autocompletion=completion.one_loss)
    ],
    last_act: Annotated[
        str | None,
        typer.Argument(metavar="[LAST_ACT]", help="A last activation.", autocompletion=completion.activation),
    ] = None,
) -> None:
    """Explain a loss: formula, what it estimates, pitfalls. With a last activation: whether the two fit, why, the fix.

    Examples:
        lossbench explain nll
        lossbench explain nll relu
    """
    typer.echo("")
