"""The configs of the three commands. `kind` says which one a file is for; without it, it is for `lossbench train`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, field_validator
from pydantic_core import PydanticCustomError

from lossbench.components.penalties import PENALTIES
from lossbench.components.reference_models import REFERENCE_MODELS
from lossbench.config.choices import Choice
from lossbench.config.flag import DATA, EVALUATION, LOSS, PICTURE, RUN, TRAINING, Flag, Without
from lossbench.config.parts import (
    ConfigPart,
    Count,
    DataConfig,
    DataField,
    EarlyStoppingConfig,
    Fraction,
    Hidden,
    HoldoutConfig,
    Keep,
    Labels,
    LastActField,
    LossConfig,
    LossField,
    MetricName,
    NetConfig,
    NetField,
    OptimConfig,
    Patience,
    PenaltyConfig,
    PenaltyField,
    Positive,
    RunConfig,
    ShareField,
    SplitConfig,
    StoppingConfig,
    Text,
)
from lossbench.config.values import Real, Whole, distinct, spell_net, spell_pair, split_list, split_range

Command = Literal["train", "compare-losses", "regularize-gif"]

Rates = Annotated[
    list[Positive],
    BeforeValidator(split_list, json_schema_input_type=Positive | str | Annotated[list[Positive], Field(min_length=1)]),
    Field(min_length=1),
]
TrainShare = Annotated[Real, Field(gt=0, le=1)]
Fractions = Annotated[
    list[Fraction],
    BeforeValidator(split_list, json_schema_input_type=Fraction | str | Annotated[list[Fraction], Field(min_length=1)]),
    Field(min_length=1),
]
TrainShares = Annotated[
    list[TrainShare],
    BeforeValidator(
        split_list, json_schema_input_type=TrainShare | str | Annotated[list[TrainShare], Field(min_length=1)]
    ),
    Field(min_length=1),
]


StopRules = Annotated[
    list[Keep],
    BeforeValidator(split_list, json_schema_input_type=Keep | str | Annotated[list[Keep], Field(min_length=1)]),
    Field(min_length=1),
]


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
    recommended: Annotated[bool, Flag("--recommended/--no-recommended", LOSS)] = Field(
        True, description="Where the pair is broken, train the recommended one too, to compare"
    )


class PairConfig(ConfigPart):
    """A loss and its last activation."""

    loss: LossField = Field(description="The loss")
    last_act: LastActField = "auto"


class CompareNetConfig(NetConfig):
    """A small net: a comparison trains thousands of them."""

    hidden: Hidden = Field([32, 32])


class CompareEarlyStoppingConfig(StoppingConfig):
    """When a trial's nets stop, judged by the calibrated log-loss, for values by the metric, for every loss alike."""

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
        description="What to train on: data sets (`lossbench datasets`), or tables of your own",
    )
    losses: Annotated[
        Pairs | None,
        Flag("--losses", LOSS, "NAME,...", complete="pairs"),
        Without("last_act", "loss.params", "loss.class_weight"),
    ] = Field(
        None,
        description="The losses, with a last activation where it is not auto (nll+relu); null takes every sound one",
    )
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
    lrs: Annotated[Rates, Flag("--lrs", TRAINING, "FLOAT,...", after="--activation")] = Field(
        [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], description="The learning rates that every loss may choose from"
    )
    tune_params: Annotated[Literal["auto", "always", "never"], Flag("--tune-params", TRAINING, after="--lrs")] = Field(
        "auto",
        description="Whether losses choose their own parameters too, with as many trials for those without; "
        "auto: where losses are named. always, never",
    )
    inner_folds: Annotated[Whole, Field(ge=2), Flag("--inner-folds", TRAINING, after="--tune-params")] = Field(
        4, description="Folds of each training part that trials are chosen on; all of them, where there are fewer"
    )
    select_by: Annotated[
        Text, Flag("--select-by", TRAINING, "METRIC", after="--inner-folds", complete="one_metric")
    ] = Field(
        "auto",
        description="The metric that learning rate and epochs are chosen by; auto: the one that losses are judged by, "
        "log_loss where that is of probabilities",
    )
    label_noise: Annotated[Fractions, Flag("--label-noise", EVALUATION, "SHARE,...")] = Field(
        [0.0], description="Shares of training labels that are exchanged for another class; one comparison for each"
    )
    train_share: Annotated[TrainShares, Flag("--train-share", EVALUATION, "SHARE,...")] = Field(
        [1.0], description="Shares of each training part that are used; one comparison for each"
    )
    stop_rule: Annotated[StopRules, Flag("--stop", TRAINING, "best|last,...", after="--select-by")] = Field(
        ["best"],
        description="Which epoch is scored: the best one of the inner folds, or the last; one comparison for each",
    )
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
    early_stopping: CompareEarlyStoppingConfig = Field(
        CompareEarlyStoppingConfig(), description="When to stop before the last epoch"
    )

    _distinct = field_validator("data", "lrs", "label_noise", "train_share", "stop_rule", "reference")(distinct)


class RegularizeNetConfig(NetConfig):
    """One hidden layer, small enough for its weights to be looked at."""

    hidden: Hidden = Field([16])


class RegularizeHoldoutConfig(HoldoutConfig):
    """A larger test part: its points are in the pictures."""

    test: Annotated[ShareField, Flag("--test", DATA, "SHARE")] = Field(
        0.3, description="Share of the rows kept for the test"
    )


def _of_iris(*values: str) -> Callable[[dict[str, Any]], list[str] | None]:
    """The default where the data is iris: the course's exercise; null for any other table."""

    return lambda config: list(values) if _is_iris(config) else None


def _is_iris(config: dict[str, Any]) -> bool:
    data = config.get("data")
    return data is not None and data.name == "iris"


RegularizeNet = Annotated[
    RegularizeNetConfig, BeforeValidator(spell_net, json_schema_input_type=int | list[int] | RegularizeNetConfig)
]
Penalties = Annotated[
    list[Annotated[str, Choice(PENALTIES)]],
    BeforeValidator(split_list, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]
AlphaRange = Annotated[
    list[Positive],
    BeforeValidator(split_range, json_schema_input_type=Annotated[str, Field(pattern=".+:.+")] | list[float]),
    Field(min_length=2, max_length=2),
]


class RegularizeConfig(RunConfig):
    """`lossbench regularize-gif`: what a growing penalty does to the decision regions, as an animation.

    The objective is mean data loss + alpha * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w^2), over weights,
    never biases.
    """

    kind: Literal["regularize-gif"] = Field("regularize-gif", description="The command that the file is for")
    data: Annotated[
        DataField, Flag("--data", DATA, "NAME|FILE", complete="one_dataset"), Without("groups", "time", "target_scale")
    ] = Field(
        DataConfig(name="iris"),
        description="What to train on: a data set (`lossbench datasets`), or a table of your own",
    )
    classes: Annotated[Labels | None, Flag("--classes", DATA, "NAME,...", after="--target")] = Field(
        default_factory=_of_iris("setosa", "versicolor"),
        description="The classes to tell apart; null takes all (iris: setosa, versicolor)",
    )
    features: Annotated[Labels | None, Flag("--features", DATA, "COLUMN,COLUMN|pca", after="--classes")] = Field(
        default_factory=_of_iris("sepal length (cm)", "petal length (cm)"),
        description="Two columns to draw, or pca; null takes the first two (iris: sepal length, petal length)",
    )
    rest: Annotated[Literal["median", "drop"], Flag("--rest", DATA, after="--features")] = Field(
        default_factory=lambda config: "drop" if _is_iris(config) else "median",
        description="The other columns: trained on too and drawn at the median, or excluded (iris: excluded)",
    )
    penalty: Annotated[Penalties, Flag("--penalty", LOSS, "NAME,...", complete="penalties")] = Field(
        ["l2"], description=f"The penalties to draw side by side: {', '.join(PENALTIES.names())}"
    )
    l1_ratio: Annotated[Real, Field(ge=0, le=1), Flag("--l1-ratio", LOSS, "SHARE", after="--alpha-range")] = Field(
        0.5, description="The share of l1 in elasticnet"
    )
    alphas: Annotated[Whole, Field(ge=2, le=1000), Flag("--alphas", LOSS)] = Field(
        20, description="How many strengths, 2 to 1000, evenly spaced on a log scale"
    )
    alpha_range: Annotated[AlphaRange, Flag("--alpha-range", LOSS, "LOW:HIGH")] = Field(
        [1e-4, 1e1], description="The weakest and the strongest alpha, as low:high"
    )
    loss: Annotated[LossField, Flag("--loss", LOSS, complete="one_loss")] = Field(
        LossConfig(name="cross_entropy"),
        description="What is minimised beside the penalty: a loss (`lossbench losses`)",
    )
    last_act: LastActField = "auto"
    net: RegularizeNet = Field(RegularizeNetConfig(), description="The hidden layers")
    split: Annotated[RegularizeHoldoutConfig, Without("seed")] = Field(
        RegularizeHoldoutConfig(), description="Training and test parts"
    )
    tol: Annotated[Positive, Flag("--tol", TRAINING)] = Field(
        1e-8,
        description="A net has converged when no weight would move further than this in a proximal gradient step, or "
        "where the gradients around a kink cancel (the record's protocol has the rule)",
    )
    max_iter: Annotated[Count, Flag("--max-iter", TRAINING)] = Field(
        4_000, description="Evaluations of its objective after which a net that has not converged is marked so"
    )
    fps: Annotated[Real, Field(gt=0, le=50), Flag("--fps", PICTURE)] = Field(4.0, description="Frames per second")
    format: Annotated[Literal["gif", "webp", "apng", "mp4"], Flag("--format", PICTURE)] = Field(
        "gif", description="The kind of animation; mp4 where it can be written"
    )
    grid: Annotated[Whole, Field(ge=10, le=2000), Flag("--grid", PICTURE)] = Field(
        200, description="Points per side of the grid the regions are drawn on"
    )

    _distinct = field_validator("penalty", "classes", "features")(distinct)

    @field_validator("classes")
    @classmethod
    def _two_classes(cls, classes: list[str] | None) -> list[str] | None:
        if classes is not None and len(classes) < 2:
            raise PydanticCustomError("classes", "must name at least 2 classes, got {given}", {"given": str(classes)})
        return classes

    @field_validator("features")
    @classmethod
    def _two_columns_or_pca(cls, features: list[str] | None) -> list[str] | None:
        if features is not None and len(features) != 2 and features != ["pca"]:
            raise PydanticCustomError("features", "must be two columns or pca, got {given}", {"given": str(features)})
        return features

    @field_validator("alpha_range")
    @classmethod
    def _low_to_high(cls, ends: list[float]) -> list[float]:
        low, high = ends
        if low >= high:
            raise PydanticCustomError(
                "range", "must run from low to high, got {low}:{high}", {"low": f"{low:g}", "high": f"{high:g}"}
            )
        return ends


Config = TrainConfig | CompareConfig | RegularizeConfig

CONFIGS: dict[Command, type[Config]] = {
    "train": TrainConfig,
    "compare-losses": CompareConfig,
    "regularize-gif": RegularizeConfig,
}


def json_schema() -> dict[str, Any]:
    """The JSON schema of a config file of any kind, short forms included, for editors.

    A file without `kind` is one for `train`: so the other two must have it, or such a file would fit all three.
    """
    schema = TypeAdapter(Annotated[Config, Field(discriminator="kind")]).json_schema(mode="validation")
    del schema["discriminator"]  # says that every file must have a kind
    for config in (CompareConfig, RegularizeConfig):
        schema["$defs"][config.__name__]["required"] = ["kind"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lossbench config",
        **_with_bounds(schema),
    }


_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


def _with_bounds(node: Any) -> Any:
    """The bounds of values that are read from text first, which pydantic leaves under its own names."""
    if isinstance(node, dict):
        return {_BOUNDS.get(k, k) if isinstance(v, int | float) else k: _with_bounds(v) for k, v in node.items()}
    return [_with_bounds(entry) for entry in node] if isinstance(node, list) else node
