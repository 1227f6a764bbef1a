"""A trained net that can predict again: weights, preprocessing, activation and inverse link in one safetensors file.

The file holds tensors and, in its header, JSON. Loading one executes nothing that it names: what it asks for must be
lossbench's own, an installed package's, or a file that the user names anew and that is the one trained with.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.inverse_links import InverseLink, Prediction
from lossbench.catalog.plugins.packages import entry_point_names
from lossbench.catalog.plugins.resolve import find_activation
from lossbench.catalog.vocabulary import Encoding
from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.data.encoders import Finite, Spread
from lossbench.data.infer.spelling import Spelling
from lossbench.data.preparation import Preparation
from lossbench.engine.nets.outputs import outputs_of
from lossbench.engine.nets.state import net_of
from lossbench.engine.problem import Net
from lossbench.errors import UserError
from lossbench.experiments.train.run import TrainResult
from lossbench.record import written_aside

if TYPE_CHECKING:
    import pandas as pd

FILE = "weights.safetensors"
HEADER = "lossbench"
ROWS_A_BLOCK = 65_536


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SavedActivation(_Part):
    """The last activation: a built-in's or an entry point's name, or a function of a file and that file's hash."""

    name: str
    origin: Literal["built-in", "package", "file"]
    file: str = ""
    sha256: str = ""


class _Member(_Part):
    preparation: dict[str, Any]
    center: Finite
    scale: Spread


def _is_number_format(written: str) -> str:
    Spelling.parse(written)
    return written


NumberFormat = Annotated[str, AfterValidator(_is_number_format)]


class ReadOptions(_Part):
    """How the table that was trained on was read, as far as it was not the usual way."""

    sep: Annotated[str, Field(min_length=1)] | None = None
    decimal: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    thousands: Annotated[str, Field(min_length=1)] | None = None
    encoding: Annotated[str, Field(min_length=1)] = "utf-8"
    header: bool = True
    columns: list[str] = []
    comment: Annotated[str, Field(min_length=1)] | None = None
    skip_lines: Annotated[int, Field(ge=0)] = 0
    na: list[str] = []
    keep_na_words: bool = False
    allow_short_rows: bool = False
    max_bytes: Annotated[int, Field(ge=1)] = 2 << 30
    date_formats: dict[str, str] = {}
    number_formats: dict[str, NumberFormat] = {}


class _Header(_Part):
    loss: str
    params: dict[str, Any]
    last_act: SavedActivation
    inverse_link: str
    task: Literal["binary", "multiclass", "regression"]
    hidden_activation: str
    target: str
    classes: list[str]
    reading: ReadOptions
    members: list[_Member] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_known(self) -> _Header:
        InverseLink.named(self.inverse_link)
        if self.hidden_activation not in HIDDEN_ACTIVATIONS.names():
            raise ValueError(f"unknown hidden activation {self.hidden_activation!r}")
        if (self.task == "regression") != (not self.classes):
            raise ValueError(f"{len(self.classes)} classes for a {self.task} task")
        return self


@dataclass(frozen=True)
class Predictor:
    """One member of a finished run: from a table's features to labels, probabilities or values."""

    loss: str
    params: dict[str, Any]
    net: Net
    state: dict[str, Tensor]
    activation: Activation
    inverse_link: InverseLink
    preparation: Preparation
    classes: list[str]
    target: str
    center: float
    scale: float
    reading: dict[str, Any]
    member: int
    members: int

    def predict(self, features: pd.DataFrame) -> Prediction:
        """Predict the rows of a table that has the columns trained on; values in the target's own units."""
        starts = range(0, max(len(features), 1), ROWS_A_BLOCK)
        out = [self._outputs(features.iloc[start : start + ROWS_A_BLOCK]) for start in starts]
        prediction = self.inverse_link(torch.cat(out)[None])
        if prediction.point_PN is not None:
            return Prediction(point_PN=prediction.point_PN.double() * self.scale + self.center)
        return prediction

    def _outputs(self, features: pd.DataFrame) -> Tensor:
        x_ND = torch.from_numpy(self.preparation.transform(features))
        x_ND = F.pad(x_ND, (0, self.net.inputs - x_ND.shape[1]))  # as in `same_width`
        return outputs_of(self.net, self.state, self.activation, x_ND)


def save_predictors(folder: Path, result: TrainResult) -> Path:
    """Write weights.safetensors: every member's weights as `<member>.<layer>.weight`, and what predicts with them."""
    pair, table = result.plan.pair, result.plan.table
    standardised = pair.encoding is Encoding.FLOAT
    header = _Header(
        loss=pair.loss.label,
        params=dict(pair.loss.params),
        last_act=_told(pair.activation, result.plan.config.last_act),
        inverse_link=pair.inverse_link.label,
        task=table.task,
        hidden_activation=result.plan.config.net.activation,
        target=table.target_name,
        classes=list(table.classes),
        reading=ReadOptions.model_validate(
            {k: [*v] if k in ("na", "columns") else v for k, v in table.reading.items()}
        ),
        members=[
            _Member(
                preparation=json.loads(split.preparation.to_json()),
                center=split.center if standardised else 0.0,
                scale=split.scale if standardised else 1.0,
            )
            for split in result.splits
        ],
    )
    states = [result.trained.state(member) for member in range(len(result.splits))]
    tensors = {f"{m}.{name}": tensor for m, state in enumerate(states) for name, tensor in state.items()}
    path = folder / FILE
    with written_aside(path) as file:
        file.write(save(tensors, metadata={HEADER: json.dumps(header.model_dump(), allow_nan=False)}))
    return path


def _told(activation: Activation, reference: str) -> SavedActivation:
    """How a header names an activation, so that nothing else can be taken for it."""
    if any(activation is known for known in ACTIVATIONS):
        return SavedActivation(name=activation.name, origin="built-in")
    if reference in entry_point_names("activation"):
        return SavedActivation(name=reference, origin="package")
    try:
        file = inspect.getsourcefile(inspect.unwrap(activation.fn)) or ""
        digest = sha256(Path(file).read_bytes()).hexdigest()
    except (TypeError, OSError):  # no Python function, or typed at a prompt
        file, digest = reference.rpartition(":")[0], ""
    return SavedActivation(name=activation.name, origin="file", file=Path(file).name, sha256=digest)


def load_predictor(folder: Path, member: int = 0, *, last_act: str | None = None) -> Predictor:
    """The predictor of a run's member, exactly as it was trained.

    `last_act` is where the user keeps the activation of a file (`file.py:name`); it must be the one trained with.
    Raises `UserError` where the folder holds no weights, they are damaged, or the member is not among them.
    """
    path = folder / FILE
    if not path.is_file():
        raise UserError("no weights here", where=str(folder), fix="name the folder of a finished `lossbench train`")
    try:
        with safe_open(path, framework="pt") as file:
            header = _Header.model_validate(json.loads((file.metadata() or {})[HEADER]))
            if not 0 <= member < len(header.members):
                fix = f"it holds members 0 to {len(header.members) - 1}"
                raise UserError(f"no member {member}", where=str(path), fix=fix)
            prefix = f"{member}."
            state = {k.removeprefix(prefix): file.get_tensor(k) for k in file.keys() if k.startswith(prefix)}  # noqa: SIM118
        own = header.members[member]
        preparation = Preparation.from_json(json.dumps(own.preparation))
        net, inputs = net_of(state, header.hidden_activation), len(preparation.input_names)
        if net.inputs < inputs:
            raise ValueError(f"the net has {net.inputs} inputs, the preparation {inputs}")
        _check_outputs(net, header)
    except (SafetensorError, KeyError, ValueError, TypeError, RecursionError, OSError) as problem:
        raise UserError(
            f"not lossbench's weights, or damaged ({_first_line(problem)})", where=str(path), fix="train again"
        ) from None
    except UserError as problem:
        raise (problem if problem.where else problem.at(str(path))) from None
    return Predictor(
        header.loss,
        header.params,
        net,
        state,
        _activation(header.last_act, path, last_act),
        InverseLink.named(header.inverse_link),
        preparation,
        header.classes,
        header.target,
        own.center,
        own.scale,
        header.reading.model_dump(exclude_defaults=True),
        member,
        len(header.members),
    )


def _check_outputs(net: Net, header: _Header) -> None:
    """ValueError where the net's outputs cannot be read as the header's classes or values."""
    what = f"{net.outputs} outputs, {len(header.classes)} classes and inverse link {header.inverse_link} do not fit"
    try:
        read = InverseLink.named(header.inverse_link)(torch.zeros(1, 1, net.outputs))
    except (IndexError, RuntimeError):
        raise ValueError(what) from None
    classes = 0 if read.score_PNC is None else read.score_PNC.shape[-1]
    if classes != len(header.classes) or (read.point_PN is None) != bool(header.classes):
        raise ValueError(what)


def _first_line(problem: Exception) -> str:
    if isinstance(problem, ValidationError):
        first = problem.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'header'}: {first['msg'].lower()}"
    return str(problem).partition("\n")[0] or type(problem).__name__


def _activation(saved: SavedActivation, path: Path, named: str | None) -> Activation:
    """The activation trained with; only a file that the user names is executed, and only if it is the same."""
    if saved.origin == "file":
        return _from_file(saved, path, named)
    if named is not None:
        fix = "leave --last-act out"
        raise UserError(f"trained with {saved.name}, which is not from a file", where=str(path), fix=fix)
    if saved.origin == "built-in" and saved.name in ACTIVATIONS:
        return ACTIVATIONS.get(saved.name)
    if saved.origin == "package" and saved.name in entry_point_names("activation"):
        return find_activation(saved.name)
    what = f"trained with {saved.name!r}, which neither lossbench nor an installed package has"
    raise UserError(what, where=str(path), fix="install the package that offers it (group lossbench.activations)")


def _from_file(saved: SavedActivation, path: Path, named: str | None) -> Activation:
    what = f"trained with {saved.name} of {saved.file or 'no file'}, whose code a run does not hold"
    if named is None:
        fix = f"name it again: --last-act {saved.file or 'file.py'}:{saved.name}"
        raise UserError(what, where=str(path), fix=fix)
    file = named.rpartition(":")[0] if ":" in named else named
    if not file.endswith(".py"):
        raise UserError(f"{named!r} names no file", where="--last-act", fix=f"write {saved.file}:{saved.name}")
    try:
        digest = sha256(Path(file).expanduser().read_bytes()).hexdigest()
    except OSError as problem:
        raise UserError(f"cannot be read ({problem.strerror})", where=file) from None
    if digest != saved.sha256:
        raise UserError("is not the file that was trained with", where=file, fix="find the old one, or train again")
    found = find_activation(named, where="--last-act")
    if found.name.rpartition(":")[2] != saved.name.rpartition(":")[2]:
        raise UserError(f"trained with {saved.name}, not {found.name}", where="--last-act", fix=f"name {saved.name}")
    return found
