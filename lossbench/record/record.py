"""The whole of a result.json, one type a command.

NaN and infinities have no place in JSON: they are written as null beside a status that says why.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from lossbench.deferred import pd
from lossbench.events import Better, Status
from lossbench.record.comparison import Comparison
from lossbench.record.conditions import ConditionRecord
from lossbench.record.data import DataRecord
from lossbench.record.loss_profile import LossProfile
from lossbench.record.part import Number, RecordPart
from lossbench.record.picture import PictureRecord
from lossbench.record.protocol import CompareProtocol, RegularizeProtocol, TrainProtocol
from lossbench.record.results import LossResult, ReferenceRecord, VerdictRecord

SCHEMA_VERSION: Literal[2] = 2
SLOWEST = 0.01  # frames per second
_SUMMARY = ("low", "high", "difference", "difference_low", "difference_high", "p_better", "p_equal", "p_adjusted", "lr")


class MetricRecord(RecordPart):
    """What a report must know of a metric to draw it."""

    name: str
    better: Better
    formula: str = ""
    unit: Literal["none", "target"] = "none"  # "target": an error in the target's own unit
    low: Number = None  # the least and the greatest value that the metric can have; None: unbounded
    high: Number = None
    rope: Literal["absolute", "dummy_error", "dummy_error_rate"] = "absolute"  # what a ROPE is a share of
    estimand: str = ""  # what the best prediction is: "the mean"; "": not declared


class Record(RecordPart):
    """What the records of all commands have."""

    html: ClassVar[Callable[[Record], str] | None] = (
        None  # how a notebook shows records: set by the door that makes them
    )

    schema_version: Literal[2] = SCHEMA_VERSION
    kind: str
    name: str
    status: Status
    command: str = ""
    config: dict[str, Any] = Field(default_factory=dict)
    environment: dict[str, Any] = Field(default_factory=dict)
    metrics: list[MetricRecord] = Field(default_factory=list)
    results: list[LossResult] = Field(default_factory=list)
    timing: dict[str, Number | dict[str, Number]] = Field(default_factory=dict)  # seconds, in all and by result
    warnings: list[str] = Field(default_factory=list)
    files: dict[str, str] = Field(default_factory=dict)  # name -> sha256 of the files beside this record

    @model_validator(mode="after")
    def _with_seconds(self) -> Self:
        seconds = self.timing.get("results")
        if isinstance(seconds, dict):
            for result in self.results:
                result.seconds = seconds.get(result.name, result.seconds)
        return self

    def __repr__(self) -> str:
        """One line; `.table()` is what there is to look at."""
        data, losses = (
            dict.fromkeys(result.data for result in self.results),
            dict.fromkeys(result.loss.label for result in self.results),
        )
        return f"<{self.kind} {self.name!r}: {', '.join(losses)} on {', '.join(data)}, {self.status}>"

    __str__ = __repr__

    def _repr_html_(self) -> str | None:
        """The answer that the command line prints, for notebooks; None (they show the line) where `html` is not set."""
        return None if Record.html is None else Record.html(self)

    def table(self) -> pd.DataFrame:
        """What came out: `members()`, where a command has nothing shorter to say."""
        return self.members()

    def members(self) -> pd.DataFrame:
        """One row a trained net: data, loss and last activation, conditions, role, seed, split, penalties, scores.

        A condition that was varied has a column of its levels and one of what was realised (`label_noise`,
        `label_noise_realised`). Scores are columns `train_<metric>`, `val_<metric>`, `test_<metric>`; what was not
        measured is NaN.
        """
        rows = []
        for result in self.results:
            for member in result.members:
                row: dict[str, Any] = {"data": result.data, "loss": result.loss.label, "last_act": result.last_act}
                row |= result.condition
                row |= {f"{name}_realised": share for name, share in result.realised.items()}
                row |= {"role": member.role, "seed": member.seed}
                row |= {f"split_{name}": place for name, place in member.split.items()}
                row |= {"lr": member.lr, **{f"param_{name}": value for name, value in member.params.items()}}
                row |= member.penalty
                row |= {"status": member.status, "epochs": member.epochs, "best_epoch": member.best_epoch}
                for part in ("train", "val", "test"):
                    row |= {f"{part}_{name}": value for name, value in getattr(member, part).items()}
                rows.append(row)
        return pd.DataFrame(rows)

    def to_json(self, indent: int | None = 1) -> str:
        """Valid JSON, always: no NaN, no Infinity. How long each result took stands in `timing`, with all that differs
        between two runs of the same work."""
        seconds: dict[str, Number] = {one.name: one.seconds for one in self.results if one.seconds is not None}
        if seconds:
            self.timing["results"] = seconds
        return self.model_dump_json(indent=indent) + "\n"


class TrainRecord(Record):
    """The record of `train`."""

    kind: Literal["train"] = "train"
    data: DataRecord
    verdict: VerdictRecord | None = None
    protocol: TrainProtocol
    results: list[LossResult] = Field(min_length=1)


class _Seeded(BaseModel):
    """What a report must know of the config of `compare-losses`."""

    model_config = ConfigDict(extra="ignore")

    seed: int | None = None


class CompareRecord(Record):
    """The record of `compare-losses`: one entry of `data` for each data set, one run for each loss in each setting."""

    kind: Literal["compare-losses"] = "compare-losses"
    data: list[DataRecord]
    conditions: list[ConditionRecord] = Field(default_factory=list)  # that were varied
    protocol: CompareProtocol
    references: list[ReferenceRecord] = Field(default_factory=list)  # models that are no nets, one a setting
    loss_profiles: list[LossProfile] = Field(default_factory=list)  # each loss behind its last activation, on one axis
    analysis: Comparison | None = None

    @field_validator("config")
    @classmethod
    def _draws(cls, config: dict[str, Any]) -> dict[str, Any]:
        _Seeded.model_validate(config)
        return config

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Results and references are of the tables, under the conditions, that the record has."""
        tables, known = {data.name for data in self.data}, {condition.name: condition for condition in self.conditions}
        measured: list[LossResult | ReferenceRecord] = [*self.results, *self.references]
        for result in measured:
            if result.data not in tables:
                raise ValueError(f"results are of a table that is not in data: {result.data}")
            if missing := {*known} - {*result.condition}:
                raise ValueError(f"results have no level of {', '.join(sorted(missing))}")
            for name, level in result.condition.items():
                if (condition := known.get(name)) and condition.level_names and level not in condition.levels:
                    raise ValueError(f"results have a level of {name} that is not in conditions: {level:g}")
        return self

    def without_details(self) -> Self:
        """The record without trials and curves, which are most of it; of a comparison they are in its journal."""
        results = [
            result.model_copy(
                update={"members": [m.model_copy(update={"curves": {}}) for m in result.members if m.role != "trial"]}
            )
            for result in self.results
        ]
        return self.model_copy(update={"results": results})

    def table(self) -> pd.DataFrame:
        """A row a loss (and a reference model) in each setting, with its rank, score and difference.

        The columns: data and the conditions' levels where there are several, rank, loss, last_act, result ("better",
        "practically equal", ...), the metric's mean with its interval (low, high), the difference to the baseline with
        its own, p_better, p_equal, p_adjusted, and the learning rate chosen most often.
        """
        if self.analysis is None:
            return self.members()
        rows = []
        tables = self.analysis.tables
        several = len({table.data for table in tables}) > 1
        varied = [c.name for c in self.conditions if len({table.condition.get(c.name) for table in tables}) > 1]
        for table in tables:
            place: dict[str, Any] = {"data": table.data} if several else {}
            place |= {name: table.condition.get(name) for name in varied}
            for row in table.shown:
                words = {"rank": row.rank, "loss": row.loss, "last_act": row.last_act, "result": row.word}
                numbers = {name: getattr(row, name) for name in _SUMMARY}
                rows.append({**place, **words, self.analysis.metric: row.mean, **numbers})
        return pd.DataFrame(rows).astype({"rank": "Int64"} if rows else {})


class _Animation(BaseModel):
    """What a report must know of the config of `regularize-gif`."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["gif", "webp", "apng", "mp4"] = "gif"
    fps: Annotated[float, Field(ge=SLOWEST, le=50)] = 4.0


class RegularizeRecord(Record):
    """The record of `regularize-gif`: one run for each penalty, one member for each alpha."""

    kind: Literal["regularize-gif"] = "regularize-gif"
    data: DataRecord
    verdict: VerdictRecord | None = None
    protocol: RegularizeProtocol
    results: list[LossResult] = Field(min_length=1)
    analysis: PictureRecord

    @field_validator("config")
    @classmethod
    def _animates(cls, config: dict[str, Any]) -> dict[str, Any]:
        _Animation.model_validate(config)
        return config

    @property
    def animation(self) -> dict[str, Any]:
        """The format of the animation and its frames per second, by the names that a config has for them."""
        return _Animation.model_validate(self.config).model_dump()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Every penalty has the same alphas, and every alpha a net with as many weights and its regions."""
        alphas = [net.path.alpha for net in self.results[0].members if net.path]
        if not alphas or any(b <= a for a, b in itertools.pairwise(alphas)):
            raise ValueError("alphas must ascend")
        weights = len(self.results[0].members[0].path.weights) if self.results[0].members[0].path else 0
        shape = (1 if len(self.analysis.classes) == 2 else len(self.analysis.classes), *[self.analysis.grid] * 2)
        for result in self.results:
            place, paths = f"results: {result.name}: ", [net.path for net in result.members if net.path]
            if result.penalty is None or len(paths) != len(result.members) or [p.alpha for p in paths] != alphas:
                raise ValueError(f"{place}must have a penalty and a net for each alpha")
            if not weights or any(len(path.weights) != weights for path in paths):
                raise ValueError(f"{place}nets must have as many weights as each other")
            if [planes.shape for planes in result.regions] != [shape] * len(alphas):
                raise ValueError(f"{place}must have regions {list(shape)} for each alpha")
        return self


AnyRecord = Annotated[TrainRecord | CompareRecord | RegularizeRecord, Field(discriminator="kind")]
