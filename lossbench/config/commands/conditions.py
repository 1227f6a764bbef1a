"""What `lossbench compare-losses` varies besides the losses: the levels of each condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from lossbench.config.flag import CONDITIONS, Flag
from lossbench.config.parts import ConfigPart, Fraction, Keep, Nonnegative
from lossbench.config.values import Listed, Real, distinct, spell_matrix

Share = Annotated[Real, Field(gt=0, le=1)]
Strength = Annotated[Real, Field(ge=0, le=1)]
Ratio = Annotated[Real, Field(ge=1)]
Matrix = Annotated[
    str | list[list[Real]],
    BeforeValidator(spell_matrix, json_schema_input_type=str | list[list[float]]),
]


class ConditionsConfig(ConfigPart):
    """What is varied besides the losses: one comparison for each combination of these levels; test parts stay clean."""

    train_share: Annotated[Listed[Share], Flag("--train-share", CONDITIONS, "SHARE,...")] = Field(
        [1.0], description="Shares of each training part that are used; one comparison for each"
    )
    imbalance_ratio: Annotated[Listed[Ratio], Flag("--imbalance-ratio", CONDITIONS, "RATIO,...")] = Field(
        [1.0],
        description="Rows of the most frequent class for each of the rarest, which is thinned out in training parts; "
        "1 leaves the classes as they are",
    )
    label_noise: Annotated[Listed[Fraction], Flag("--label-noise", CONDITIONS, "SHARE,...")] = Field(
        [0.0], description="Shares of training labels that are exchanged for another class; one comparison for each"
    )
    pair_flip_noise: Annotated[Listed[Fraction], Flag("--pair-flip-noise", CONDITIONS, "SHARE,...")] = Field(
        [0.0], description="Shares of training labels that are exchanged for the next class"
    )
    matrix_noise: Annotated[Listed[Strength], Flag("--matrix-noise", CONDITIONS, "SHARE,...")] = Field(
        [0.0], description="Strengths of the noise matrix that training labels are exchanged by: 0 none, 1 as given"
    )
    noise_matrix: Annotated[Matrix | None, Flag("--noise-matrix", CONDITIONS, "FILE|[[...]]")] = Field(
        None,
        description="The probability that class k (row) becomes l (column), classes in the table's order: rows of "
        "numbers, or a CSV file of them",
    )
    boundary_noise: Annotated[Listed[Fraction], Flag("--boundary-noise", CONDITIONS, "SHARE,...")] = Field(
        [0.0],
        description="Shares of training labels that are exchanged for another class, rows near a random linear "
        "boundary first",
    )
    instance_noise: Annotated[Listed[Fraction], Flag("--instance-noise", CONDITIONS, "SHARE,...")] = Field(
        [0.0], description="Mean rates of label noise that depends on each row's features (Xia et al. 2020)"
    )
    target_outliers: Annotated[Listed[Fraction], Flag("--target-outliers", CONDITIONS, "SHARE,...")] = Field(
        [0.0], description="Shares of a regression's training targets that become outliers"
    )
    target_noise: Annotated[Listed[Nonnegative], Flag("--target-noise", CONDITIONS, "SIZE,...")] = Field(
        [0.0],
        description="Heavy-tailed noise on a regression's training targets (Student's t, 2 degrees of freedom), in "
        "robust standard deviations of the target",
    )
    feature_outliers: Annotated[Listed[Fraction], Flag("--feature-outliers", CONDITIONS, "SHARE,...")] = Field(
        [0.0], description="Shares of the numbers in training features that become outliers"
    )
    missing_values: Annotated[Listed[Fraction], Flag("--missing-values", CONDITIONS, "SHARE,...")] = Field(
        [0.0], description="Shares of the values in training features that are removed, completely at random"
    )
    stop_rule: Annotated[Listed[Keep], Flag("--stop", CONDITIONS, "best|last,...")] = Field(
        ["best"],
        description="Which epoch is scored: the best one of the inner folds, or the last; one comparison for each",
    )

    @field_validator("*")
    @classmethod
    def _distinct(cls, given: Any, info: ValidationInfo) -> Any:
        return given if info.field_name == "noise_matrix" else distinct(given)

    @model_validator(mode="after")
    def _has_a_matrix_for_its_noise(self) -> ConditionsConfig:
        if any(self.matrix_noise) and self.noise_matrix is None:
            raise PydanticCustomError("matrix", "matrix_noise needs a noise matrix; give noise_matrix, too")
        if self.noise_matrix is not None and not any(self.matrix_noise):
            raise PydanticCustomError("matrix", "noise_matrix is used at no strength; give matrix_noise, such as 0,1")
        return self


def group_conditions(given: Any) -> Any:
    """{label_noise: 0.2} -> {conditions: {label_noise: 0.2}}: a condition may stand at the top of a config, too."""
    if not isinstance(given, Mapping):
        return given
    grouped = given.get("conditions") or {}
    if not isinstance(grouped, Mapping):
        return given
    alone = {name for name in ConditionsConfig.model_fields if name in given and name not in grouped}
    if not alone:
        return given
    rest = {key: value for key, value in given.items() if key not in alone}
    return {**rest, "conditions": {**grouped, **{name: given[name] for name in alone}}}
