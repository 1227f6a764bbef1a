"""Losses that weight predictions that are too low and too high differently, by a share in (0, 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt, Lt

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.distributions import pinball as pinball_of
from lossbench.catalog.estimands import EXPECTILE, M_QUANTILE, QUANTILE
from lossbench.catalog.loss import loss
from lossbench.catalog.losses import TARGET_UNIT, Threshold
from lossbench.catalog.losses.domains import NUMBER, VALUE
from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor

Share = Annotated[float, Gt(0), Lt(1)]


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Koenker & Bassett 1978, doi:10.2307/1913643",
    estimates="the quantile",
    use="Use it when too low and too high cost differently, or for one quantile; not for the mean",
    value_estimand=QUANTILE,
    metric="pinball(quantile={quantile:g})",
    pitfalls=("pinball(0.5) is l1 / 2", "nets trained for several quantiles may cross"),
    convex=True,
    common=True,
)
def pinball(f_B1: Tensor, y_B1: Tensor, *, quantile: Share = 0.5) -> Tensor:
    """max(q (y - f), (q - 1) (y - f))."""
    return pinball_of(f_B1, y_B1, quantile).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Newey & Powell 1987, doi:10.2307/1911031",
    estimates="the expectile, which is no quantile; at tau = 0.5 the mean",
    use="Use it for a mean that leans to one side; not for a share of rows below the prediction, which a quantile "
    "has (pinball)",
    value_estimand=EXPECTILE,
    pitfalls=("expectile(0.5) is mse / 2",),
    proper=True,
    convex=True,
    common=True,
)
def expectile(f_B1: Tensor, y_B1: Tensor, *, tau: Share = 0.5) -> Tensor:
    """|tau - 1[y < f]| (y - f)^2."""
    e = y_B1 - f_B1
    return (tau * e.clamp_min(0).square() + (1 - tau) * e.clamp_max(0).square()).mean(-1)


@loss(
    targets=VALUE,
    **NUMBER,
    decode=Decoder.IDENTITY,
    reference="Dabney et al. 2017, arXiv:1710.10044, equation 10; what it estimates: Breckling & Chambers 1988, "
    "doi:10.1093/biomet/75.4.761",
    estimates="the M-quantile, between quantile and expectile",
    use="Use it when pinball's corner at 0 disturbs the training of a quantile; not for the quantile itself, from "
    "which a larger kappa leads away",
    value_estimand=M_QUANTILE,
    metric="pinball(quantile={quantile:g})",
    pitfalls=(
        "divided by kappa, as some code has it, it tends to pinball for kappa -> 0; this is the paper's",
        "quantile_huber(0.5) is huber / 2",
        f"kappa is {TARGET_UNIT}",
    ),
    convex=True,
    also_try={"kappa": 0.1},
)
def quantile_huber(f_B1: Tensor, y_B1: Tensor, *, quantile: Share = 0.5, kappa: Threshold = 1.0) -> Tensor:
    """|q - 1[y < f]| huber(y - f), where huber bends at kappa."""
    huber = F.huber_loss(f_B1, y_B1, delta=kappa, reduction="none")
    return torch.where(y_B1 < f_B1, (1 - quantile) * huber, quantile * huber).mean(-1)
