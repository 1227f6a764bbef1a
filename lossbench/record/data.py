"""What was trained on, and how its rows were split."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lossbench.data.table import Task
from lossbench.record.part import RecordPart, Sparse

Statistic = Literal["mean", "median"]


def dummy_name(task: Task, statistic: Statistic = "mean") -> str:
    """What a prediction without any feature is called: the most frequent class, or the target's mean or median."""
    return f"target {statistic}" if task == "regression" else "majority class"


class SplitRecord(Sparse):
    """How many rows each part has, and what draws the same parts again."""

    scheme: str = ""  # "stratified k-fold", "holdout", ...
    train: int | None = None
    validation: int | None = None
    test: int | None = None
    inner_train: int | None = None  # of a comparison: the parts inside an outer training part
    inner_validation: int | None = None
    folds: int | None = None
    repeats: int | None = None
    seed: int | None = None
    per_seed: bool | None = None  # whether every seed has a split of its own
    sha256: list[str] = Field(default_factory=list)  # of each split's row numbers


class NoteRecord(RecordPart):
    """What was done to a table to read it: a repair or a drop is a warning."""

    level: Literal["note", "warning"]
    message: str


class DataRecord(RecordPart):
    """What was trained on."""

    name: str
    task: Task
    rows: int
    features: list[str]  # columns of the table
    inputs: int  # columns of the net's input, after encoding
    target: str
    classes: list[str] = Field(default_factory=list)
    class_counts: list[int] = Field(default_factory=list)
    class_totals: list[float] = Field(default_factory=list)  # the sums of weights; empty where all rows count alike
    sha256: str  # of the table trained on: features, target and classes
    split: SplitRecord
    dummy_statistic: Statistic = "mean"  # of a regression's target: what its dummy predicts
    source: str = ""
    targets: list[str] = Field(default_factory=list)  # of several numbers
    soft_target: bool = False  # whether the target holds probabilities of the classes
    weights: str = ""  # the column of sample weights; "": all rows count alike
    notes: list[NoteRecord] = Field(default_factory=list)

    @property
    def weighted_text(self) -> str:
        """What a report says of weights; "" where all rows count alike."""
        return f"weighted by {self.weights}" if self.weights else ""

    @property
    def dummy_name(self) -> str:
        """What a prediction without any feature is called here."""
        return dummy_name(self.task, self.dummy_statistic)
