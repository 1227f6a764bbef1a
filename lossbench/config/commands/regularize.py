"""The config of `lossbench regularize-gif`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from lossbench.components.penalties import PENALTIES
from lossbench.config.choices import Choice
from lossbench.config.data import DataConfig, DataField, HoldoutConfig
from lossbench.config.flag import DATA, LOSS, PICTURE, TRAINING, Flag, Without
from lossbench.config.parts import (
    Count,
    Hidden,
    Labels,
    LastActField,
    LossConfig,
    LossField,
    NetConfig,
    Positive,
    RunConfig,
    ShareField,
)
from lossbench.config.values import Real, Whole, distinct, spell_net, split_list, split_pair, split_range


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
    classes: Annotated[Labels | None, Flag("--classes", DATA, "NAME,...", after="--target", repeated=True)] = Field(
        default_factory=_of_iris("setosa", "versicolor"),
        description="The classes to tell apart; null takes all (iris: setosa, versicolor)",
    )
    features: Annotated[
        Labels | None, Flag("--features", DATA, "COLUMN,COLUMN|pca", after="--classes", repeated=True)
    ] = Field(
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
    loss: Annotated[LossField, Flag("--loss", LOSS, complete="one_loss"), Without("target_weight")] = Field(
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
    fps: Annotated[Real, Field(ge=0.01, le=50), Flag("--fps", PICTURE)] = Field(4.0, description="Frames per second")
    format: Annotated[Literal["gif", "webp", "apng", "mp4"], Flag("--format", PICTURE)] = Field(
        "gif", description="The kind of animation; mp4 where it can be written"
    )
    grid: Annotated[Whole, Field(ge=10, le=2000), Flag("--grid", PICTURE)] = Field(
        200, description="Points per side of the grid the regions are drawn on"
    )

    _distinct = field_validator("penalty", "classes", "features")(distinct)
    _pair = model_validator(mode="before")(split_pair)

    @field_validator("classes")
    @classmethod
    def _two_classes(cls, classes: list[str] | None) -> list[str] | None:
        if classes is not None and len(classes) < 2:
            raise PydanticCustomError("classes", "must name at least 2 classes, got {given}", {"given": str(classes)})
        return classes

    @field_validator("features")
    @classmethod
    def _two_columns_or_pca(cls, features: list[str] | None) -> list[str] | None:
        if features is not None and len(features) < 2 and features != ["pca"]:  # more may be names with commas
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
