"""Symmetric margin losses of two classes: l(z) + l(-z) is constant, so that symmetric label noise moves no minimiser.

Of these only a straight line is convex, and it has no lower bound. Signs s are -1 and +1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import ONE_MARGIN, ONE_SCORE, because
from lossbench.catalog.vocabulary import Encoding, Space, Task

if TYPE_CHECKING:
    from torch import Tensor

ONE_SIGN = {Task.BINARY: Encoding.SIGN}
SIDE = "the side of the more probable class"


@loss(
    targets=ONE_SIGN,
    sound=(Space.SIGNED_UNIT,),
    unsound={
        **because(
            "the loss is 1 - s z, which falls without bound as the score grows",
            *(Space.REAL, Space.BOUNDED_BELOW, Space.NONNEGATIVE, Space.POSITIVE, Space.NONPOSITIVE, Space.LOG_SIMPLEX),
        ),
        **because("the score is never negative, so the first class is never predicted", Space.UNIT, Space.SIMPLEX),
    },
    decode=Decoder.MARGIN,
    reference="van Rooyen, Menon & Williamson 2015, arXiv:1505.07634",
    estimates=SIDE,
    use="Use it when labels are noisy alike in two classes and a convex loss is wanted; not when scores are unbounded "
    "or probabilities are wanted",
    pitfalls=("it needs bounded scores (tanh) or a penalty: by itself it falls for ever",),
    consistent=True,
    convex=True,
    symmetric=True,
)
def unhinged(z_B1: Tensor, s_B1: Tensor) -> Tensor:
    """1 - s z."""
    return (1 - s_B1 * z_B1).mean(-1)


@loss(
    targets=ONE_SIGN,
    **ONE_SCORE,
    same_as={"identity": "l1 + sigmoid"},
    decode=Decoder.MARGIN,
    reference="Ghosh, Manwani & Sastry 2015, arXiv:1403.3610; Charoenphakdee, Lee & Sugiyama 2019, arXiv:1901.09314",
    estimates=SIDE,
    use="Use it when labels are noisy alike in two classes; not when labels are clean or probabilities are wanted: "
    "take soft_margin",
    pitfalls=("a sample that is far on the wrong side has no gradient: start with a small net or a small rate",),
    consistent=True,
    convex=False,
    symmetric=True,
)
def sigmoid_loss(z_B1: Tensor, s_B1: Tensor) -> Tensor:
    """1 / (1 + exp(s z))."""
    return (-s_B1 * z_B1).sigmoid().mean(-1)


@loss(
    targets=ONE_SIGN,
    **ONE_MARGIN,
    decode=Decoder.MARGIN,
    reference="Collobert et al. 2006, doi:10.1145/1143844.1143870; Brooks 2011, doi:10.1287/opre.1100.0854; "
    "symmetry: Ghosh, Manwani & Sastry 2015, arXiv:1403.3610",
    estimates=SIDE,
    use="Use it when some labels or rows are outliers that a hinge would follow; not when labels are clean: hinge is "
    "convex and reaches its optimum",
    pitfalls=("beyond the margin on the wrong side the gradient is 0: a sample that starts there is given up",),
    consistent=True,
    convex=False,
    symmetric=True,
)
def ramp(z_B1: Tensor, s_B1: Tensor) -> Tensor:
    """min(2, max(0, 1 - s z)): the hinge, cut off at 2."""
    return (1 - s_B1 * z_B1).clamp(0, 2).mean(-1)
