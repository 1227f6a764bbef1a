"""The trials of a loss on a split: learning rates and parameters, equally many trials for every loss.

A trial is a learning rate and a setting of the loss's own parameters. Where a loss has another setting to try, each
rate is tried with both, and the losses without one get as many rates between the same ends: no loss has more trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lossbench.config.commands.compare import CompareConfig
from lossbench.errors import UserError
from lossbench.experiments.compare.candidates import Candidate
from lossbench.experiments.setup.resolve import are_named


@dataclass(frozen=True)
class Trial:
    """One net to try: on which split, at which rate, with which of the candidate's settings (0: the default).

    `counts` is False where it is trained for the untuned row alone and cannot be chosen.
    """

    split: int
    lr: float
    param_set: int = 0
    counts: bool = True


def tunes_params(config: CompareConfig) -> bool:
    """Whether losses may choose their own parameters: by default where they were named one by one.

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
    return are_named(config.losses) and len(config.lrs) > 1


def budget(config: CompareConfig) -> int:
    """How many trials every loss has on each split, whatever other losses are compared.

    One a rate, two where losses choose their own parameters.
    """
    return len(config.lrs) * (2 if tunes_params(config) else 1)


def rates(config: CompareConfig, count: int) -> list[float]:
    """So many learning rates, ascending: the config's, and between them those that halve the widest gaps."""
    found = sorted(config.lrs)
    while len(found) < count:
        # Rounded, so that gaps that are equal on paper are equal here and the first of them is halved.
        gaps = [round(math.log(high / low), 9) for low, high in pairwise(found)]
        widest = gaps.index(max(gaps))
        found.insert(widest + 1, math.sqrt(found[widest] * found[widest + 1]))
    return found


def trials(config: CompareConfig, candidate: Candidate, splits: int, count: int) -> list[Trial]:
    """A candidate's trials, split-major, then by rate, then by setting, the default first: `count` a split that it may
    choose from, and the default rate's where that is none of them."""
    param_sets = len(candidate.pairs)
    grid = rates(config, count // param_sets)
    each = [(lr, param_set, True) for lr in grid for param_set in range(param_sets)]
    if config.optim.lr not in grid:
        each = sorted([*each, (config.optim.lr, 0, False)])
    return [Trial(split, lr, param_set, counts) for split in range(splits) for lr, param_set, counts in each]


def trained(config: CompareConfig, count: int) -> int:
    """How many trials a split are trained where `count` may be chosen: the default rate's may be one more."""
    return count + (config.optim.lr not in config.lrs)


def tuned(candidates: Sequence[Candidate]) -> dict[str, list[dict[str, Any]]]:
    """The losses that choose their own parameters -> their settings, the default first."""
    return {c.label: [c.params(param_set) for param_set in range(len(c.pairs))] for c in candidates if len(c.pairs) > 1}
