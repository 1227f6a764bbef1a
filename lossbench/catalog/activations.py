"""Last activations: each declares the space of its outputs. `auto` takes the first sound one in this order."""

# ruff: noqa: PLW0108 - `lambda z: F.relu(z)` names torch when it is called, `F.relu` would import it here
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossbench.catalog.over_classes import log_softmax, normalize, softmax
from lossbench.catalog.vocabulary import Space
from lossbench.components.other_names import ACTIVATION_NAMES
from lossbench.components.translate import plain, spellings
from lossbench.deferred import F, torch
from lossbench.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Activation:
    """A function `[..., K] -> [..., K]` of a net's last linear outputs, and the space that it maps into.

    `flat` says where it has no gradient at all, which degrades every pair that is sound otherwise.
    """

    name: str
    fn: Callable[[Tensor], Tensor] = field(repr=False)
    space: Space
    formula: str
    min_outputs: int = 1
    flat: str = ""
    note: str = ""

    def __call__(self, z: Tensor) -> Tensor:
        """Apply it to linear outputs `[..., K]`."""
        return self.fn(z)


ACTIVATIONS: Registry[Activation] = Registry(
    "activation",
    abbreviations={"linear": "identity", "none": "identity"},
    other_names=spellings(ACTIVATION_NAMES),
    plain=plain,
)


def _mean_variance(z: Tensor) -> Tensor:
    mean, variance = z.tensor_split(2, -1)
    return torch.cat([mean, F.softplus(variance) + 1e-6], -1)


def _normal_inverse_gamma(z: Tensor) -> Tensor:
    mean, nu, alpha, beta = z.tensor_split(4, -1)
    return torch.cat([mean, F.softplus(nu) + 1e-6, F.softplus(alpha) + 1 + 1e-6, F.softplus(beta) + 1e-6], -1)


for _activation in (
    Activation("identity", lambda z: z, Space.REAL, "z"),
    Activation("logsoftmax", log_softmax, Space.LOG_SIMPLEX, "z_k - log sum_j exp z_j", min_outputs=2),
    Activation("softmax", softmax, Space.SIMPLEX, "exp z_k / sum_j exp z_j", min_outputs=2),
    Activation("sigmoid", lambda z: z.sigmoid(), Space.UNIT, "1 / (1 + exp -z)"),
    Activation("softplus", lambda z: F.softplus(z), Space.POSITIVE, "log(1 + exp z)"),
    Activation("relu", lambda z: z.relu(), Space.NONNEGATIVE, "max(0, z)", flat="below 0"),
    Activation("tanh", lambda z: z.tanh(), Space.SIGNED_UNIT, "tanh z"),
    Activation("exp", lambda z: z.exp(), Space.POSITIVE, "exp z", note="overflows float32 beyond z = 88"),
    Activation("leaky_relu", lambda z: F.leaky_relu(z, 0.01), Space.REAL, "max(0.01 z, z)"),
    Activation("elu", lambda z: F.elu(z), Space.BOUNDED_BELOW, "z if z > 0 else exp z - 1"),
    Activation("silu", lambda z: F.silu(z), Space.BOUNDED_BELOW, "z sigmoid(z)"),
    Activation("gelu", lambda z: F.gelu(z), Space.BOUNDED_BELOW, "z Phi(z)"),
    Activation("softsign", lambda z: F.softsign(z), Space.SIGNED_UNIT, "z / (1 + |z|)"),
    Activation("hardtanh", lambda z: F.hardtanh(z), Space.SIGNED_UNIT, "min(1, max(-1, z))", flat="outside [-1, 1]"),
    Activation(
        "hardsigmoid", lambda z: F.hardsigmoid(z), Space.UNIT, "min(1, max(0, z/6 + 1/2))", flat="outside [-3, 3]"
    ),
    Activation("log_sigmoid", lambda z: F.logsigmoid(z), Space.NONPOSITIVE, "-log(1 + exp -z)"),
    Activation("normalize", normalize, Space.SPHERE, "z / |z|_2", min_outputs=2),
    Activation("mean_variance", _mean_variance, Space.MEAN_VARIANCE, "(z_1, softplus(z_2) + 1e-6)", min_outputs=2),
    Activation(
        "normal_inverse_gamma",
        _normal_inverse_gamma,
        Space.NORMAL_INVERSE_GAMMA,
        "(z_1, softplus z_2, 1 + softplus z_3, softplus z_4), each softplus + 1e-6",
        min_outputs=4,
    ),
):
    ACTIVATIONS.add(_activation)
