"""A trained net that can predict again: weights, preprocessing, activation and decoder in one safetensors file.

The file holds tensors and, in its header, JSON. Loading one executes nothing that it names (see
`saved_function`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lossbench.catalog.activations import Activation
from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.several_targets import EachTarget
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
from lossbench.experiments.train.saved_function import (
    ACTIVATION,
    DECODER,
    SavedFunction,
    loaded_function,
    saved_function,
)
from lossbench.record import written_aside

if TYPE_CHECKING:
    import pandas as pd

FILE = "weights.safetensors"
LABEL = "label"  # the column of decided classes, where the target was columns of probabilities
HEADER = "lossbench"
ROWS_A_BLOCK = 65_536


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Member(_Part):
    preparation: dict[str, Any]
    center: Finite | list[Finite]  # of several targets one each
    scale: Spread | list[Spread]


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


def _by_name(decode: Any) -> Any:
    """Earlier headers have the name of a built-in decoder."""
    return {"name": decode, "origin": "built-in"} if isinstance(decode, str) else decode


class _Header(_Part):
    loss: str
    params: dict[str, Any]
    last_act: SavedFunction
    decode: Annotated[SavedFunction, BeforeValidator(_by_name)] = Field(
        validation_alias=AliasChoices("decode", "inverse_link")  # its earlier name
    )
    task: Literal["binary", "multiclass", "ordinal", "regression"]
    hidden_activation: str
    target: str
    classes: list[str]
    targets: list[str] = []  # of several numbers
    reading: ReadOptions
    members: list[_Member] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_known(self) -> _Header:
        if self.hidden_activation not in HIDDEN_ACTIVATIONS.names():
            raise ValueError(f"unknown hidden activation {self.hidden_activation!r}")
        if (self.task == "regression") != (not self.classes):
            raise ValueError(f"{len(self.classes)} classes for a {self.task} task")
        if any(
            self.targets and _count(unit) != len(self.targets) for m in self.members for unit in (m.center, m.scale)
        ):
            raise ValueError(f"{len(self.targets)} targets, and not a unit for each")
        return self


@dataclass(frozen=True)
class Predictor:
    """One member of a finished run: from a table's features to labels, probabilities or values.

    `is_ordinal`: its classes are in an order, lowest first.
    """

    loss: str
    params: dict[str, Any]
    net: Net
    state: dict[str, Tensor]
    activation: Activation
    decode: Decoder
    preparation: Preparation
    classes: list[str]
    target: str
    targets: list[str]
    center: float | list[float]
    scale: float | list[float]
    reading: dict[str, Any]
    member: int
    members: int
    is_ordinal: bool = False

    def predict(self, features: pd.DataFrame) -> Prediction:
        """Predict the rows of a table that has the columns trained on; values in the target's own units."""
        starts = range(0, max(len(features), 1), ROWS_A_BLOCK)
        out = [self._outputs(features.iloc[start : start + ROWS_A_BLOCK]) for start in starts]
        out_PNK = torch.cat(out)[None]
        if self.targets:
            out_PNK = out_PNK.unsqueeze(-1)
        prediction = self.decode(out_PNK)
        if prediction.point_PN is None:
            return prediction
        center, scale = (torch.tensor(unit, dtype=torch.float64) for unit in (self.center, self.scale))
        return prediction.scaled(scale, center)

    def _outputs(self, features: pd.DataFrame) -> Tensor:
        x_ND = torch.from_numpy(self.preparation.transform(features))
        x_ND = F.pad(x_ND, (0, self.net.inputs - x_ND.shape[1]))  # as in `same_width`
        each = EachTarget(self.activation) if self.targets else self.activation
        return outputs_of(self.net, self.state, each, x_ND)


def save_predictors(folder: Path, result: TrainResult) -> Path:
    """Write weights.safetensors: every member's weights as `<member>.<layer>.weight`, and what predicts with them."""
    pair, table = result.plan.pair, result.plan.table
    standardised = pair.encoding is Encoding.FLOAT
    header = _Header(
        loss=pair.loss.label,
        params=dict(pair.loss.params),
        last_act=saved_function(ACTIVATION, pair.activation, result.plan.config.last_act),
        decode=saved_function(DECODER, pair.decode, result.plan.config.loss.decode or ""),
        task=table.task,
        hidden_activation=result.plan.config.net.activation,
        target=LABEL if table.soft is not None else table.target_name,
        classes=list(table.classes),
        targets=list(table.targets),
        reading=ReadOptions.model_validate(
            {k: [*v] if k in ("na", "columns") else v for k, v in table.reading.items()}
        ),
        members=[
            _Member(
                preparation=json.loads(split.preparation.to_json()),
                center=_unit(split.center, standardised, 0.0),
                scale=_unit(split.scale, standardised, 1.0),
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


def _unit(own: float | tuple[float, ...], standardised: bool, none: float) -> float | list[float]:
    """A centre or scale as JSON has it; what changes nothing where the loss takes values as they are."""
    if isinstance(own, tuple):
        return list(own) if standardised else [none] * len(own)
    return own if standardised else none


def _count(unit: float | list[float]) -> int:
    return len(unit) if isinstance(unit, list) else 0


def load_predictor(
    folder: Path, member: int = 0, *, last_act: str | None = None, decode: str | None = None
) -> Predictor:
    """The predictor of a run's member, exactly as it was trained.

    `last_act` and `decode` are where the user keeps an activation and a decoder of a file (`file.py:name`); they must
    be those trained with.
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
        decoder = loaded_function(DECODER, header.decode, path, decode).bind(header.params)
        _check_outputs(net, header, decoder)
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
        loaded_function(ACTIVATION, header.last_act, path, last_act),
        decoder,
        preparation,
        header.classes,
        header.target,
        header.targets,
        own.center,
        own.scale,
        header.reading.model_dump(exclude_defaults=True),
        member,
        len(header.members),
        header.task == "ordinal",
    )


def _check_outputs(net: Net, header: _Header, decoder: Decoder) -> None:
    """ValueError where the net's outputs cannot be read as the header's classes or values."""
    what = f"{net.outputs} outputs, {len(header.classes)} classes and decoder {decoder.name} do not fit"
    if header.targets and net.outputs != len(header.targets):
        raise ValueError(f"{net.outputs} outputs do not fit {len(header.targets)} targets")
    try:
        read = decoder(torch.zeros(1, 1, net.outputs))
    except (IndexError, RuntimeError, ValueError, TypeError):
        raise ValueError(what) from None
    classes = 0 if read.score_PNC is None else read.score_PNC.shape[-1]
    if classes != len(header.classes) or (read.point_PN is None) != bool(header.classes):
        raise ValueError(what)


def _first_line(problem: Exception) -> str:
    if isinstance(problem, ValidationError):
        first = problem.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'header'}: {first['msg'].lower()}"
    return str(problem).partition("\n")[0] or type(problem).__name__
