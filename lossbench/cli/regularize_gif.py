"""`lossbench regularize-gif`: what a penalty does, as an animation."""

from __future__ import annotations

from typing import Any

from lossbench.cli.flags import options as opt
from lossbench.config.commands.regularize import RegularizeConfig


@opt.flags(RegularizeConfig)
def regularize_gif(**given: Any) -> int:
    """Animate what a growing penalty does to the decision regions, the weights and the accuracy.

    The objective is mean data loss + alpha * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w^2), never of biases;
    l1 and l2 are elasticnet with a ratio of 1 and 0.

    Examples:
        lossbench regularize-gif --alphas 20
        lossbench regularize-gif --penalty l1,l2,elasticnet --alpha-range 1e-4:1e2
        lossbench regularize-gif --data moons --hidden 64,64 --fps 8
        lossbench regularize-gif --data mine.csv --target y --features a,b
    """
    from lossbench import runner

    return runner.regularize(
        opt.read(RegularizeConfig, given),
        command=opt.command_line(),
        mode=opt.mode(given),
        strict=given["strict"],
        force=given["force"],
    )
