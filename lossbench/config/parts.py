"""The parts that the commands' configs share: data, loss, net, optimiser, penalty, splits, and where a run happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
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
from lossbench.config.flag import DATA, EVALUATION, LOSS, NET, READING, RUN, TRAINING, Flag
from lossbench.config.values import (
    CLASS_WEIGHT_WORDS,
    Absent,
    Full,
    Label,
    Real,
    Whole,
    spell_data,
    spell_hidden,
    spell_loss,
    spell_net,
    spell_weights,
    split_list,
)

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[Whole, Field(ge=1)]
Positive = Annotated[Real, Field(gt=0)]
Nonnegative = Annotated[Real, Field(ge=0)]
ShareField = Annotated[Real, Field(gt=0, lt=1)]
Fraction = Annotated[Real, Field(ge=0, lt=1)]
Labels = Annotated[list[Label], BeforeValidator(split_list, json_schema_input_type=str | list[str | float | bool])]
Units = Annotated[Whole, Field(ge=1, le=1_000_000)]
Hidden = Annotated[
    list[Units],
    BeforeValidator(spell_hidden, json_schema_input_type=Units | str | list[Units]),
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
    str | dict[str, float],
    BeforeValidator(
        spell_weights,
        json_schema_input_type=Annotated[str, Field(pattern="^(none|balanced|.+=.+)$")] | dict[str, Positive],
    ),
]
Seed = Annotated[Whole, Field(ge=0, le=2**32 - 1)]


class ConfigPart(BaseModel):
    """A mapping of a config: unknown keys are mistakes, values keep their types, nothing changes once checked."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class DataConfig(ConfigPart):
    """A table: one of the named data sets, or a file with the name of its target column."""

    name: Text | None = Field(None, description="A data set by its name (`lossbench datasets`), or openml:ID")
    file: Text | None = Field(
        None,
        description="A table of your own: CSV, TSV, JSON lines, Parquet, Feather; - is standard input",
    )
    target: Annotated[Annotated[Label, Field(min_length=1)] | None, Flag("--target", DATA, "COLUMN")] = Field(
        None, description="The column to predict; a file needs it"
    )
    task: Annotated[Literal["auto", "binary", "multiclass", "regression"], Flag("--task", DATA)] = Field(
        "auto", description="What kind of target it is; auto looks at its values"
    )
    drop: Annotated[Labels, Flag("--drop", DATA, "COLUMN,...")] = Field([], description="Columns to leave out")
    keep: Annotated[Labels, Flag("--keep", DATA, "COLUMN,...")] = Field(
        [], description="Columns to keep although they look like row numbers or copies of the target"
    )
    groups: Annotated[Annotated[Label, Field(min_length=1)] | None, Flag("--groups", DATA, "COLUMN|duplicates")] = (
        Field(
            None,
            description="A column whose equal values must stay in the same part; it is no feature. duplicates: rows of "
            "equal features stay in the same part",
        )
    )
    time: Annotated[Annotated[Label, Field(min_length=1)] | None, Flag("--time", DATA, "COLUMN")] = Field(
        None,
        description="A column of dates or numbers that orders the rows in time: the latest are tested on, nothing is "
        "shuffled; it is no feature unless it is in keep",
    )
    sep: Annotated[Text | None, Flag("--sep", READING, "TEXT")] = Field(
        None, description="What separates the fields; null finds out"
    )
    decimal: Annotated[Annotated[str, Field(min_length=1, max_length=1)] | None, Flag("--decimal", READING, "MARK")] = (
        Field(None, description="The decimal mark of numbers; null finds out")
    )
    encoding: Annotated[Text, Flag("--encoding", READING)] = Field("utf-8", description="The text encoding of the file")
    na: Annotated[Labels, Flag("--na", READING, "TEXT,...")] = Field(
        [], description="Values that mean a gap, beside empty ones and NA, N/A, NaN, NULL, null, None, <NA>, #N/A"
    )
    keep_na_words: Annotated[bool, Flag("--keep-na-words", READING)] = Field(
        False, description="Take NA, None and null for words, not for gaps"
    )
    allow_short_rows: Annotated[bool, Flag("--allow-short-rows", READING)] = Field(
        False, description="Fill rows that are shorter than the header with gaps"
    )
    drop_missing_target: Annotated[bool, Flag("--drop-missing-target", READING)] = Field(
        False, description="Leave out rows without a target"
    )
    min_class_rows: Annotated[Count | None, Flag("--min-class-rows", READING)] = Field(
        None, description="Leave out classes with fewer rows than this"
    )
    dates: Annotated[bool, Flag("--dates", READING)] = Field(
        False, description="Turn dates into year, month, day and weekday instead of dropping them"
    )
    text: Annotated[Literal["drop", "hash"], Flag("--text", READING)] = Field(
        "drop", description="Text columns with very many values: leave them out, or hash them"
    )
    max_bytes: Annotated[Count, Flag("--max-bytes", READING)] = Field(
        2 << 30, description="Give up on a file that unpacks to more than this"
    )
    scale: Annotated[Literal["standard", "quantile", "none"], Flag("--scale", DATA)] = Field(
        "standard", description="How numbers are scaled, fitted on the training part only"
    )
    target_scale: Annotated[Literal["auto", "standard", "robust"], Flag("--target-scale", DATA)] = Field(
        "auto",
        description="The unit a regression is trained in: the target's standard deviation (standard) or 1.4826 MAD "
        "(robust); auto: robust where tails are heavy",
    )

    @model_validator(mode="after")
    def _one_source(self) -> DataConfig:
        if (self.name is None) == (self.file is None):
            has = "both" if self.name is not None else "neither"
            raise PydanticCustomError(
                "source", "must have either a name (`lossbench datasets`) or a file, and has {has}", {"has": has}
            )
        if self.file is not None and self.target is None:
            raise PydanticCustomError(
                "target", "needs the name of the column of {file} to predict (target, --target)", {"file": self.file}
            )
        if self.groups is not None and self.time is not None:
            raise PydanticCustomError("split", "must have groups or time, not both: they split the rows differently")
        return self


class LossConfig(ConfigPart):
    """A loss with its parameters."""

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
        "class's frequency; or no=1,yes=3, a weight for every class",
    )
    target_encoding: Annotated[Text | None, Flag("--target-encoding", LOSS, complete="encodings")] = Field(
        None,
        description="What an undeclared loss of your own wants as target: class_index, one_hot, sign, ...",
    )
    inverse_link: Annotated[Text | None, Flag("--inverse-link", LOSS, complete="inverse_links")] = Field(
        None,
        description="How the outputs of an undeclared loss of your own are read: softmax, margin, identity, ...",
    )


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
    """When to stop before the last epoch, judged on validation rows, never by the loss."""

    patience: Patience = None
    min_delta: Annotated[Nonnegative, Flag("--min-delta", TRAINING)] = Field(
        0.0, description="What counts as better: more than this"
    )


class EarlyStoppingConfig(StoppingConfig):
    """When to stop before the last epoch, and which epoch's weights are kept."""

    keep: Keep = "last"


class HoldoutConfig(ConfigPart):
    """The part of the rows that is kept for the test."""

    test: Annotated[ShareField, Flag("--test", EVALUATION, "SHARE")] = Field(
        0.2, description="Share of the rows kept for the test"
    )
    seed: Annotated[Seed, Flag("--split-seed", EVALUATION)] = Field(
        0, description="The seed that assigns the rows to parts"
    )


class SplitConfig(HoldoutConfig):
    """Training, validation and test parts, stratified by class."""

    validation: Annotated[Fraction, Flag("--validation", EVALUATION, "SHARE", after="--metric")] = Field(
        0.2, description="Share of the rows kept for the validation metric"
    )
    per_seed: Annotated[bool, Flag("--per-seed/--no-per-seed", EVALUATION)] = Field(
        True, description="Deal the rows out anew for every seed: the spread is over splits too"
    )

    @field_validator("validation")
    @classmethod
    def _leaves_rows_to_train_on(cls, validation: float, info: ValidationInfo) -> float:
        test = info.data.get("test", 0.0)
        if test + validation >= 1:
            raise PydanticCustomError(
                "split",
                "must leave rows to train on: test {test} and validation {validation} are all",
                {"test": test, "validation": validation},
            )
        return validation


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


DataField = Annotated[DataConfig, BeforeValidator(spell_data, json_schema_input_type=str | DataConfig)]
LossField = Annotated[LossConfig, BeforeValidator(spell_loss, json_schema_input_type=str | LossConfig)]
NetField = Annotated[NetConfig, BeforeValidator(spell_net, json_schema_input_type=int | list[int] | NetConfig)]
LastActField = Annotated[
    Text,
    Field(description="The last activation (`lossbench activations`); auto takes the one that the loss expects"),
    Flag("--last-act", LOSS, complete="one_activation", after="--loss-param"),
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
    Field(description="What large weights cost"),
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
