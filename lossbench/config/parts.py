"""The parts that the commands' configs share: data, loss, net, optimiser, penalty, splits, and where a run happens."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.components.optimizers import OPTIMIZERS
from lossbench.components.penalties import PENALTIES
from lossbench.components.schedules import SCHEDULES
from lossbench.config.choices import Choice
from lossbench.config.flag import EVALUATION, LOSS, NET, RUN, TRAINING, Flag
from lossbench.config.values import (
    CLASS_WEIGHT_WORDS,
    Absent,
    Full,
    Label,
    Real,
    Whole,
    spell_hidden,
    spell_loss,
    spell_net,
    spell_weights,
    split_labels,
    translate_loss,
)

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[Whole, Field(ge=1)]
Positive = Annotated[Real, Field(gt=0)]
Nonnegative = Annotated[Real, Field(ge=0)]
ShareField = Annotated[Real, Field(gt=0, lt=1)]
Fraction = Annotated[Real, Field(ge=0, lt=1)]
Labels = Annotated[list[Label], BeforeValidator(split_labels, json_schema_input_type=str | list[str | float | bool])]
Units = Annotated[Whole, Field(ge=1, le=1_000_000)]
MOST_PARAMETERS = 1 << 28
BYTES_A_PARAMETER = 16  # float32: its value, its gradient, and the two moments of Adam


def too_large(parameters: int) -> str:
    """Why a net of so many parameters is not trained; "" of one that is."""
    if parameters <= MOST_PARAMETERS:
        return ""
    size = f"{parameters:,} parameters, about {parameters * BYTES_A_PARAMETER / 1e9:,.0f} GB to train"
    return f"a net of {size}; at most {MOST_PARAMETERS:,} are allowed"


def _trainable(hidden: list[int]) -> list[int]:
    """Refuse what is too large whatever the table: with one input and one output."""
    if why := too_large(sum((i + 1) * o for i, o in itertools.pairwise([1, *hidden, 1]))):
        raise PydanticCustomError("too_large", "{why}", {"why": why})
    return hidden


Hidden = Annotated[
    list[Units],
    BeforeValidator(spell_hidden, json_schema_input_type=Units | str | list[Units]),
    AfterValidator(_trainable),
    Field(description="Units of each hidden layer; none for a linear model"),
    Flag("--hidden", NET, "INT,..."),
]
Patience = Annotated[
    Count | None,
    Absent,
    Field(description="Epochs without a better validation metric before training stops; null never stops"),
    Flag("--patience", TRAINING),
]
Keep = Annotated[
    Literal["last", "best"], Field(description="The weights that are kept: of the last epoch or of the best one")
]


ClassWeightField = Annotated[
    str | dict[str, float] | list[float],
    BeforeValidator(
        spell_weights,
        json_schema_input_type=Annotated[str, Field(pattern="^(none|balanced|sqrt_balanced|.+=.+|.+,.+)$")]
        | dict[str, Positive]
        | list[Positive],
    ),
]
Seed = Annotated[Whole, Field(ge=0, le=2**32 - 1)]


class ConfigPart(BaseModel):
    """A mapping of a config: unknown keys are mistakes, values keep their types, nothing changes once checked."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _has_no_nul(cls, given: Any) -> Any:
        """No name of a file, a column or a class has a NUL byte, and what reads one ends in the middle of it."""
        for key, value in given.items() if isinstance(given, dict) else [("", given)]:
            if any("\0" in text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)):
                raise PydanticCustomError("nul", f"{key}: ".removeprefix(": ") + "must not hold a NUL byte")
        return given


class LossConfig(ConfigPart):
    """A loss with its parameters; another library's name of it becomes lossbench's own."""

    name: Text = Field(
        description="A loss by its name (`lossbench losses`), or my_loss.py:my_loss; auto: nll for classes, mse for "
        "values"
    )
    params: Annotated[dict[str, Any], Flag("--loss-param", LOSS, "NAME=VALUE", pairs=True, note="may be repeated")] = (
        Field({}, description="Its parameters (`lossbench explain NAME` lists them)")
    )
    class_weight: Annotated[
        ClassWeightField, Flag("--class-weight", LOSS, "WORD|CLASS=WEIGHT,...", complete=CLASS_WEIGHT_WORDS)
    ] = Field(
        "none",
        description="How much the samples of each class count: none, all alike; balanced, by the inverse of their "
        "class's frequency; sqrt_balanced, by the root of that; or no=1,yes=3, a weight for every class (1,3 in their "
        "order)",
    )
    target_weight: Annotated[Literal["none", "lds", "sqrt_lds"], Flag("--target-weight", LOSS)] = Field(
        "none",
        description="How much the rows of a regression count by their target: none, all alike; lds, by the inverse of "
        "its density among the training rows (label-distribution smoothing); sqrt_lds, by the root of that",
    )
    target_encoding: Annotated[Text | None, Flag("--target-encoding", LOSS, complete="encodings")] = Field(
        None,
        description="What an undeclared loss of your own wants as target: class_index, one_hot, sign, ...",
    )
    decode: Annotated[Text | None, Flag("--decode", LOSS, complete="decoders")] = Field(
        None,
        description="How the outputs of an undeclared loss of your own are read: softmax, margin, identity, ...",
    )

    _translated = model_validator(mode="before")(translate_loss)


class NetConfig(ConfigPart):
    """The hidden layers of the MLP; inputs and outputs follow from data and loss."""

    hidden: Hidden = Field([64, 64, 64, 64])
    activation: Annotated[str, Choice(HIDDEN_ACTIVATIONS), Flag("--activation", NET)] = Field(
        "relu", description="The activation between the layers"
    )


_WITH_MOMENTUM = " and ".join(one.name for one in OPTIMIZERS if one.has_momentum)
_DECOUPLED = " and ".join(one.name for one in OPTIMIZERS if one.decoupled)


class OptimConfig(ConfigPart):
    """How the weights are trained."""

    name: Annotated[str, Choice(OPTIMIZERS), Flag("--optim", TRAINING)] = Field("adam", description="The optimiser")
    lr: Annotated[Positive, Flag("--lr", TRAINING)] = Field(1e-3, description="The learning rate")
    batch_size: Annotated[Count | None, Full, Flag("--batch-size", TRAINING, "INT|full")] = Field(
        32, description="Samples per step; full (null) takes all of them in each step"
    )
    epochs: Annotated[Whole, Field(ge=1, le=1_000_000), Flag("--epochs", TRAINING)] = Field(
        100, description="Passes over the training part"
    )
    momentum: Annotated[Fraction, Flag("--momentum", TRAINING)] = Field(
        0.0, description=f"The momentum of {_WITH_MOMENTUM}"
    )
    weight_decay: Annotated[Nonnegative, Flag("--weight-decay", TRAINING)] = Field(
        0.0, description=f"Weight decay of the optimiser (decoupled in {_DECOUPLED}); see penalty for l2"
    )
    schedule: Annotated[str, Choice(SCHEDULES), Flag("--schedule", TRAINING)] = Field(
        "constant", description="How the learning rate runs over the epochs"
    )

    @field_validator("momentum")
    @classmethod
    def _has_one(cls, momentum: float, info: ValidationInfo) -> float:
        name = info.data.get("name")
        if momentum and name is not None and not OPTIMIZERS.get(name).has_momentum:
            raise PydanticCustomError(
                "momentum",
                "must be 0 with {name}: it is a setting of {those}",
                {"name": name, "those": _WITH_MOMENTUM},
            )
        return momentum


class Strengths(ConfigPart):
    """Penalties by name, each with its strength."""

    def split(self) -> tuple[float, float]:
        """The strengths (l1, l2) that they add up to."""
        parts = [PENALTIES.get(name).split(getattr(self, name)) for name in type(self).model_fields]
        return sum(l1 for l1, _ in parts), sum(l2 for _, l2 in parts)


# Those that need no l1_ratio: a mix of l1 and l2 is written as both.
if TYPE_CHECKING:
    PenaltyConfig = Strengths
else:
    PenaltyConfig = create_model(
        "PenaltyConfig",
        __base__=Strengths,
        __module__=__name__,
        __doc__="Added to the mean loss: l1 * sum |w| + l2 / 2 * sum w^2 over weights, never biases. Elastic net is "
        "both.",
        **{
            one.name: (Nonnegative, Field(0.0, description=f"Strength alpha of {one.formula}; {one.effect}"))
            for one in PENALTIES
            if not one.uses_l1_ratio
        },
    )


class StoppingConfig(ConfigPart):
    """When to stop before the last epoch, by a score of validation rows, never by the loss."""

    patience: Patience = None
    min_delta: Annotated[Nonnegative, Flag("--min-delta", TRAINING)] = Field(
        0.0, description="The smallest improvement that counts as better"
    )


class EarlyStoppingConfig(StoppingConfig):
    """When to stop before the last epoch, and which epoch's weights are kept."""

    keep: Keep = "last"


class RunConfig(ConfigPart):
    """Where a run happens and what it is called."""

    seed: Annotated[Seed, Flag("--seed", RUN)] = Field(
        0, description="The first seed; everything random follows from it"
    )
    device: Annotated[
        str,
        Field(pattern=r"^(auto|cpu|mps|cuda(:[0-9]+)?)$"),
        Flag("--device", RUN, complete=("auto", "cpu", "cuda", "mps")),
    ] = Field("auto", description="auto, cpu, cuda, cuda:N or mps")
    threads: Annotated[Annotated[Whole, Field(ge=1, le=1024)] | None, Absent, Flag("--threads", RUN)] = Field(
        None, description="CPU threads; null chooses by the size of the work"
    )
    output: Annotated[Text, Flag("--output", RUN, "FOLDER")] = Field(
        "outputs", description="The folder that runs are kept in"
    )
    name: Annotated[
        Annotated[str, Field(pattern=r"^[^/\\\x00-\x1f.][^/\\\x00-\x1f]*$", max_length=200)] | None, Flag("--name", RUN)
    ] = Field(None, description="The run's name; null makes one from data and loss")


LossField = Annotated[LossConfig, BeforeValidator(spell_loss, json_schema_input_type=str | LossConfig)]
NetField = Annotated[NetConfig, BeforeValidator(spell_net, json_schema_input_type=int | list[int] | NetConfig)]
LastActField = Annotated[
    Text,
    Field(description="The last activation (`lossbench activations`); auto takes the one that the loss expects"),
    Flag("--last-act", LOSS, complete="one_activation", after="--loss-param"),
]
KernelField = Annotated[
    Literal["auto", "compiled", "torch"],
    Field(
        description="What makes the training's steps: compiled, by a C++ kernel that is built once, or torch. They "
        "differ in the last bits; auto: compiled where there is a C++ compiler and no GPU"
    ),
    Flag("--kernel", RUN, after="--device"),
]
MetricName = Annotated[
    Text,
    Field(
        description="The metric that losses are scored by (`lossbench metrics`), with parameters as in"
        " pinball(quantile=0.9); auto: what the losses estimate, auroc where a class is rare, accuracy or rmse"
    ),
    Flag("--metric", EVALUATION, complete="one_metric"),
]
PenaltyField = Annotated[
    PenaltyConfig,
    Field(description="The penalty on large weights"),
    Flag(
        "--penalty",
        LOSS,
        "NAME=VALUE",
        pairs=True,
        complete="penalty_values",
        note="such as l1=1e-4,l2=1e-3",
        after="--last-act",
    ),
]
