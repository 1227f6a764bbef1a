"""`lossbench compare-losses`: which loss, with evidence."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossbench.cli.flags import options as opt
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.flag import RUN

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would run: pairs, verdicts, nets, estimated time.", rich_help_panel=RUN),
]


RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Train again what failed in an earlier run.", rich_help_panel=RUN)
]


@opt.flags(CompareConfig)
def compare_losses(dry_run: DryRun = False, retry_failed: RetryFailed = False, **given: Any) -> int:
    """Compare losses on the same splits, first weights and batches, each with its best learning rate.

    The same command again goes on where it was stopped, and trains nothing twice.
    A loss may bring parameters and a last activation: focal(gamma=3), nll+relu, my_loss.py:my_loss.

    Examples:
        lossbench compare-losses
        lossbench compare-losses --config mine.yaml
        lossbench compare-losses --data wine --losses ce,focal,mse --folds 10
        lossbench compare-losses --losses ce,my_loss.py:my_loss --baseline ce
        lossbench compare-losses --label-noise 0,0.2,0.4 --dry-run
    """
    from lossbench import runner

    return runner.compare(
        opt.read(CompareConfig, given),
        command=opt.command_line(),
        mode=opt.mode(given),
        strict=given["strict"],
        force=given["force"],
        dry_run=dry_run,
        retry_failed=retry_failed,
    )
