"""Loss correction: cross-entropy that accounts for known label noise.

The noise is a matrix T_ij = P(label j | true class i), rows summing to 1; or a rate at which a label is another class,
each alike. Both losses take K linear outputs; p is their softmax, the probabilities of the true classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Lt
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import by_noise
from lossbench.catalog.losses.domains import CLASSES, LOGITS
from lossbench.catalog.over_classes import log_softmax, logsumexp
from lossbench.deferred import np, torch
from lossbench.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

RATE = 0.1  # the default: a tenth of the labels
PAPER = "Patrini et al. 2017, arXiv:1609.03683"
CLEAN = "probabilities of the true classes, of two (p - r) / (1 - 2 r) at a rate r"
GIVEN = "it is only as good as the noise that it is given; a rate of 0 is cross_entropy"


def stochastic(value: Any) -> list[list[float]] | None:
    """The rows of a noise matrix, or None; a `PydanticCustomError` for what is no invertible stochastic matrix."""
    if value is None:
        return None
    form = "must be a list of rows, one for each true class, with a probability for each label"
    try:
        matrix = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise PydanticCustomError("matrix", form) from None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise PydanticCustomError("matrix", form)
    if not (matrix >= 0).all():  # nan among them
        raise PydanticCustomError("matrix", "must have no entry below 0")
    if wrong := [f"row {i + 1} to {total:g}" for i, total in enumerate(matrix.sum(1)) if abs(total - 1) > 1e-6]:
        raise PydanticCustomError("matrix", "must have rows that sum to 1; {rows}", {"rows": ", ".join(wrong)})
    if np.linalg.cond(matrix) > 1e6:
        raise PydanticCustomError("matrix", "must have an inverse: labels must tell the true classes apart")
    return [[float(entry) for entry in row] for row in matrix]


Rate = Annotated[float, Ge(0), Lt(1)]
Matrix = Annotated[list[list[float]] | None, BeforeValidator(stochastic)]


def check_classes(params: Mapping[str, Any], classes: int, where: str) -> None:
    """Raise `UserError` for a matrix of another size, a rate at which labels tell nothing, and for both at once."""
    rate, matrix = params["noise_rate"], params["noise_matrix"]
    if matrix is None:
        if rate >= 1 - 1 / classes:
            limit = f"{1 - 1 / classes:.3g}"
            raise UserError(
                f"must be below 1 - 1 / K = {limit} with {classes} classes, got {rate:g}", where=f"{where}.noise_rate"
            )
        return
    if len(matrix) != classes:
        size = f"is {len(matrix)} x {len(matrix)}, and there are {classes} classes"
        raise UserError(
            size, where=f"{where}.noise_matrix", fix="give a row for each true class and a column for each label"
        )
    if rate != RATE:
        raise UserError("says the noise, and so does noise_matrix", where=f"{where}.noise_rate", fix="give one of them")


def transition(rate: float, matrix: list[list[float]] | None, like_BK: Tensor) -> Tensor:
    """T `[K, K]`, of the type of the outputs."""
    if matrix is not None:
        return like_BK.new_tensor(matrix)
    classes = like_BK.shape[-1]
    other = rate / (classes - 1)
    return torch.full((classes, classes), other, dtype=like_BK.dtype, device=like_BK.device).fill_diagonal_(1 - rate)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=PAPER,
    class_estimand=by_noise,
    estimates=CLEAN,
    check_classes=check_classes,
    use="Use it when the rate of wrong labels, or which class is taken for which, is known or estimated; not when it "
    "is a guess: take gce or nce_rce",
    pitfalls=(GIVEN, "scored on labels that are as noisy, its probabilities look too sure: score on clean ones"),
    consistent=True,
    convex=False,
    symmetric=False,
)
def forward_correction(z_BK: Tensor, y_B: Tensor, *, noise_rate: Rate = RATE, noise_matrix: Matrix = None) -> Tensor:
    """-log sum_k p_k T_ky, T from noise_matrix or, without one, 1 - noise_rate and noise_rate / (K - 1) elsewhere."""
    log_label_BK = transition(noise_rate, noise_matrix, z_BK).log().T[y_B]  # log P(y | true class k)
    return -logsumexp(log_softmax(z_BK) + log_label_BK)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference=f"{PAPER}; two classes: Natarajan et al. 2013, NIPS 26",
    class_estimand=by_noise,
    estimates=CLEAN,
    floor=None,
    check_classes=check_classes,
    use="Use it when the noise is known and an unbiased estimate of the clean loss is wanted, for a linear model or a "
    "penalised net; not when the net can fit single rows: take forward_correction",
    pitfalls=(
        GIVEN,
        "only its expectation over the noise has a floor: a net that fits single rows drives it down without end",
    ),
    consistent=True,
    convex=True,
    symmetric=False,
)
def backward_correction(z_BK: Tensor, y_B: Tensor, *, noise_rate: Rate = RATE, noise_matrix: Matrix = None) -> Tensor:
    """-sum_k (T^-1)_yk log p_k, whose mean over the noise is the clean cross-entropy; T as in forward_correction."""
    inverse_BK: Tensor = torch.linalg.inv(transition(noise_rate, noise_matrix, z_BK))[y_B]
    return -(inverse_BK * log_softmax(z_BK)).sum(-1)
