"""A trained net that can predict again: weights, preprocessing, activation and link in one safetensors file.

The file holds tensors and, in its header, JSON. Loading one runs no code from it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lossbench.catalog.activations import Activation
from lossbench.catalog.links import Link, Prediction
from lossbench.catalog.plugins import find_activation
from lossbench.catalog.vocabulary import Encoding
from lossbench.data.assemble import read_features
from lossbench.data.prepare import Preparation
from lossbench.data.source import DataSource
from lossbench.engine.hidden import HIDDEN
from lossbench.errors import UserError
from lossbench.experiments.train import TrainResult
from lossbench.record import written_aside

if TYPE_CHECKING:
    import pandas as pd

FILE = "weights.safetensors"
HEADER = "lossbench"
ROWS_A_BLOCK = 65_536


@dataclass(frozen=True)
class Predictor:
    """One member of a finished run: from a table's features to labels, probabilities or values."""

    loss: str
    state: dict[str, Tensor]
    hidden_activation: str
    activation: Activation
    link: Link
    preparation: Preparation
    classes: list[str]
    target: str
    center: float
    scale: float

    def predict(self, features: pd.DataFrame) -> Prediction:
        """Predict the rows of a table that has the columns trained on; values in the target's own units."""
        x_ND = torch.from_numpy(self.preparation.transform(features))
        x_ND = F.pad(x_ND, (0, self.state["0.weight"].shape[1] - x_ND.shape[1]))  # as in `same_width`
        blocks = [x_ND[start : start + ROWS_A_BLOCK] for start in range(0, len(x_ND), ROWS_A_BLOCK)]
        out = [self.activation(self._forward(block)) for block in blocks]
        prediction = self.link(torch.cat(out)[None])
        if prediction.point_PN is not None:
            return Prediction(point_PN=prediction.point_PN.double() * self.scale + self.center)
        return prediction

    def _forward(self, x_ND: Tensor) -> Tensor:
        h, layers = x_ND, len(self.state) // 2
        for layer in range(layers):
            h = F.linear(h, self.state[f"{2 * layer}.weight"], self.state[f"{2 * layer}.bias"])
            if layer < layers - 1:
                HIDDEN[self.hidden_activation].forward_(h)
        return h


def save_predictors(folder: Path, result: TrainResult) -> None:
    """Write weights.safetensors: every member's weights as `<member>.<layer>.weight`, and what predicts with them."""
    pair, table = result.plan.pair, result.plan.table
    standardised = pair.encoding is Encoding.FLOAT
    header = {
        "loss": pair.loss.label,
        "params": dict(pair.loss.params),
        "last_act": pair.activation.name,
        "link": pair.link.label,
        "task": pair.task.value,
        "hidden_activation": result.plan.config.net.activation,
        "target": table.target_name,
        "classes": list(table.classes),
        "members": [
            {
                "preparation": json.loads(split.preparation.to_json()),
                "center": split.center if standardised else 0.0,
                "scale": split.scale if standardised else 1.0,
            }
            for split in result.splits
        ],
    }
    states = [result.trained.state(member) for member in range(len(result.splits))]
    tensors = {f"{m}.{name}": tensor for m, state in enumerate(states) for name, tensor in state.items()}
    with written_aside(folder / FILE) as file:
        file.write(save(tensors, metadata={HEADER: json.dumps(header, allow_nan=False)}))


def load_predictor(folder: Path, member: int = 0) -> Predictor:
    """The predictor of a run's member, exactly as it was trained.

    Raises `UserError` where the folder holds no weights, or the member is not among them.
    """
    path = folder / FILE
    if not path.is_file():
        raise UserError("no weights here", where=str(folder), fix="name the folder of a finished `lossbench train`")
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, Any] = json.loads((file.metadata() or {})[HEADER])
            prefix = f"{member}."
            state = {k.removeprefix(prefix): file.get_tensor(k) for k in file.keys() if k.startswith(prefix)}  # noqa: SIM118
    except (SafetensorError, KeyError, json.JSONDecodeError) as problem:
        raise UserError(f"not lossbench's weights ({problem})", where=str(path)) from None
    members = header["members"]
    if not 0 <= member < len(members):
        raise UserError(f"no member {member}", where=str(path), fix=f"it holds members 0 to {len(members) - 1}")
    own = members[member]
    return Predictor(
        header["loss"],
        state,
        header["hidden_activation"],
        _activation(header["last_act"], path),
        next(link for link in Link if link.label == header["link"]),
        Preparation.from_json(json.dumps(own["preparation"])),
        header["classes"],
        header["target"],
        own["center"],
        own["scale"],
    )


def _activation(name: str, path: Path) -> Activation:
    """The last activation, if lossbench or an installed package has it; a run's own code is never executed."""
    try:
        return find_activation(name)
    except UserError:
        raise UserError(
            f"trained with an activation from a file, {name!r}, whose code a run does not hold",
            where=str(path),
            fix="offer it as an entry point (group lossbench.activations) of an installed package",
        ) from None


@dataclass(frozen=True)
class Predicted:
    """What a run predicts for the rows of a file: `columns` by header, in order, and what a user should know."""

    columns: dict[str, list[Any]]
    notes: list[str]


def predict_file(run: Path, file: Path, member: int = 0) -> Predicted:
    """Labels and probabilities, or values, for the rows of a file (`-`: standard input), with a trained run's member.

    Probabilities are left out, and a note says so, where the loss gives none. Values that training never saw are
    counted in the notes. Raises `UserError` for a missing column and for cells of another kind than the training's.
    """
    predictor = load_predictor(run, member)
    features, notes = read_features(DataSource(file=str(file)), predictor.preparation.kinds)
    notes += [_unseen_note(name, counts) for name, counts in predictor.preparation.unseen(features).items()]
    prediction = predictor.predict(features)
    if prediction.point_PN is not None:
        return Predicted({predictor.target: prediction.point_PN[0].tolist()}, notes)
    columns: dict[str, list[Any]] = {predictor.target: [predictor.classes[i] for i in prediction.label_PN[0].tolist()]}
    if prediction.probability_PNC is None:
        return Predicted(columns, [*notes, f"{predictor.loss} gives no probabilities: labels only"])
    for i, label in enumerate(predictor.classes):
        columns[f"P({label})"] = prediction.probability_PNC[0, :, i].tolist()
    return Predicted(columns, notes)


def _unseen_note(name: str, counts: Counter[str]) -> str:
    shown = ", ".join(f"{value} ({count})" for value, count in counts.most_common(5))
    return f"column {name!r} has {counts.total()} values that training never saw: {shown}"
