"""`lossbench train`: one loss on one table."""

from __future__ import annotations

from typing import Any

from lossbench.cli.flags import options as opt
from lossbench.config.commands.train import TrainConfig


@opt.flags(TrainConfig)
def train(**given: Any) -> int:
    """Train an MLP with one loss and one last activation.

    A pair that does not fit is warned about and trained all the same: what then happens is measured and reported.

    Examples:
        lossbench train
        lossbench train --loss nll --last-act relu
        lossbench train --data wine --loss focal --loss-param gamma=2 --seeds 10
        lossbench train --data mine.csv --target y --hidden 64,64 --penalty l2=1e-3
        lossbench train --config mine.yaml --set optim.lr=3e-4
    """
    from lossbench import runner

    return runner.train(
        opt.read(TrainConfig, given),
        command=opt.command_line(),
        mode=opt.mode(given),
        strict=given["strict"],
        force=given["force"],
    )
