"""The evaluation of one loss in one setting, described: all that its result depends on, and nothing of the result.

It holds no thread, lock or listener: where it is evaluated, and who listens, changes nothing about the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from lossbench.catalog.metrics import Metric
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.parts import StoppingConfig
from lossbench.engine.problem import Net
from lossbench.experiments.compare.candidates import Candidate
from lossbench.experiments.compare.setting import Setting
from lossbench.experiments.compare.tuning.trials import Trial, trials
from lossbench.experiments.setup.net import net_for
from lossbench.record import Scores


@dataclass(frozen=True)
class Options:
    """What all jobs of a comparison have in common."""

    config: CompareConfig
    select: Metric
    trials: int  # how many nets each loss may choose from on each split
    device: torch.device
    threads: int
    metrics: Sequence[Metric]  # that are reported


@dataclass(frozen=True)
class Job:
    """One loss to tune, refit and score in one setting; `dummies` are the setting's `dummy_scores`, one a split."""

    options: Options
    setting: Setting
    candidate: Candidate
    dummies: Sequence[Scores] = ()

    @property
    def config(self) -> CompareConfig:
        """The comparison's."""
        return self.options.config

    @property
    def stopping(self) -> StoppingConfig:
        """When a trial's nets stop: with the last epoch, where that one is scored."""
        stopping = self.config.early_stopping
        return stopping if self.setting.keep == "best" else stopping.model_copy(update={"patience": None})

    @cached_property
    def tried(self) -> list[Trial]:
        """The trials of every inner fold."""
        return trials(self.config, self.candidate, len(self.setting.pairs), self.options.trials)

    @property
    def net(self) -> Net:
        """The shape of every net."""
        return net_for(self.config.net, self.setting.inner[0].inputs, self.candidate.pair)
