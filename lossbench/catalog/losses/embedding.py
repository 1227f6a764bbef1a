"""Losses of embeddings, made classifiers by a fixed prototype per class: the axis e_k of output k."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Gt, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import CLASSES, POSITIVE_NUMBER, because
from lossbench.catalog.losses.row_operations import hide_own, own
from lossbench.catalog.over_classes import normalize
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


@loss(
    targets=CLASSES,
    sound=(Space.REAL, Space.SPHERE),
    risky={
        **because(
            "a row points along its class's axis only where the other outputs saturate at 0, with hardly any gradient",
            *(Space.POSITIVE, Space.UNIT, Space.SIMPLEX),
        ),
        Space.SIGNED_UNIT: "the outputs of a row saturate, and with them its direction",
        Space.BOUNDED_BELOW: "negative outputs saturate at a bound, with hardly any gradient",
    },
    unsound={
        Space.NONNEGATIVE: "a row whose outputs are all 0 has no direction, and no gradient to leave that state",
        **because(
            "no output is positive, so no row points along its class's axis", Space.NONPOSITIVE, Space.LOG_SIMPLEX
        ),
    },
    decode=Decoder.COSINE,
    min_outputs=2,
    reference="Barz & Denzler 2020, arXiv:1901.09054",
    estimates="the direction of the class probabilities",
    use="Use it when the direction of an embedding is what counts; not with one output, nor when its length carries "
    "meaning",
    pitfalls=(
        "with one output the cosine is -1 or +1 and the gradient exactly 0: it needs one output a class",
        "the length of a row means nothing and can drift",
    ),
    proper=True,
    consistent=True,
    convex=False,
    symmetric=False,
    common=True,
)
def cosine_embedding(
    z_BK: Tensor,
    y_B: Tensor,
    *,
    prototypes: Literal["own", "all"] = "own",
    margin: Annotated[float, Ge(0), Lt(1)] = 0.0,
) -> Tensor:
    """1 - cos(z, e_y); with all prototypes (1 - cos(z, e_y) + sum over k != y of max(0, cos(z, e_k) - margin)) / K."""
    cosine = normalize(z_BK)
    near = 1 - own(cosine, y_B)
    if prototypes == "own":
        return near
    return (near + (hide_own(cosine, y_B) - margin).clamp_min(0).sum(-1)) / z_BK.shape[-1]


@loss(
    targets={Task.BINARY: Encoding.SIGNED_ONE_HOT, Task.MULTICLASS: Encoding.SIGNED_ONE_HOT},
    **{
        **POSITIVE_NUMBER,
        "risky": {
            Space.NONNEGATIVE: "a distance that dies at 0 stays there: its class is near every sample",
            **because("distances stay below 1 and only approach the margin", Space.UNIT, Space.SIMPLEX),
        },
        "unsound": because(
            "outputs are distances: negative ones are none, and a row's own falls without bound",
            *(Space.REAL, Space.BOUNDED_BELOW, Space.NONPOSITIVE, Space.SIGNED_UNIT, Space.SPHERE, Space.LOG_SIMPLEX),
        ),
    },
    decode=Decoder.DISTANCE,
    reference="Hadsell, Chopra & LeCun 2006, doi:10.1109/CVPR.2006.100",
    estimates="distance 0 to a class above one half, the margin to all others",
    use="Use it on distances, for pairs that belong together or not; not on outputs that may be negative",
    pitfalls=(
        "with more than two classes and none above one half all distances are the margin: it decides for nothing",
        "outputs are distances to the classes and need to be positive: softplus",
    ),
    consistent={Task.BINARY: True, Task.MULTICLASS: False},
    convex=True,
    symmetric=False,
    common=True,
)
def hinge_embedding(d_BK: Tensor, s_BK: Tensor, *, margin: Annotated[float, Gt(0)] = 1.0) -> Tensor:
    """d to the own class (sign +1), max(0, margin - d) to the others (sign -1), averaged over the classes."""
    return torch.where(s_BK > 0, d_BK, (margin - d_BK).clamp_min(0)).mean(-1)


@loss(
    targets=CLASSES,
    sound=(Space.REAL, Space.SPHERE),
    decode=Decoder.MARGIN,
    min_outputs=2,
    reference="Schroff, Kalenichenko & Philbin 2015, arXiv:1503.03832; prototypes: Snell et al. 2017, arXiv:1703.05175",
    estimates="a point nearer to the more probable class's prototype",
    use="Use it when nearness in an embedding is what counts; not for probabilities",
    pitfalls=("anchors are compared with the classes' axes, not with other samples: there is nothing to mine",),
    consistent={Task.BINARY: True, Task.MULTICLASS: False},
    convex=False,
    symmetric=False,
    also_try={"margin": 0.2},  # FaceNet's
    common=True,
)
def triplet_margin(z_BK: Tensor, y_B: Tensor, *, margin: Annotated[float, Gt(0)] = 1.0) -> Tensor:
    """max(0, |z - e_y| - min over j != y of |z - e_j| + margin)."""
    square = (z_BK.square().sum(-1, keepdim=True) - 2 * z_BK + 1).clamp_min(0)
    distance = (square + 1e-12).sqrt()  # the root has no slope at 0
    return (own(distance, y_B) + hide_own(-distance, y_B).amax(-1) + margin).clamp_min(0)
