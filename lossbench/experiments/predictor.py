"""A trained net that can predict again: weights, preprocessing, activation and link in one safetensors file.

The file holds tensors and, in its header, JSON. Loading one runs no code from it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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
from lossbench.data.prepare import Preparation
from lossbench.engine.hidden import HIDDEN
from lossbench.errors import UserError
from lossbench.experiments.folds import PreparedSplit
from lossbench.experiments.pairs import Pair
from lossbench.record import written_aside

if TYPE_CHECKING:
    import pandas as pd

FILE = "weights.safetensors"
HEADER = "lossbench"
ROWS_A_BLOCK = 65_536


@dataclass(frozen=True)
class Predictor:
    """One member of a finished run: from a table's features to labels, probabilities or values."""

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
        width = self.state["0.weight"].shape[1]
        x_ND = torch.from_numpy(self.preparation.transform(features, width))
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


def save_predictors(
    folder: Path,
    states: Sequence[dict[str, Tensor]],
    splits: Sequence[PreparedSplit],
    pair: Pair,
    hidden_activation: str,
    target: str,
    classes: list[str],
) -> None:
    """Write weights.safetensors: every member's weights as `<member>.<layer>.weight`, and what predicts with them."""
    standardised = pair.encoding.value == "float"
    header = {
        "loss": pair.loss.label,
        "params": dict(pair.loss.params),
        "last_act": pair.activation.name,
        "link": pair.link.label,
        "task": pair.task.value,
        "hidden_activation": hidden_activation,
        "target": target,
        "classes": classes,
        "members": [
            {
                "preparation": json.loads(split.preparation.to_json()),
                "center": split.center if standardised else 0.0,
                "scale": split.scale if standardised else 1.0,
            }
            for split in splits
        ],
    }
    tensors = {f"{m}.{name}": t.contiguous() for m, state in enumerate(states) for name, t in state.items()}
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
        state,
        header["hidden_activation"],
        find_activation(header["last_act"]),
        next(link for link in Link if link.label == header["link"]),
        Preparation.from_json(json.dumps(own["preparation"])),
        header["classes"],
        header["target"],
        own["center"],
        own["scale"],
    )
