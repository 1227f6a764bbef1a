"""`lossbench doctor`: what a loss is like, measured."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossbench.cli.flags import completion
from lossbench.cli.flags import options as opt
from lossbench.config.commands.train import TrainConfig
from lossbench.config.values import AUTO
from lossbench.errors import UserError


@opt.flags(TrainConfig, "loss_param", "target_encoding", "decode", "verbose", "json")
def doctor(
    loss: Annotated[
        str,
        typer.Argument(
            metavar="LOSS",
            help="A loss: focal, 'focal(gamma=0)', or my_loss.py:my_loss.",
            autocompletion=completion.one_loss,
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
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every finding on its line, with how it was measured.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    **given: Any,
) -> int:
    """Probe a loss: gradients, extremes, dead regions, properness, what it equals; and what it declares of itself.

    Exit codes: 0 no error was found, 1 an error was found (training will go wrong, or something declared is not so),
    2 the call is wrong. A function that is not decorated needs --task, --target-encoding and --decode.

    Examples:
        lossbench doctor focal --loss-param gamma=0
        lossbench doctor my_loss.py:my_loss
        lossbench doctor my_loss.py:plain --task binary --target-encoding sign --decode margin
    """
    whole = opt.read(TrainConfig, {"loss": loss, **given}, loss="LOSS")
    config = whole.loss
    if whole.last_act != AUTO:
        fix = f"leave +{whole.last_act} out; `lossbench explain '{loss}'` has the verdict of the pair"
        raise UserError("the doctor examines a loss behind the activation that it expects", where="LOSS", fix=fix)
    from lossbench import runner

    return runner.doctor(config, task=task, as_json=json, verbose=verbose)
