"""Losses of robust regression: of a residual e = f - y, they grow slower than its square, and some not at all far out.

The scale c is in units of the target's scale, as every threshold of a residual is. The textbooks' values (Cauchy's
2.385, Tukey's 4.685) are 95% efficient under normal noise, in standard deviations of the residuals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Gt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.estimands import BETWEEN, MODE
from lossbench.catalog.loss import loss
from lossbench.catalog.losses import TARGET_UNIT, Threshold
from lossbench.catalog.losses.domains import NUMBER, VALUE
from lossbench.catalog.losses.row_operations import steep_expm1

if TYPE_CHECKING:
    from torch import Tensor


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Black & Anandan 1996, doi:10.1006/cviu.1996.0006",
    estimates="near the mode",
    use="Use it when a good part of the targets is corrupted; not from a bad start, nor when far values are real",
    value_estimand=MODE,
    pitfalls=(
        "it is not convex: where it ends depends on where it starts",
        f"c is {TARGET_UNIT}",
    ),
    convex=False,
    also_try={"c": 0.5},
    common=True,
)
def cauchy(f_B1: Tensor, y_B1: Tensor, *, c: Threshold = 1.0) -> Tensor:
    """c^2 / 2 log(1 + (e / c)^2)."""
    return (0.5 * c**2 * ((f_B1 - y_B1) / c).square().log1p()).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Charbonnier et al. 1997, doi:10.1109/83.551699",
    estimates="between median and mean",
    use="Use it as a huber that is smooth everywhere; not when the mean of a skewed target is wanted",
    value_estimand=BETWEEN,
    pitfalls=(f"c is {TARGET_UNIT}",),
    convex=True,
    also_try={"c": 0.3},
    common=True,
)
def soft_l1(f_B1: Tensor, y_B1: Tensor, *, c: Threshold = 1.0) -> Tensor:
    """c^2 (sqrt(1 + (e / c)^2) - 1), the pseudo-Huber loss."""
    square = ((f_B1 - y_B1) / c).square()
    return (c**2 * square / ((1 + square).sqrt() + 1)).mean(-1)  # sqrt(1 + s) - 1 without cancellation


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Beaton & Tukey 1974, doi:10.1080/00401706.1974.10489171",
    estimates="near the mode",
    use="Use it to ignore gross outliers altogether, near a good start; not as the first loss of a net, since rows "
    "beyond c teach nothing",
    value_estimand=MODE,
    pitfalls=("beyond c there is no gradient: samples that start far away are never learnt", f"c is {TARGET_UNIT}"),
    convex=False,
    also_try={"c": 1.0},
    common=True,
)
def tukey(f_B1: Tensor, y_B1: Tensor, *, c: Threshold = 4.685) -> Tensor:
    """c^2 / 6 (1 - (1 - (e / c)^2)^3), constant for |e| > c."""
    inside = (1 - ((f_B1 - y_B1) / c).square()).clamp_min(0)
    return (c**2 / 6 * (1 - inside.pow(3))).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Barron 2019, arXiv:1701.03077, equation 13",
    estimates="between median and mean",
    use="Use it to choose how robust a fit is by one number, alpha; not with alpha below 1 from a bad start, since "
    "rows far away then hardly count",
    value_estimand=BETWEEN,
    pitfalls=(
        "alpha = 2 is mse / 2, 1 is soft_l1 (Charbonnier), 0 is cauchy, -2 is Geman-McClure's and -1e9 Welsch's loss, "
        "each up to the scale of c",
        "below alpha = 1 it is not convex and estimates near the mode",
        f"c is {TARGET_UNIT}, and the loss is not multiplied by c^2",
    ),
    convex=True,
    also_try={"alpha": -2.0},
)
def barron(f_B1: Tensor, y_B1: Tensor, *, alpha: float = 1.0, c: Threshold = 1.0) -> Tensor:
    """|a - 2| / a (((e / c)^2 / |a - 2| + 1)^(a / 2) - 1), or its limit at a = alpha = 0 and 2.

    For alpha -> -inf it is 1 - exp(-(e / c)^2 / 2), which -1e9 gives to the last digit.
    """
    square = ((f_B1 - y_B1) / c).square()
    if alpha == 2:
        return 0.5 * square.mean(-1)
    if alpha == 0:
        return (0.5 * square).log1p().mean(-1)
    b = abs(alpha - 2)
    return (b / alpha * steep_expm1(alpha / 2 * (square / b).log1p())).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Yang et al. 2021, arXiv:2102.09554 (Focal-R)",
    estimates="near the median; near the mean while beta |e| is small",
    use="Use it when rows that are fitted well should stop to count, as with rare target values; not with outliers",
    pitfalls=(
        "beta counts per unit of the target's scale: the authors' code has 0.2 for ages, whose standard deviation is "
        "about 16 years, and 20 for scores, whose standard deviation is 0.3; in units of it these are 3.2 and 5.9",
        "while beta |e| is small the factor is proportional to |e|: l1 is then about mse",
    ),
    convex=False,
    also_try={"beta": 1.0},
)
def focal_r(
    f_B1: Tensor,
    y_B1: Tensor,
    *,
    base: Literal["l1", "mse"] = "l1",
    beta: Annotated[float, Gt(0)] = 3.0,
    gamma: Annotated[float, Ge(0)] = 1.0,
) -> Tensor:
    """(2 sigmoid(beta |e|) - 1)^gamma times |e|, or times e^2."""
    e = (f_B1 - y_B1).abs().clamp_min(1e-18)  # a power below 1 has no slope at 0; e^2 of that fits into float32
    factor = (0.5 * beta * e).tanh() ** gamma  # 2 sigmoid(x) - 1 = tanh(x / 2), without cancellation
    return (factor * (e if base == "l1" else e.square())).mean(-1)
