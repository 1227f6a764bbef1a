"""Runs `train` to its end without a terminal, for the tests that look at what comes of it."""

import threading
from collections.abc import Callable
from typing import Any

from lossbench.config.commands.train import TrainConfig
from lossbench.events import Event, ignore
from lossbench.experiments.train.plan import plan_train
from lossbench.experiments.train.run import TrainResult, run


def config(loss: str = "nll", last_act: str = "auto", **other: Any) -> TrainConfig:
    """A config of `train` in short form."""
    return TrainConfig.model_validate({"loss": loss, "last_act": last_act, **other})


def finished(
    chosen: TrainConfig, *, stop: threading.Event | None = None, watch: Callable[[Event], None] | None = None
) -> TrainResult:
    """What a config's training leaves behind; `watch` sees every event."""
    return run(plan_train(chosen), emit=watch or ignore, stopped=(stop or threading.Event()).is_set)
