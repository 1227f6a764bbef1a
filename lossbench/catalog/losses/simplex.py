"""Losses that compare a row of class probabilities with the one-hot target, without a logarithm of a likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import square_roots
from lossbench.catalog.losses.domains import CLASSES, COLUMN_PER_CLASS, SIMPLEX, without
from lossbench.catalog.losses.row_operations import one_hot, own
from lossbench.catalog.vocabulary import Space

if TYPE_CHECKING:
    from torch import Tensor


def soft_brier(p_BK: Tensor, t_BK: Tensor) -> Tensor:
    """sum_k (p_k - t_k)^2 for any probabilities t."""
    return (p_BK - t_BK).square().sum(-1)


@loss(
    targets=CLASSES,
    **SIMPLEX,
    decode=Decoder.PROBABILITY,
    reference="Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    estimates="class probabilities",
    use="Use it for probabilities that no single sure error may dominate; not with many classes, where its gradient "
    "is small",
    pitfalls=(
        "its gradient vanishes where the prediction is surely wrong, the more so with many classes",
        "mse on softmax is this, divided by the number of classes",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    soft=soft_brier,
    common=True,
)
def brier(p_BK: Tensor, y_B: Tensor) -> Tensor:
    """sum_k (p_k - t_k)^2."""
    return (p_BK - one_hot(y_B, p_BK)).square().sum(-1)


@loss(
    targets=CLASSES,
    **without(COLUMN_PER_CLASS, Space.SIMPLEX, Space.UNIT),
    decode=Decoder.LEAST_SQUARES,
    reference="Hui & Belkin 2021, arXiv:2006.07322",
    estimates="class probabilities (k = M = 1)",
    use="Use it on linear outputs as a fair rival of cross_entropy; not behind a softmax",
    pitfalls=(
        "it wants linear outputs: a softmax before it makes it a slow brier",
        "k and M help with many classes; with others than 1 the outputs are no probabilities",
    ),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    common=True,
)
def square(z_BK: Tensor, y_B: Tensor, *, k: Annotated[float, Gt(0)] = 1.0, M: Annotated[float, Gt(0)] = 1.0) -> Tensor:
    """(k (z_y - M)^2 + sum over j != y of z_j^2) / K."""
    z_y = own(z_BK, y_B)
    others = (z_BK * (1 - one_hot(y_B, z_BK))).square().sum(-1)
    return (k * (z_y - M).square() + others) / z_BK.shape[-1]


@loss(
    targets=CLASSES,
    **SIMPLEX,
    decode=Decoder.PROBABILITY,
    reference="Janocha & Czarnecki 2017, arXiv:1702.05659",
    floor=-1.0,
    estimates="class probabilities made sharper: 0.1 becomes 0.014",
    use="Use it to compare with the overlap of sets; not for probabilities",
    pitfalls=("its probabilities are too sure",),
    consistent=True,
    convex=False,
    symmetric=False,
    common=True,
)
def tanimoto(p_BK: Tensor, y_B: Tensor) -> Tensor:
    """-p_y / (sum_k p_k^2 + 1 - p_y)."""
    p_y = own(p_BK, y_B)
    return -p_y / (p_BK.square().sum(-1) + 1 - p_y)


@loss(
    targets=CLASSES,
    **SIMPLEX,
    decode=Decoder.PROBABILITY,
    reference="Janocha & Czarnecki 2017, arXiv:1702.05659",
    class_estimand=square_roots,
    estimates="probabilities that go as the square roots of the class probabilities",
    use="Use it to compare with cross_entropy by an angle of distributions; not for probabilities without calibration",
    pitfalls=("its probabilities are not sure enough",),
    consistent=True,
    convex=False,
    symmetric=False,
    common=True,
)
def cauchy_schwarz(p_BK: Tensor, y_B: Tensor) -> Tensor:
    """-log(p_y / |p|_2)."""
    tiny = 1e-30  # a softmax in float32 rounds to 0 at 1e-45; squares of what is below 1e-19 already do
    return 0.5 * p_BK.square().sum(-1).clamp_min(tiny).log() - own(p_BK, y_B).clamp_min(tiny).log()
