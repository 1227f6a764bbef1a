"""The config of `lossbench train`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lossbench.config.data import DataConfig, DataField, SplitConfig
from lossbench.config.flag import DATA, LOSS, RUN, Flag
from lossbench.config.parts import (
    EarlyStoppingConfig,
    KernelField,
    LastActField,
    LossConfig,
    LossField,
    MetricName,
    NetConfig,
    NetField,
    OptimConfig,
    PenaltyConfig,
    PenaltyField,
    RunConfig,
)
from lossbench.config.values import Whole, split_pair


class TrainConfig(RunConfig):
    """`lossbench train`: one loss and one last activation on one table."""

    kind: Literal["train"] = Field("train", description="The command that the file is for")
    data: Annotated[DataField, Flag("--data", DATA, "NAME|FILE", complete="one_dataset")] = Field(
        DataConfig(name="titanic"),
        description="What to train on: a data set (`lossbench datasets`), or a table of your own",
    )
    loss: Annotated[LossField, Flag("--loss", LOSS, complete="loss_or_auto")] = Field(
        LossConfig(name="auto"),
        description="What is minimised: a loss (`lossbench losses`), or my_loss.py:my_loss; auto: nll for classes, mse "
        "for values",
    )
    last_act: LastActField = "auto"
    net: NetField = Field(NetConfig(), description="The hidden layers")
    optim: OptimConfig = Field(OptimConfig(), description="How the weights are trained")
    penalty: PenaltyField = PenaltyConfig()
    early_stopping: EarlyStoppingConfig = Field(EarlyStoppingConfig(), description="When to stop before the last epoch")
    metric: MetricName = "auto"
    split: SplitConfig = Field(SplitConfig(), description="Training, validation and test parts")
    seeds: Annotated[Whole, Field(ge=1, le=10_000), Flag("--seeds", RUN)] = Field(
        1, description="How many nets to train, each from a seed of its own"
    )
    kernel: KernelField = "auto"
    recommended: Annotated[bool, Flag("--recommended/--no-recommended", LOSS)] = Field(
        True, description="Where the pair is broken, train the recommended one too, to compare"
    )

    _pair = model_validator(mode="before")(split_pair)
