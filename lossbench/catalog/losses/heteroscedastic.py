"""Losses of a mean and a variance that differ from the likelihood (`gaussian_nll`) in what they give weight to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Le

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.estimands import MEAN
from lossbench.catalog.loss import loss
from lossbench.catalog.losses.domains import VALUE
from lossbench.catalog.losses.likelihood import gaussian_nll
from lossbench.catalog.vocabulary import Space

if TYPE_CHECKING:
    from torch import Tensor


@loss(
    targets=VALUE,
    sound=(Space.MEAN_VARIANCE,),
    outputs=2,
    decode=Decoder.GAUSSIAN,
    reference="Seitzer et al. 2022, arXiv:2203.09168",
    floor=0.5 * math.log(1e-6),
    estimates="mean and variance",
    use="Use it when gaussian_nll leaves the mean badly fitted where the variance is large; not when its value must be "
    "a likelihood that can be compared",
    value_estimand=MEAN,
    metric="crps",
    pitfalls=(
        "the factor is constant in the gradient alone, so the value may rise while the fit improves",
        "beta = 0 is gaussian_nll; with beta = 1 the mean is fitted as by mse",
    ),
    stop_gradient="v^beta",
    proper=True,
    convex=False,
    also_try={"beta": 1.0},
)
def beta_nll(mean_variance_B2: Tensor, y_B1: Tensor, *, beta: Annotated[float, Ge(0), Le(1)] = 0.5) -> Tensor:
    """v^beta (log v + (y - m)^2 / v) / 2 for outputs (m, v), with v^beta constant in the gradient."""
    return mean_variance_B2[..., 1].detach() ** beta * gaussian_nll(mean_variance_B2, y_B1)
