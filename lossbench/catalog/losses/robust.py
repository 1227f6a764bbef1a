"""Softmax losses between cross-entropy and the mean absolute error, for hard samples or noisy labels.

All take K linear outputs; p is their softmax.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt, Le, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.class_estimands import by_q
from lossbench.catalog.losses.domains import CLASSES, LOGITS
from lossbench.catalog.losses.row_operations import log_not_p, log_p, own
from lossbench.catalog.losses.tempered import tempered_log_softmax
from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Lin et al. 2017, arXiv:1708.02002; Charoenphakdee et al. 2021, arXiv:2011.09172",
    estimates="class probabilities pulled towards even: 0.1 becomes 0.306 at gamma = 2",
    use="Use it when easy rows of a frequent class drown the hard ones; not for probabilities without calibration, "
    "nor with wrong labels, which are hard rows",
    pitfalls=(
        "its probabilities are not sure enough: calibrate them before use",
        "the gradient must flow through the factor (1 - p)^gamma too; widely copied code cuts it off",
        "the paper's alpha for the second class and 1 - alpha for the first are class_weight: no=0.75,yes=0.25, "
        "up to their scale",
    ),
    scored_raw=True,  # it is used for calibration, too: Mukhoti et al. 2020, arXiv:2002.09437
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"gamma": 0.5},
    common=True,
)
def focal(z_BK: Tensor, y_B: Tensor, *, gamma: Annotated[float, Ge(0)] = 2.0) -> Tensor:
    """-(1 - p_y)^gamma log p_y."""
    return -(gamma * log_not_p(z_BK, y_B)).exp() * log_p(z_BK, y_B)


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Leng et al. 2022, arXiv:2204.12511",
    estimates="class probabilities made sharper: 0.1 becomes 0.057 at epsilon = 1",
    use="Use it for a small correction of cross_entropy, tuned by one number; not when cross_entropy's probabilities"
    " are already right",
    pitfalls=("its probabilities are too sure with epsilon > 0",),
    consistent=True,
    convex=True,
    symmetric=False,
    also_try={"epsilon": -1.0},  # the paper's for detection: less sure instead of surer
    common=True,
)
def poly1(z_BK: Tensor, y_B: Tensor, *, epsilon: Annotated[float, Ge(-1)] = 1.0) -> Tensor:
    """-log p_y + epsilon (1 - p_y)."""
    log_p_B = log_p(z_BK, y_B)
    return -log_p_B - epsilon * log_p_B.expm1()


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Zhang & Sabuncu 2018, arXiv:1805.07836",
    class_estimand=by_q,
    estimates="probabilities that go as p^(1 / (1 - q))",
    use="Use it when many labels are wrong; not with clean labels, where cross_entropy learns faster",
    pitfalls=("its probabilities are too sure: calibrate them before use", "near 1, q needs more epochs, as l1 does"),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"q": 0.3},  # nearer to cross_entropy
    common=True,
)
def gce(z_BK: Tensor, y_B: Tensor, *, q: Annotated[float, Gt(0), Le(1)] = 0.7) -> Tensor:
    """(1 - p_y^q) / q: cross-entropy for q -> 0, half the sum of absolute errors for q = 1."""
    return -(q * log_p(z_BK, y_B)).expm1() / q


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Wang et al. 2019, arXiv:1908.06112",
    estimates="class probabilities made sharper",
    use="Use it when many labels are wrong and classes differ in how hard they are; not with clean labels",
    pitfalls=("log_zero, the value that stands for log 0, scales the second term; published code clips at 1e-4",),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"alpha": 6.0, "beta": 0.1},  # the paper's for many classes, where these are for ten
    common=True,
)
def sce(
    z_BK: Tensor,
    y_B: Tensor,
    *,
    alpha: Annotated[float, Gt(0)] = 0.1,
    beta: Annotated[float, Ge(0)] = 1.0,
    log_zero: Annotated[float, Lt(0)] = math.log(1e-4),
) -> Tensor:
    """-alpha log p_y - beta log_zero (1 - p_y): cross-entropy, plus the same with the roles of p and t exchanged."""
    log_p_B = log_p(z_BK, y_B)
    return -alpha * log_p_B + beta * log_zero * log_p_B.expm1()


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Englesson & Azizpour 2021, arXiv:2105.04522",
    estimates="class probabilities made sharper",
    use="Use it when labels are noisy and one parameter shall move from cross_entropy (pi near 0) to l1 (pi near 1); "
    "not when labels are clean or true probabilities are wanted",
    pitfalls=("near pi = 1 it needs more epochs, as l1 does", "its probabilities are too sure: calibrate them"),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"pi": 0.9},
)
def js(z_BK: Tensor, y_B: Tensor, *, pi: Annotated[float, Gt(0), Lt(1)] = 0.5) -> Tensor:
    """(pi KL(t || m) + (1 - pi) KL(p || m)) / Z, where m = pi t + (1 - pi) p and Z = -(1 - pi) log(1 - pi).

    t is the one-hot label. It is bounded: 0 at p = t, and 1 - pi log pi / Z at p_y = 0.
    """
    log_p_B = log_p(z_BK, y_B)
    p_B, miss_B = log_p_B.exp(), -log_p_B.expm1()
    log_m_B = (-(1 - pi) * miss_B).log1p()  # of m_y; the other classes' m is (1 - pi) p
    agreement_B = (1 - pi) * p_B * (log_p_B - log_m_B) - pi * log_m_B
    return agreement_B / -((1 - pi) * math.log1p(-pi)) + miss_B


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Feng et al. 2020, doi:10.24963/ijcai.2020/305",
    estimates="class probabilities made sharper, small ones 0: (.40, .35, .25) becomes (.60, .40, 0) at order 2",
    use="Use it when many labels are wrong, with one whole number to tune; not with clean labels",
    pitfalls=(
        "its probabilities are too sure",
        "order 1 is half the sum of absolute errors; it grows into cross_entropy",
    ),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"order": 6},
    common=True,
)
def taylor_ce(z_BK: Tensor, y_B: Tensor, *, order: Annotated[int, Ge(1), Le(100)] = 2) -> Tensor:
    """sum for i = 1..order of (1 - p_y)^i / i."""
    miss = -log_p(z_BK, y_B).expm1()
    value = torch.zeros_like(miss)
    for i in range(order, 0, -1):  # Horner's scheme
        value = miss * (1 / i + value)
    return value


@loss(
    targets=CLASSES,
    **LOGITS,
    decode=Decoder.SOFTMAX,
    reference="Amid et al. 2019, arXiv:1906.03361",
    estimates="class probabilities, read through the tempered softmax; softmax reads them too sure",
    use="Use it when labels are wrong, near the boundary (t2) or far from it (t1); not with clean labels, since it "
    "takes longer to compute",
    pitfalls=("a normaliser that is iterated a fixed few times is wrong for a large t2; here it is solved",),
    consistent=True,
    convex=False,
    symmetric=False,
    also_try={"t1": 0.2, "t2": 4.0},  # the paper's for randomly wrong labels
    common=True,
)
def bi_tempered(
    z_BK: Tensor, y_B: Tensor, *, t1: Annotated[float, Ge(0), Le(1)] = 0.8, t2: Annotated[float, Ge(1), Le(10)] = 1.2
) -> Tensor:
    """-log_t1 p_y - (1 - sum_k p_k^(2 - t1)) / (2 - t1), where p is the t2-tempered softmax.

    It is bounded for t1 < 1 and heavy-tailed for t2 > 1; log_t x = (x^(1 - t) - 1) / (1 - t).
    """
    log_p_BK = tempered_log_softmax(z_BK, t2)
    log_p_B = own(log_p_BK, y_B)
    likelihood = -log_p_B if t1 == 1 else -((1 - t1) * log_p_B).expm1() / (1 - t1)
    return likelihood - (1 - ((2 - t1) * log_p_BK).exp().sum(-1)) / (2 - t1)
