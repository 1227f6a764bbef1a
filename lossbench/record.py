"""What an experiment leaves behind: its types, JSON both ways, and files written aside and renamed.

NaN and infinities have no place in JSON: they are written as null beside a status that says why.
"""

from __future__ import annotations

import base64
import contextlib
import math
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lossbench.deferred import np, pd
from lossbench.errors import UserError
from lossbench.events import Better, Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA_VERSION = 1


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
Scores = dict[str, Number]  # metric name -> value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VerdictRecord(_Part):
    """The verdict of a pair, as said before training."""

    level: Literal["ok", "equivalent", "degraded", "broken"]
    why: str
    fix: str = ""


class MetricRecord(_Part):
    """What a report must know of a metric to draw it."""

    name: str
    better: Better
    formula: str = ""
    unit: str = ""


class DataRecord(_Part):
    """What was trained on."""

    name: str
    task: Literal["binary", "multiclass", "regression"]
    rows: int
    features: list[str]  # columns of the table
    inputs: int  # columns of the net's input, after encoding
    target: str
    classes: list[str] = Field(default_factory=list)
    class_counts: list[int] = Field(default_factory=list)
    sha256: str  # of the table trained on: features, target and classes
    split: dict[str, Any]  # scheme, sizes, seed, sha256 of the row numbers
    source: str = ""
    notes: list[str] = Field(default_factory=list)  # repairs and drops


class LossRecord(_Part):
    """A loss as it was trained: its name, parameters, and the text and hash of its source if it is a user's."""

    name: str
    label: str
    params: dict[str, Any] = Field(default_factory=dict)
    formula: str = ""
    floor: Number = None
    proper: bool = False
    reference: str = ""
    source: str = ""
    source_sha256: str = ""


class MemberRecord(_Part):
    """One trained net."""

    seed: int
    lr: Number
    status: Status
    split: dict[str, int] = Field(default_factory=dict)  # {"repeat": 0, "fold": 3}
    penalty: dict[str, Number] = Field(default_factory=dict)
    role: str = ""  # "trial", "refit", "untuned" in a comparison
    best_epoch: int | None = None
    epochs: int = 0  # epochs trained
    train: Scores = Field(default_factory=dict)
    val: Scores = Field(default_factory=dict)
    test: Scores = Field(default_factory=dict)
    curves: dict[str, list[Number]] = Field(default_factory=dict)  # one number per epoch
    extra: dict[str, Any] = Field(default_factory=dict)


class RunRecord(_Part):
    """One loss on one data set: its verdict, its members, and what was measured of the pair."""

    name: str
    data: str
    loss: LossRecord
    last_act: str
    verdict: VerdictRecord
    status: Status
    message: str = ""
    outputs: int = 1
    conditions: dict[str, Any] = Field(default_factory=dict)  # {"label_noise": 0.2, "realised": 0.198}
    members: list[MemberRecord] = Field(default_factory=list)
    evidence: dict[str, Any] = Field(default_factory=dict)
    baseline: dict[str, Scores] = Field(default_factory=dict)  # part -> scores of the majority class or mean value
    seconds: Number = None


class PackedPlanes(_Part):
    """Numbers of either sign on a grid, in 255 levels, closest around zero: `scale * q |q| / 127^2`, q = -127..127.

    A boundary is where such a number changes its sign, so that is where it must be exact. `levels`: base64 of zlib of
    the differences along each row, modulo 256.
    """

    shape: list[int]
    scale: float
    levels: str

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> PackedPlanes:
        """Pack finite values of any shape."""
        scale = float(np.abs(values).max(initial=0.0))
        share = np.abs(values) / (scale or 1.0)
        q = np.sign(values) * np.rint(127 * np.sqrt(share))
        steps = np.diff(q.astype(np.int8).view(np.uint8), axis=-1, prepend=np.uint8(0))
        levels = base64.b64encode(zlib.compress(steps.tobytes())).decode()
        return cls(shape=list(values.shape), scale=scale, levels=levels)

    def values(self) -> NDArray[np.float32]:
        """The values, to within the levels."""
        steps = np.frombuffer(zlib.decompress(base64.b64decode(self.levels)), np.uint8).reshape(self.shape)
        q = np.cumsum(steps, axis=-1, dtype=np.uint8).view(np.int8).astype(np.float32)
        return self.scale * q * np.abs(q) / np.float32(127**2)


_SUMMARY = ("low", "high", "difference", "difference_low", "difference_high", "p_better", "p_equal", "p_holm", "lr")


class Record(_Part):
    """The whole of a result.json. `data` has one entry for `train`, one per data set for `compare-losses`."""

    schema_version: int = SCHEMA_VERSION
    kind: Literal["train", "compare-losses", "regularize-gif"]
    name: str
    status: Status
    command: str = ""
    config: dict[str, Any] = Field(default_factory=dict)
    environment: dict[str, Any] = Field(default_factory=dict)
    data: DataRecord | list[DataRecord]
    verdict: VerdictRecord | None = None
    metrics: list[MetricRecord] = Field(default_factory=list)
    protocol: dict[str, Any] = Field(default_factory=dict)
    runs: list[RunRecord] = Field(default_factory=list)
    analysis: dict[str, Any] = Field(default_factory=dict)
    timing: dict[str, Number] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)

    def __repr__(self) -> str:
        """One line; `.table()` is what there is to look at."""
        names = [data.name for data in self.data] if isinstance(self.data, list) else [self.data.name]
        losses = dict.fromkeys(run.loss.label for run in self.runs)
        return f"<{self.kind} {self.name!r}: {', '.join(losses)} on {', '.join(names)}, {self.status}>"

    __str__ = __repr__

    def table(self) -> pd.DataFrame:
        """What came out: of a comparison a row a loss with its rank, score and difference; else `members()`.

        The columns of a comparison: data (and label_noise) where there are several, rank, loss, last_act, result
        ("better", "practically equal", ...), the metric's mean with its interval (low, high), the difference to the
        baseline with its own, p_better, p_equal, p_holm, and the learning rate chosen most often.
        """
        if self.kind != "compare-losses" or not self.analysis:
            return self.members()
        rows = []
        tables = self.analysis["tables"]
        for table in tables:
            place = {"data": table["data"]} if len({t["data"] for t in tables}) > 1 else {}
            place |= {"label_noise": table["label_noise"]} if len({t["label_noise"] for t in tables}) > 1 else {}
            for row in table["rows"]:
                numbers = {name: row[name] for name in _SUMMARY}
                words = {"rank": row["rank"], "loss": row["loss"], "last_act": row["last_act"], "result": row["word"]}
                rows.append({**place, **words, self.analysis["metric"]: row["mean"], **numbers})
        return pd.DataFrame(rows).astype({"rank": "Int64"} if rows else {})

    def members(self) -> pd.DataFrame:
        """One row a trained net: data, loss and last activation, role, seed, split, penalties, and its scores.

        Scores are columns `train_<metric>`, `val_<metric>`, `test_<metric>`; what was not measured is NaN.
        """
        rows = []
        for run in self.runs:
            for member in run.members:
                row = {"data": run.data, "loss": run.loss.label, "last_act": run.last_act, **run.conditions}
                row |= {"role": member.role, "seed": member.seed}
                row |= {f"split_{name}": place for name, place in member.split.items()}
                row |= {"lr": member.lr, **{f"param_{k}": v for k, v in member.extra.get("params", {}).items()}}
                row |= member.penalty
                row |= {"status": member.status, "epochs": member.epochs, "best_epoch": member.best_epoch}
                for part in ("train", "val", "test"):
                    row |= {f"{part}_{name}": value for name, value in getattr(member, part).items()}
                rows.append(row)
        return pd.DataFrame(rows)

    def to_json(self) -> str:
        """Valid JSON, always: no NaN, no Infinity."""
        return self.model_dump_json(indent=1) + "\n"


def read_record(path: Path) -> Record:
    """The record in a result.json, or in the run's folder; a `UserError` where there is none."""
    file = path / "result.json" if path.is_dir() else path
    try:
        return Record.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise UserError("no such run", where=str(file), fix="name a folder that has a result.json") from None
    except OSError as problem:
        raise UserError(f"cannot be read ({(problem.strerror or str(problem)).lower()})", where=str(file)) from None
    except ValidationError as problem:
        first = problem.errors()[0]
        if first["type"] == "json_invalid":
            said = str(first.get("ctx", {}).get("error", first["msg"]))
            raise UserError(f"is no whole JSON file ({said})", where=str(file), fix="run it again") from None
        raise UserError(
            f"not a lossbench record ({'.'.join(map(str, first['loc']))}: {first['msg']})", where=str(file)
        ) from None


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is whole: written beside it, then renamed.

    Raises `UserError` where it cannot be written (a full disk, no permission); what stood there before stays.
    """
    aside = ""
    try:
        descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            yield file
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, path)
    except BaseException as problem:
        if aside:
            with contextlib.suppress(OSError):
                os.unlink(aside)
        if isinstance(problem, OSError):
            raise cannot_write(problem, str(path)) from None
        raise


def cannot_write(problem: OSError, where: str) -> UserError:
    """What the system said about a place that cannot be written to."""
    said = (problem.strerror or str(problem)).lower()
    return UserError(f"cannot be written ({said})", where=where, fix="make room there, or give another --output")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_record(record: Record, folder: Path) -> Path:
    """Write result.json into the run's folder."""
    path = folder / "result.json"
    with written_aside(path) as file:
        file.write(record.to_json().encode())
    return path
