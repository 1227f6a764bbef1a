"""The parts of a config that say what is trained on: a data set or a file, how it is read, and how it is split."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from lossbench.config.flag import DATA, EVALUATION, READING, Flag
from lossbench.config.parts import ConfigPart, Count, Fraction, Labels, Seed, ShareField, Text
from lossbench.config.values import (
    Label,
    Whole,
    join_target,
    spell_data,
)

_SPACES = (" ", "\u00a0", "\u202f", "\u2009")  # blanks that do not break a line part thousands, too
THOUSANDS = (",", ".", "'", "_", "space", "none")


def _thousands(value: Any) -> Any:
    """A mark or a word for one: every blank is `space`, ’ an apostrophe."""
    spelled = {"’": "'", **dict.fromkeys(_SPACES, "space")}
    mark = spelled.get(value, value) if isinstance(value, str) else value
    if mark is not None and mark not in THOUSANDS:
        raise PydanticCustomError("mark", "must be one of , . ' _ space or none, got {given}", {"given": repr(value)})
    return mark


def _decimal(value: Any) -> Any:
    if value not in (None, ".", ","):
        raise PydanticCustomError("mark", "must be a point or a comma, got {given}", {"given": repr(value)})
    return value


Decimal = Annotated[
    str | None, BeforeValidator(_decimal, json_schema_input_type=Annotated[str, Field(pattern="^[.,]$")] | None)
]
Thousands = Annotated[
    str | None,
    BeforeValidator(_thousands, json_schema_input_type=Annotated[str, Field(pattern="^([,.'_ ]|space|none)$")] | None),
]


def _strptime(written: str) -> str:
    if "%" not in written and written != "ISO8601":
        raise PydanticCustomError("date_format", "must be written like %d.%m.%Y %H:%M, got {given}", {"given": written})
    return written


DateFormat = Annotated[str, AfterValidator(_strptime)]
TargetField = Annotated[
    Label, Field(min_length=1), BeforeValidator(join_target, json_schema_input_type=str | float | bool | list[str])
]


class DataConfig(ConfigPart):
    """A table: one of the named data sets, or a file with the name of its target column."""

    name: Text | None = Field(
        None, description="A data set by its name (`lossbench datasets`), openml:ID, or suite:NAME for several"
    )
    file: Text | None = Field(
        None,
        description="A table of your own: CSV, TSV, JSON lines, Parquet, Feather; - is standard input",
    )
    target: Annotated[TargetField | None, Flag("--target", DATA, "COLUMN,...")] = Field(
        None,
        description="The column to predict; a file needs it. Several columns are probabilities of the classes, or "
        "numbers to predict together",
    )
    task: Annotated[Literal["auto", "binary", "multiclass", "ordinal", "regression"], Flag("--task", DATA)] = Field(
        "auto", description="What kind of target it is; auto looks at its values"
    )
    order: Annotated[Labels, Flag("--order", DATA, "CLASS,...", repeated=True)] = Field(
        [], description="The target's classes in their order, lowest first, as low,medium,high: an ordinal task"
    )
    drop: Annotated[Labels, Flag("--drop", DATA, "COLUMN,...", repeated=True)] = Field(
        [], description='Columns to leave out, as a,b; a name with a comma in double quotes: "size, mm",b'
    )
    keep: Annotated[Labels, Flag("--keep", DATA, "COLUMN,...", repeated=True)] = Field(
        [], description="Columns to keep although they look like row numbers or copies of the target"
    )
    categories: Annotated[Labels, Flag("--categories", DATA, "COLUMN,...", repeated=True)] = Field(
        [], description="Columns whose values are categories although they look like numbers: store, ZIP code"
    )
    numbers: Annotated[Labels, Flag("--numbers", DATA, "COLUMN,...", repeated=True)] = Field(
        [], description="Columns of numbers although they look like codes, dates or truth values"
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
    weights: Annotated[Annotated[Label, Field(min_length=1)] | None, Flag("--weights", DATA, "COLUMN")] = Field(
        None,
        description="A column of sample weights: what each row counts in training and in scores; 0 leaves the row out, "
        "and it is no feature",
    )
    sep: Annotated[Text | None, Flag("--sep", READING, "TEXT")] = Field(
        None, description="The separator of the fields, like ; or tab; space: runs of blanks. null detects it"
    )
    decimal: Annotated[Decimal, Flag("--decimal", READING, "MARK")] = Field(
        None, description="The decimal mark of numbers, a point or a comma; null detects it"
    )
    thousands: Annotated[Thousands, Flag("--thousands", READING, "MARK")] = Field(
        None,
        description="The thousands separator, like , in 1,960.29: one of , . ' _ space, or none; null detects it",
    )
    encoding: Annotated[Text, Flag("--encoding", READING)] = Field(
        "utf-8", description="The text encoding of the file; a byte order mark takes precedence"
    )
    header: Annotated[bool, Flag("--header/--no-header", READING)] = Field(
        True, description="Whether the first row has the names; without a header the columns are called 1, 2, ..."
    )
    columns: Annotated[Labels, Flag("--columns", READING, "NAME,...", repeated=True)] = Field(
        [], description="Names for the columns of a file without a header, as age,income,y"
    )
    comment: Annotated[Text | None, Flag("--comment", READING, "TEXT")] = Field(
        None, description="Lines that begin with this are left out, as #"
    )
    skip_lines: Annotated[Annotated[Whole, Field(ge=0)], Flag("--skip-lines", READING)] = Field(
        0, description="How many lines at the top are left out, as titles above the header"
    )
    na: Annotated[Labels, Flag("--na", READING, "TEXT,...", repeated=True)] = Field(
        [], description="Values that mean a gap, beside empty ones and NA, N/A, NaN, NULL, null, None, <NA>, #N/A"
    )
    keep_na_words: Annotated[bool, Flag("--keep-na-words", READING)] = Field(
        False,
        description="Take NA, None and null for words, not for gaps, but in columns of numbers, dates or truth values",
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
        False,
        description="Turn dates into year, month, day, weekday and time of day instead of dropping them",
    )
    date_formats: Annotated[
        dict[Label, DateFormat], Flag("--date-format", READING, "COLUMN=FORMAT", pairs=True, whole=True)
    ] = Field({}, description="How the dates of a column are written, like when=%d.%m.%Y")
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
        True, description="Split the rows anew for every seed, so that the spread includes the splits"
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


DataField = Annotated[DataConfig, BeforeValidator(spell_data, json_schema_input_type=str | DataConfig)]
