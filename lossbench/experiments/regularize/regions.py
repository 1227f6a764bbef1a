"""The decision regions, points, axes and titles of the pictures of `regularize-gif`.

Shapes: P members, N rows, n of the grid's points, C classes.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossbench.catalog.decoders import Prediction
from lossbench.components.penalties import PENALTIES
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.data.table import Table
from lossbench.engine.problem import Net
from lossbench.engine.solver.minimize import Converged
from lossbench.experiments.regularize.plane import Plane
from lossbench.experiments.setup.pair import Pair
from lossbench.random_streams import generator
from lossbench.record import AxisRecord, PictureRecord, PointsRecord

LEVEL = 1e-6
SHOWN = {"train": 300, "test": 200}  # points drawn at most


def leads_of(nets: Converged, plane: Plane, pair: Pair) -> Generator[NDArray[np.float32], None, None]:
    """How far each class leads the best of the others at the grid's points, `[P, C, n]`; of two the second alone."""
    for out in nets.outputs(plane.grid_ND):
        value = _shading(pair.decode(out.cpu())).nan_to_num(0.0)
        if value.shape[2] == 2:
            lead = (value[..., 1] - value[..., 0]).unsqueeze(1)
        else:
            top = value.topk(2, 2).values
            best_other = torch.where(value == top[..., :1], top[..., 1:], top[..., :1])
            lead = (value - best_other).transpose(1, 2)
        # Nearer to level than this is rounding, which has no winner: a sign of its own would flicker.
        lead = torch.where(lead.abs() < LEVEL, 0, lead)
        yield lead.clamp(-1, 1).float().numpy()


def _shading(prediction: Prediction) -> Tensor:
    """Probabilities, or scores where a loss gives none."""
    value = prediction.score_PNC if prediction.probability_PNC is None else prediction.probability_PNC
    assert value is not None, "a classifier has scores"
    return value


def describe(table: Table, net: Net, pair: Pair, plane: Plane, config: RegularizeConfig, caption: str) -> PictureRecord:
    """What the pictures say and show besides the nets: the record's `analysis`."""
    classes = list(table.classes)
    names = f"{', '.join(classes[:-1])} or {classes[-1]}"
    class_names = names if len(names) <= 50 else f"{len(classes)} classes"
    shape = "–".join(map(str, net.widths))
    model = f"MLP {shape}, {net.activation}" if net.hidden else f"linear model {shape}"
    parts = [f"{model}; {pair.name}"]
    penalties = [PENALTIES.get(name) for name in config.penalty]
    parts += [f"{one.title}: {one.l1_share(config.l1_ratio):.0%} L1" for one in penalties if one.uses_l1_ratio]
    decode = pair.decode(torch.zeros(1, 1, pair.outputs))
    shading = "score" if decode.probability_PNC is None else "probability"
    points, notes = {}, []
    for part, most in SHOWN.items():
        shown = _shown(len(plane.places[part]), most, config.seed, part)
        points[part] = PointsRecord(
            x=plane.places[part][shown, 0].tolist(),
            y=plane.places[part][shown, 1].tolist(),
            label=plane.split.truth_N[part][shown].tolist(),
        )
        if len(shown) < len(plane.places[part]):
            notes.append(f"{len(shown)} of {len(plane.places[part])} {part} points")
    return PictureRecord(
        title="; ".join(part for part in (f"{table.name}: {class_names}", plane.note) if part),
        subtitle="; ".join(parts),
        note=", ".join(notes),
        caption=caption,
        classes=classes,
        shading=shading,
        grid=config.grid,
        axes=[AxisRecord(label=axis.label, low=axis.low, high=axis.high) for axis in plane.axes],
        points=points,
    )


def _shown(count: int, most: int, seed: int, part: str) -> NDArray[np.int64]:
    """Which rows are drawn: all, or a draw of so many."""
    if count <= most:
        return np.arange(count)
    return np.sort(generator(seed, "points", part).choice(count, most, replace=False))
