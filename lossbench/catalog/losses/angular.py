"""Losses of angles between a row of outputs and the classes' prototypes, with a margin.

A prototype is the axis e_k of output k, so the cosine to it is output k of a row of length 1: cos t_k = x_k, where
x = z / |z| is what the last activation `normalize` makes of the net's outputs z. The papers normalise the
last-but-one layer and the last layer's weights instead: there prototypes are learned, here the net turns its rows to
fixed ones. Prototypes have length 1 and are never normalised again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Le, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import CLASSES, DIRECTIONS
from lossbench.catalog.losses.row_operations import log_p, one_hot, own, shares
from lossbench.catalog.vocabulary import Space
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor

SCALE = "the paper's scale is for thousands of classes: with few, 10 gives gradients to more rows"
DECIDES = "no probability is read from its cosines: a temperature fitted to them gives one"


@loss(
    targets=CLASSES,
    **DIRECTIONS,
    decode=Decoder.MARGIN,
    min_outputs=2,
    reference="Wang et al. 2018, arXiv:1801.09414 (CosFace); Wang et al. 2018, arXiv:1801.05599 (AM-Softmax)",
    estimates="the most probable class",
    use="Use it when classes are clean and rows of a class are to lie close together, as for retrieval; not when "
    "labels are noisy or probabilities are needed",
    pitfalls=(SCALE, DECIDES, "ldam is this with a margin by class, larger for rarer ones"),
    consistent=True,
    convex=True,
    symmetric=False,
    also_try={"scale": 10.0},
)
def cosface(
    x_BK: Tensor, y_B: Tensor, *, margin: Annotated[float, Ge(0)] = 0.35, scale: Annotated[float, Gt(0)] = 64.0
) -> Tensor:
    """-log softmax(scale (x - margin e_y))_y, where x_k = cos t_k."""
    return -log_p(scale * (x_BK - margin * one_hot(y_B, x_BK)), y_B)


@loss(
    targets=CLASSES,
    **DIRECTIONS,
    decode=Decoder.MARGIN,
    min_outputs=2,
    reference="Deng et al. 2019, arXiv:1801.07698",
    estimates="the most probable class",
    use="Use it when classes are clean and the margin is to be the same angle everywhere; not when labels are noisy "
    "or probabilities are needed",
    pitfalls=(
        SCALE,
        DECIDES,
        "beyond t = pi - margin the cosine would rise again: there cos t - margin sin(margin) takes its place, as in "
        "the authors' code, and the value jumps",
    ),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"scale": 10.0},
)
def arcface(
    x_BK: Tensor,
    y_B: Tensor,
    *,
    margin: Annotated[float, Ge(0), Lt(math.pi / 2)] = 0.5,
    scale: Annotated[float, Gt(0)] = 64.0,
) -> Tensor:
    """-log softmax(scale c)_y with c_y = cos(t_y + margin) and c_k = cos t_k for the others."""
    is_own = one_hot(y_B, x_BK)
    cosine = own(x_BK, y_B)
    # Without arccos, whose slope is infinite at the axes; nearer to one than that, the cosine has no digits to tell.
    sine = ((1 - cosine) * (1 + cosine)).clamp_min(torch.finfo(cosine.dtype).eps).sqrt()
    turned = cosine * math.cos(margin) - sine * math.sin(margin)
    turned = torch.where(cosine > -math.cos(margin), turned, cosine - margin * math.sin(margin))
    return -log_p(scale * (x_BK + is_own * (turned - cosine).unsqueeze(-1)), y_B)


@loss(
    targets=CLASSES,
    sound=(Space.REAL,),
    decode=Decoder.SOFTMAX,
    min_outputs=2,
    reference="Liu et al. 2016, arXiv:1612.02295",
    estimates="the most probable class where it is sure enough: of two classes, above 0.65",
    use="Use it when classes are clean and a margin is wanted without fixing the length of rows; not when labels are "
    "noisy or probabilities are used as they are",
    pitfalls=(
        "the paper lets lam fall from large to near 0 during training; here it is constant",
        "large m trains badly without lam",
        "where no class is sure enough, all outputs are best at 0: it decides for nothing",
    ),
    consistent=False,
    convex=False,
    symmetric=False,
    also_try={"lam": 5.0},
)
def large_margin_softmax(
    z_BK: Tensor, y_B: Tensor, *, m: Annotated[int, Ge(2), Le(4)] = 2, lam: Annotated[float, Ge(0)] = 0.0
) -> Tensor:
    """-log softmax(c)_y with c_y = (lam z_y + |z| psi(t_y)) / (1 + lam) and c_k = z_k for the others.

    psi(t) = (-1)^n cos(m t) - 2 n for t in [n pi / m, (n + 1) pi / m] falls all the way. Nothing is normalised:
    z_k = |z| cos t_k.
    """
    z_B = own(z_BK, y_B)
    length = torch.linalg.vector_norm(z_BK, dim=-1)
    cosine = z_B / length.clamp_min(1e-12)
    n = sum(((cosine <= math.cos(i * math.pi / m)).to(z_B.dtype) for i in range(1, m)), torch.zeros_like(z_B))
    before, multiple = torch.ones_like(cosine), cosine  # Chebyshev's polynomials: cos(i t) of cos t
    for _ in range(m - 1):
        before, multiple = multiple, 2 * cosine * multiple - before
    psi = (1 - 2 * (n % 2)) * multiple - 2 * n
    own_B = (lam * z_B + length * psi) / (1 + lam)
    return -log_p(z_BK + one_hot(y_B, z_BK) * (own_B - z_B).unsqueeze(-1), y_B)


@loss(
    targets=CLASSES,
    **DIRECTIONS,
    per="batch",
    decode=Decoder.MARGIN,
    min_outputs=2,
    reference="Khosla et al. 2020, arXiv:2004.11362 (L_out); of cosines: Wang et al. 2017, arXiv:1704.06369",
    estimates="the direction of the most probable class",
    use="Use it when rows of a class are to lie close together and batches are large; not when probabilities are "
    "needed, nor when batches hold few rows a class",
    pitfalls=(
        "the paper's loss alone is the same however all rows are turned and decides for nothing: there a classifier is "
        "trained in a second step, here a second term ties each class to its axis",
        "it depends on the batch: use large ones; its cost goes as their square",
        DECIDES,
    ),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"temperature": 0.5},
)
def supervised_contrastive(
    x_BK: Tensor,
    y_B: Tensor,
    weight_B: Tensor,
    *,
    temperature: Annotated[float, Gt(0)] = 0.1,
    lam: Annotated[float, Gt(0)] = 1.0,
) -> Tensor:
    """mean over i of -mean over p in P(i) of log(exp(x_i . x_p / T) / sum over a in A(i) of exp(x_i . x_a / T)), plus
    lam times the mean of -log softmax(x_i / T)_y, where T = temperature.

    A(i) are the other rows of the batch, P(i) those of row i's class; where there are none, the row's term is 0. A row
    of weight w counts as w rows in every sum.
    """
    other_BB = 1 - torch.eye(x_BK.shape[-2], dtype=x_BK.dtype, device=x_BK.device)
    count_BB = weight_B.unsqueeze(-2) * other_BB
    positive_BB = (y_B.unsqueeze(-1) == y_B.unsqueeze(-2)) * count_BB
    similarity_BB = (x_BK.unsqueeze(-2) * x_BK.unsqueeze(-3)).sum(-1) / temperature
    all_B1 = similarity_BB.where(count_BB > 0, -torch.inf).amax(-1, keepdim=True).detach().nan_to_num(neginf=0.0)
    total_B1 = (count_BB * (similarity_BB - all_B1).exp()).sum(-1, keepdim=True)
    log_p_BB = similarity_BB - all_B1 - total_B1.clamp_min(torch.finfo(x_BK.dtype).tiny).log()
    contrast_B = -(positive_BB * log_p_BB).sum(-1) / positive_BB.sum(-1).clamp_min(torch.finfo(x_BK.dtype).tiny)
    return (shares(weight_B) * (contrast_B - lam * log_p(x_BK / temperature, y_B))).sum(-1)
