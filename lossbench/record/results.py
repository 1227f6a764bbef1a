"""Results: one loss in one setting, its members, what they scored, and what was measured of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from lossbench.events import Status
from lossbench.printable import LONGEST_MESSAGE, cut, one_line
from lossbench.record.part import Finite, Number, Positive, RecordPart, Scores, Sparse
from lossbench.record.planes import PackedPlanes


class VerdictRecord(RecordPart):
    """The verdict of a pair, as said before training."""

    level: Literal["ok", "equivalent", "unknown", "degraded", "broken"]
    why: str
    fix: str = ""


class LossRecord(RecordPart):
    """A loss as it was trained: its name, parameters, and the text and hash of its source if it is a user's."""

    name: str
    label: str
    params: dict[str, Any] = Field(default_factory=dict)
    formula: str = ""
    floor: Number = None
    proper: bool = False
    estimand: str = ""  # what it estimates: "the median"; "": not declared
    reference: str = ""
    source: str = ""
    source_sha256: str = ""


class PathRecord(RecordPart):
    """One net on a regularization path: its strength, its objective, its weights, and how its training ended."""

    alpha: Positive
    data_loss: Number
    penalty: Number  # the penalty's value at these weights
    l1_norm: Number
    l2_norm: Number
    zeros: int  # weights that are exactly 0
    weights: list[Number]  # biases excluded
    converged: bool
    ended_by: str
    residual: Number
    tolerance: float
    evaluations: int


class MemberRecord(Sparse):
    """One trained net."""

    seed: int
    lr: Number
    status: Status
    split: dict[str, int] = Field(default_factory=dict)  # {"repeat": 0, "fold": 3}
    penalty: dict[str, Number] = Field(default_factory=dict)
    role: str = ""  # "trial", "refit", "untuned" in a comparison
    params: dict[str, Any] = Field(default_factory=dict)  # those of its loss's own parameters that were chosen for it
    class_weights: dict[str, float] = Field(default_factory=dict)  # what a training sample of each class counts
    best_epoch: int | None = None
    epochs: int = 0  # epochs trained
    n_train: int | None = None  # rows of its training part
    n_test: int | None = None  # rows of its test part
    chosen: bool | None = None  # of a trial: whether its split chose it
    grid_edge: bool | None = None  # of a refit: whether its learning rate is an end of the grid
    temperature: Number = None  # of its probabilities, fitted on validation rows
    train: Scores = Field(default_factory=dict)
    val: Scores = Field(default_factory=dict)
    test: Scores = Field(default_factory=dict)
    test_by_target: dict[str, Scores] = Field(default_factory=dict)  # of several numbers: `test` is their mean
    curves: dict[str, list[Number]] = Field(default_factory=dict)  # one number per epoch
    path: PathRecord | None = None  # of `regularize-gif`

    def path_record(self) -> PathRecord:
        """The net's place on its regularization path; every net of `regularize-gif` has one."""
        assert self.path is not None, "a net of regularize-gif"
        return self.path


class RangeRecord(RecordPart):
    """The smallest, mean and largest of some finite numbers."""

    min: Finite
    mean: Finite
    max: Finite


class Diagnostics(Sparse):
    """What was measured of a pair over its members: the symptoms of an unsound one.

    What is said of outputs is said of the `members_finite` whose outputs are all finite numbers.
    """

    members: int = 0
    members_finite: int | None = None
    final_train_loss: RangeRecord | None = None
    floor: Number = None  # the loss's lowest possible value
    members_below_floor: int | None = None
    members_staying_below_floor: int | None = None
    below_floor_from_epoch: int | None = None  # where the first of them fell below
    all_below_floor_from_epoch: int | None = None  # where the last of them did
    dead_outputs: Number = None  # share of the outputs with one value for every row
    invalid_probabilities: Number = None  # share of the rows that are no probabilities though taken for such
    members_predicting_one_class: int | None = None


class ObjectiveRecord(Sparse):
    """Losses whose gradients showed no difference, but for one factor, are of one group."""

    group: str = ""
    factor: float = 1.0  # its gradient is so many times that of the group's first loss
    represents: list[str] = Field(default_factory=list)  # others with its gradients, which were not trained
    probes: int = 0  # outputs at which no difference from them was found; 0 where it is alone
    reach: float = 0.0  # up to which size of linear outputs


class ReferenceRecord(RecordPart):
    """A model that is no net, on the splits of one setting: what else is possible there. It is in no test."""

    name: str
    estimator: str  # scikit-learn's class
    data: str
    condition: dict[str, float] = Field(default_factory=dict)
    members: list[MemberRecord] = Field(default_factory=list)  # one a split
    seconds: Number = Field(None, exclude=True)  # kept in the record's `timing`


class ReliabilityRecord(RecordPart):
    """How often the most probable class is right, by confidence: bins of equal width, null in an empty one."""

    confidence: list[Number]
    accuracy: list[Number]
    count: list[Annotated[int | float, Field(ge=0)]]  # rows, or the sum of their weights

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not len(self.confidence) == len(self.accuracy) == len(self.count):
            raise ValueError("confidence, accuracy and count must be of one length")
        return self


class PenaltyRecord(RecordPart):
    """The penalty of a regularization path, and the share of L1 in it."""

    name: str
    title: str  # as a picture's heading has it
    l1_ratio: Annotated[float, Field(ge=0, le=1)]


def _message(given: Any) -> Any:
    return one_line(given, LONGEST_MESSAGE) if isinstance(given, str) else given


def _traceback(given: Any) -> Any:
    return cut(given) if isinstance(given, str) else given


class LossResult(Sparse):
    """One loss in one setting: its verdict, its members, and what was measured of the pair."""

    model_config = ConfigDict(validate_assignment=True)  # what an exception says may be of any length, and no text

    name: str
    data: str
    loss: LossRecord
    last_act: str
    verdict: VerdictRecord
    status: Status
    message: Annotated[str, BeforeValidator(_message)] = ""  # one line, cut where it is long
    traceback: Annotated[str, BeforeValidator(_traceback)] = ""  # of a run that failed, cut in its middle
    outputs: int = 1
    condition: dict[str, float] = Field(default_factory=dict)  # condition name -> level: {"label_noise": 0.2}
    realised: dict[str, float] = Field(default_factory=dict)  # what came of it: {"label_noise": 0.198}
    penalty: PenaltyRecord | None = None  # of `regularize-gif`
    objective: ObjectiveRecord | None = None
    members: list[MemberRecord] = Field(default_factory=list)
    diagnostics: Diagnostics = Field(default_factory=Diagnostics)
    matrix: dict[str, Number] = Field(default_factory=dict)  # its nets' mean test value under every loss
    reliability: ReliabilityRecord | None = None
    regions: list[PackedPlanes] = Field(default_factory=list)  # of `regularize-gif`: each member's decision regions
    dummy: dict[str, Scores] = Field(default_factory=dict)  # part -> scores of the majority class or target mean
    seconds: Number = Field(None, exclude=True)  # kept in the record's `timing`

    def penalty_record(self) -> PenaltyRecord:
        """The penalty of the path; every run of `regularize-gif` has one."""
        assert self.penalty is not None, "a run of regularize-gif"
        return self.penalty
