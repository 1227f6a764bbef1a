"""What every loss may choose from on a split: equally many trials for all, its own parameters included.

A trial is a learning rate and a setting of the loss's own parameters. Where a loss has another setting to try, each
rate is tried with both, and the losses without one get as many rates between the same ends: nobody has more chances.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lossbench.config.schema import CompareConfig
from lossbench.errors import UserError
from lossbench.experiments.compare.candidates import Contender


@dataclass(frozen=True)
class Trial:
    """One net to try: on which split, at which rate, with which of the contender's settings (0: the default).

    `counts` is False where it is trained for the untuned row alone and cannot be chosen.
    """

    split: int
    lr: float
    setting: int = 0
    counts: bool = True


def tunes_params(config: CompareConfig) -> bool:
    """Whether losses may choose their own parameters: where losses were named, unless the config says otherwise.

    Raises `UserError` where they shall and there is a single rate: losses without parameters could not have as many
    trials.
    """
    if config.tune_params != "auto":
        if config.tune_params == "always" and len(config.lrs) == 1:
            raise UserError(
                "a loss without parameters of its own cannot have as many trials at a single learning rate",
                where="tune_params",
                fix="give two learning rates or more",
            )
        return config.tune_params == "always"
    return config.losses is not None and len(config.lrs) > 1


def budget(config: CompareConfig, contenders: Iterable[Contender]) -> int:
    """How many trials every loss has on each split: one a rate, times the settings of the loss that has most."""
    return len(config.lrs) * max(len(contender.pairs) for contender in contenders)


def rates(config: CompareConfig, count: int) -> list[float]:
    """So many learning rates, ascending: the config's, and between them those that halve the widest gaps."""
    found = sorted(config.lrs)
    while len(found) < count:
        # Rounded, so that gaps that are equal on paper are equal here and the first of them is halved.
        gaps = [round(math.log(high / low), 9) for low, high in pairwise(found)]
        widest = gaps.index(max(gaps))
        found.insert(widest + 1, math.sqrt(found[widest] * found[widest + 1]))
    return found


def trials(config: CompareConfig, contender: Contender, splits: int, count: int) -> list[Trial]:
    """A contender's trials, split-major, then by rate, then by setting, the default first: `count` a split that it may
    choose from, and the default rate's where that is none of them."""
    settings = len(contender.pairs)
    grid = rates(config, count // settings)
    each = [(lr, setting, True) for lr in grid for setting in range(settings)]
    if config.optim.lr not in grid:
        each = sorted([*each, (config.optim.lr, 0, False)])
    return [Trial(split, lr, setting, counts) for split in range(splits) for lr, setting, counts in each]


def trained(config: CompareConfig, count: int) -> int:
    """How many trials a split are trained where `count` may be chosen: the default rate's may be one more."""
    return count + (config.optim.lr not in config.lrs)


def tuned(contenders: Sequence[Contender]) -> dict[str, list[dict[str, Any]]]:
    """The losses that choose their own parameters -> their settings, the default first."""
    return {c.label: [c.params(setting) for setting in range(len(c.pairs))] for c in contenders if len(c.pairs) > 1}
