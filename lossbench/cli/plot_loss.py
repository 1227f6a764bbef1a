"""`lossbench plot-loss`: value, gradient and curvature of losses in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lossbench.cli.flags import completion
from lossbench.cli.flags import options as opt
from lossbench.config.commands.compare import CompareConfig


def plot_loss(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Losses: nll, 'focal(gamma=3)', nll+relu, my_loss.py:my_loss.",
            autocompletion=completion.pairs,
        ),
    ],
    last_act: Annotated[
        str | None,
        typer.Option(
            "--last-act",
            metavar="NAME",
            help="The last activation of those that name none; if not given, the one that each expects.",
            autocompletion=completion.activation,
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="KIND",
            help="binary, multiclass, ordinal or regression; if not given, one that all have (regression first).",
            autocompletion=completion.tasks,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="An .svg, .png or .pdf file; if not given, blocks are printed."),
    ] = None,
    what: Annotated[
        str,
        typer.Option(
            "--what",
            metavar="NAME,...",
            help="value, gradient, curvature.",
            autocompletion=completion.curves,
        ),
    ] = "value,gradient",
    axis: Annotated[
        str | None,
        typer.Option(
            "--axis",
            metavar="NAME",
            help="margin: losses of probabilities, too, over the linear outputs.",
            autocompletion=completion.words("margin"),
        ),
    ] = None,
) -> int:
    """Draw losses: value, gradient and curvature over the margin, the probability, the residual or the prediction.

    Losses of one axis share a panel.

    Examples:
        lossbench plot-loss ce hinge exponential --out losses.svg
        lossbench plot-loss mse l1 'huber(delta=0.5)' --what value,gradient,curvature --out robust.png
        lossbench plot-loss nll nll+relu --task binary --axis margin
    """
    config = opt.read(CompareConfig, {"losses": ",".join(names)})
    from lossbench import runner

    return runner.plot_loss(config.losses or [], what.split(","), last_act=last_act, task=task, axis=axis, out=out)
