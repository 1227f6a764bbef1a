"""The config of `lossbench compare-losses`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from lossbench.components.reference_models import REFERENCE_MODELS
from lossbench.config.choices import Choice
from lossbench.config.commands.conditions import ConditionsConfig, group_conditions
from lossbench.config.data import DataConfig, DataField
from lossbench.config.flag import CONDITIONS, DATA, EVALUATION, LOSS, RUN, TRAINING, Flag, Without
from lossbench.config.parts import (
    ConfigPart,
    Fraction,
    Hidden,
    KernelField,
    LastActField,
    LossField,
    MetricName,
    NetConfig,
    OptimConfig,
    Patience,
    PenaltyConfig,
    PenaltyField,
    Positive,
    RunConfig,
    StoppingConfig,
    Text,
)
from lossbench.config.values import Absent, Listed, Whole, distinct, spell_net, spell_pair, split_list


class PairConfig(ConfigPart):
    """A loss and its last activation."""

    loss: LossField = Field(description="The loss")
    last_act: LastActField = "auto"


class CompareNetConfig(NetConfig):
    """A small net: a comparison trains thousands of them."""

    hidden: Hidden = Field([32, 32])


class CompareEarlyStoppingConfig(StoppingConfig):
    """When a trial's nets stop: by the calibrated log-loss, for values by the metric, for every loss alike."""

    patience: Patience = 20


Tables = Annotated[
    list[DataField],
    BeforeValidator(split_list, json_schema_input_type=str | DataConfig | list[DataField]),
    Field(min_length=1),
]


PairField = Annotated[PairConfig, BeforeValidator(spell_pair, json_schema_input_type=str | PairConfig)]


Pairs = Annotated[
    list[PairField], BeforeValidator(split_list, json_schema_input_type=str | list[PairField]), Field(min_length=1)
]


CompareNet = Annotated[
    CompareNetConfig, BeforeValidator(spell_net, json_schema_input_type=int | list[int] | CompareNetConfig)
]


References = Annotated[
    list[Annotated[str, Choice(REFERENCE_MODELS)]], BeforeValidator(split_list, json_schema_input_type=str | list[str])
]


class CompareConfig(RunConfig):
    """`lossbench compare-losses`: losses on the same tables, splits, first weights and batches."""

    kind: Literal["compare-losses"] = Field("compare-losses", description="The command that the file is for")
    data: Annotated[Tables, Flag("--data", DATA, "NAME|FILE,...", complete="datasets")] = Field(
        [DataConfig(name="titanic")],
        description="What to train on: data sets (`lossbench datasets`), suites of them (suite:small), or tables of "
        "your own",
    )
    losses: Annotated[
        Pairs | None,
        Flag("--losses", LOSS, "NAME,...", complete="pairs"),
        Without("last_act", "loss.params", "loss.class_weight", "loss.target_weight"),
    ] = Field(
        None,
        description="The losses, with a last activation where it is not auto (nll+relu), and groups of losses, of "
        "which the sound ones are taken: common (as null), all, or a family such as robust (`lossbench losses`)",
    )
    losses_add: Annotated[
        Pairs | None,
        Flag("--losses-add", LOSS, "NAME,...", complete="pairs", after="--losses"),
        Without(
            "last_act",
            "loss.params",
            "loss.class_weight",
            "loss.target_weight",
            "loss.target_encoding",
            "loss.decode",
        ),
    ] = Field(None, description="Losses to compare besides the others: my_loss.py:my_loss")
    baseline: Annotated[Text, Flag("--baseline", EVALUATION, complete="one_loss")] = Field(
        "auto",
        description="The loss that the others are measured against; auto: cross_entropy or mse, else the first sound "
        "one; best: the one that came out best, tested as one of all pairs",
    )
    metric: MetricName = "auto"
    folds: Annotated[Whole, Field(ge=3), Flag("--folds", EVALUATION)] = Field(5, description="Folds of each repetition")
    repeats: Annotated[Whole, Field(ge=1, le=1000), Flag("--repeats", EVALUATION)] = Field(
        5, description="Repetitions of the folds, each with new folds"
    )
    lrs: Annotated[Listed[Positive], Flag("--lrs", TRAINING, "FLOAT,...", after="--activation")] = Field(
        [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], description="The learning rates that every loss may choose from"
    )
    tune_params: Annotated[Literal["auto", "always", "never"], Flag("--tune-params", TRAINING, after="--lrs")] = Field(
        "auto",
        description="Whether losses choose their own parameters too, with as many trials for those without; "
        "auto: where losses are named one by one. always, never",
    )
    inner_folds: Annotated[Whole, Field(ge=2), Flag("--inner-folds", TRAINING, after="--tune-params")] = Field(
        4, description="Folds of each training part that trials are chosen on; all of them, where there are fewer"
    )
    select_by: Annotated[
        Text, Flag("--select-by", TRAINING, "METRIC", after="--inner-folds", complete="one_metric")
    ] = Field(
        "auto",
        description="The metric that learning rate and epochs are chosen by; auto: the one that losses are scored by, "
        "log_loss where that is of probabilities",
    )
    conditions: Annotated[
        ConditionsConfig,
        Flag(
            "--conditions",
            CONDITIONS,
            "NAME=LEVEL,...",
            pairs=True,
            whole=True,
            note="NAME is a key of a file's conditions; may be repeated",
        ),
    ] = Field(ConditionsConfig(), description="What is varied besides the losses")
    rope: Annotated[Fraction, Flag("--rope", EVALUATION)] = Field(
        0.01,
        description="Differences below this are practically none: in the metric's unit, or for errors as a share of "
        "the error of the majority class or target mean",
    )
    intervals: Literal["simultaneous", "single"] = Field(
        "simultaneous",
        description="Intervals of differences that hold for all comparisons of a table at once, or each by itself",
    )
    ranks: Annotated[bool, Flag("--ranks", EVALUATION)] = Field(
        False, description="Average ranks and critical difference too, where several data sets are compared"
    )
    reference: Annotated[References, Flag("--reference", EVALUATION, "NAME,...", complete="references")] = Field(
        [],
        description="Models of scikit-learn to show beside the losses, outside of every test: "
        f"{', '.join(REFERENCE_MODELS.names())}",
    )
    net: CompareNet = Field(CompareNetConfig(), description="The hidden layers")
    optim: OptimConfig = Field(OptimConfig(), description="How the weights are trained; lr is that of the untuned rows")
    penalty: PenaltyField = PenaltyConfig()
    kernel: KernelField = "auto"
    jobs: Annotated[Annotated[Whole, Field(ge=1, le=1024)] | None, Absent, Flag("--jobs", RUN, short="-j")] = Field(
        None, description="Worker processes; null chooses by the size of the work, at most one a processor"
    )
    scheduler: Annotated[Text | None, Absent, Flag("--scheduler", RUN, "ADDRESS")] = Field(
        None, description="A Dask scheduler whose workers do the work: tcp://head:8786"
    )
    isolate: Annotated[bool, Flag("--isolate/--no-isolate", RUN)] = Field(
        True, description="Losses from files work in processes of their own"
    )
    early_stopping: CompareEarlyStoppingConfig = Field(
        CompareEarlyStoppingConfig(), description="When to stop before the last epoch"
    )

    _distinct = field_validator("data", "lrs", "reference")(distinct)
    _grouped = model_validator(mode="before")(group_conditions)
