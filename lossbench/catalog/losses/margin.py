"""Margin losses: the score of the true class must exceed the others by a margin. Signs s are -1 and +1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Le

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import CLASSES, MARGINS, ONE_AGAINST_ALL, ONE_MARGIN, ONE_SCORE, SIGNS, by_task
from lossbench.catalog.losses.row_operations import hide_own, own, steep_exp
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor

SIGNED_MARGINS = by_task(binary=ONE_MARGIN, multiclass=ONE_AGAINST_ALL)
Margin = Annotated[float, Gt(0)]


@loss(
    targets={Task.BINARY: Encoding.SIGN},
    **ONE_SCORE,
    same_as={"identity": "bce_with_logits + identity"},
    decode=Decoder.SIGMOID,
    reference="Friedman, Hastie & Tibshirani 2000, doi:10.1214/aos/1016218223",
    estimates="log-odds of the second class",
    use="Use it when targets are coded -1/+1; not for 0/1, where bce_with_logits is the same loss",
    pitfalls=("it wants signs: a target of 0 gives log 2 and no gradient, in silence",),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    common=True,
)
def soft_margin(z_B1: Tensor, s_B1: Tensor) -> Tensor:
    """log(1 + exp(-s z))."""
    return F.softplus(-s_B1 * z_B1).mean(-1)


@loss(
    targets=SIGNS,
    **SIGNED_MARGINS,
    decode=Decoder.MARGIN,
    reference="Cortes & Vapnik 1995, doi:10.1007/BF00994018",
    estimates="the side of the more probable class",
    use="Use it for a decision that rests on the rows near the boundary, as an SVM's does; not for probabilities, "
    "nor for more than two classes without a majority",
    pitfalls=(
        "with more than two classes and none above one half, every output is best at -1: it decides for nothing",
    ),
    consistent={Task.BINARY: True, Task.MULTICLASS: False},
    convex=True,
    symmetric=False,
    common=True,
)
def hinge(z_BK: Tensor, s_BK: Tensor, *, margin: Margin = 1.0) -> Tensor:
    """max(0, margin - s z), summed over the outputs (one against all)."""
    return (margin - s_BK * z_BK).clamp_min(0).sum(-1)


@loss(
    targets=SIGNS,
    **SIGNED_MARGINS,
    decode=Decoder.SIGNED_PROBABILITY,
    reference="Zhang 2004, doi:10.1214/aos/1079120130",
    estimates="2 p - 1",
    use="Use it for a smooth hinge whose outputs are probabilities too; not with wrong labels, whose errors it squares",
    pitfalls=("its gradient is several times that of cross_entropy: lower the learning rate",),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    common=True,
)
def squared_hinge(z_BK: Tensor, s_BK: Tensor) -> Tensor:
    """max(0, 1 - s z)^2, summed over the outputs (one against all)."""
    return (1 - s_BK * z_BK).clamp_min(0).square().sum(-1)


@loss(
    targets=SIGNS,
    **SIGNED_MARGINS,
    decode=Decoder.SIGNED_PROBABILITY,
    reference="Zhang 2004, doi:10.1214/aos/1079120130",
    estimates="2 p - 1",
    use="Use it for squared_hinge's probabilities with some wrong labels, which count in proportion; not when sure "
    "predictions must be told apart, since it has no gradient beyond the margin",
    pitfalls=("its gradient is several times that of cross_entropy: lower the learning rate",),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
)
def modified_huber(z_BK: Tensor, s_BK: Tensor) -> Tensor:
    """max(0, 1 - s z)^2, and -4 s z for s z < -1; summed over the outputs (one against all)."""
    m = s_BK * z_BK
    return torch.where(m < -1, -4 * m, (1 - m).clamp(0, 2).square()).sum(-1)


@loss(
    targets=SIGNS,
    **SIGNED_MARGINS,
    decode=Decoder.MARGIN,
    reference="Janocha & Czarnecki 2017, arXiv:1702.05659",
    estimates="(1 - r) / (1 + r) with r = sqrt((1 - p) / p)",
    use="Use it to press hardest on the worst rows; not with wrong labels, whose errors it cubes",
    pitfalls=("its gradient is several times that of cross_entropy: lower the learning rate",),
    consistent=True,
    convex=True,
    symmetric=False,
    common=True,
)
def cubed_hinge(z_BK: Tensor, s_BK: Tensor) -> Tensor:
    """max(0, 1 - s z)^3, summed over the outputs (one against all)."""
    return (1 - s_BK * z_BK).clamp_min(0).pow(3).sum(-1)


@loss(
    targets={Task.BINARY: Encoding.SIGN},
    **ONE_SCORE,
    decode=Decoder.HALF_LOGIT,
    reference="Freund & Schapire 1997, doi:10.1006/jcss.1997.1504; Friedman et al. 2000, doi:10.1214/aos/1016218223",
    estimates="half the log-odds of the second class",
    use="Use it to compare with boosting; not with wrong labels, of which a single one can outweigh all rows",
    pitfalls=("one mislabelled sample that is far on the wrong side outweighs all others",),
    proper=True,
    consistent=True,
    convex=True,
    symmetric=False,
    common=True,
)
def exponential(z_B1: Tensor, s_B1: Tensor) -> Tensor:
    """exp(-s z); beyond exp 60 its tangent."""
    return steep_exp(-s_B1 * z_B1).mean(-1)


@loss(
    targets=CLASSES,
    **MARGINS,
    decode=Decoder.MARGIN,
    reference="Weston & Watkins 1999, ESANN, pages 219-224; consistency: Tewari & Bartlett 2007, JMLR 8",
    estimates="the most probable class where it is above one half",
    use="Use it for a large margin between several classes; not for probabilities, nor with p=1 where no class has the "
    "majority",
    pitfalls=(
        "with p=1 and no class above one half the best scores tie; p=2 keeps their order",
        "torch's multilabel_margin with one label a row is this loss; margin_ranking of two outputs is twice it",
    ),
    consistent={Task.BINARY: True, Task.MULTICLASS: False},
    convex=True,
    symmetric=False,
    also_try={"p": 2},
    common=True,
)
def multi_margin(z_BK: Tensor, y_B: Tensor, *, p: Annotated[int, Ge(1), Le(2)] = 1, margin: Margin = 1.0) -> Tensor:
    """sum over j != y of max(0, margin - z_y + z_j)^p, divided by K."""
    violation = (margin - own(z_BK, y_B).unsqueeze(-1) + hide_own(z_BK, y_B)).clamp_min(0)
    return violation.pow(p).sum(-1) / z_BK.shape[-1]


@loss(
    targets=CLASSES,
    **MARGINS,
    decode=Decoder.MARGIN,
    reference="Crammer & Singer 2001, JMLR 2:265-292",
    estimates="the most probable class where it is above one half",
    use="Use it for the SVM of several classes, when classes hardly overlap; not for probabilities, nor where no "
    "class has the majority",
    pitfalls=("with no class above one half the best scores are all equal: it decides for nothing",),
    consistent={Task.BINARY: True, Task.MULTICLASS: False},
    convex=True,
    symmetric=False,
    common=True,
)
def crammer_singer(z_BK: Tensor, y_B: Tensor, *, margin: Margin = 1.0) -> Tensor:
    """max(0, margin + max over j != y of z_j - z_y)."""
    return (margin + hide_own(z_BK, y_B).amax(-1) - own(z_BK, y_B)).clamp_min(0)
