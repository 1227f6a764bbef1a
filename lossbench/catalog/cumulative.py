"""Classes in an order, told by K = C - 1 outputs: what these say of the classes, and the outputs that say it.

Classes are 0 to C - 1 and outputs z_0 to z_{C-2}, any leading axes. Four readings, each of log-odds:

- cumulative: z_k is the logit of P(y > k), each k for itself;
- thresholds: z_0 is a score, and the logit of P(y > k) is z_0 - z_k;
- ordered thresholds: the same where each threshold lies beyond the one before, z_0 - sum over 0 < j <= k of
  softplus(z_j), so that no class has a negative probability;
- conditional: z_k is the logit of P(y > k | y >= k), the odds of going on from class k.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.deferred import F, torch

if TYPE_CHECKING:
    from torch import Tensor


def class_probabilities(above: Tensor) -> Tensor:
    """P(y > k) `[..., C - 1]`, falling in k, as probabilities of the classes `[..., C]`."""
    return F.pad(above, (1, 0), value=1.0) - F.pad(above, (0, 1))


def above_each(p: Tensor) -> Tensor:
    """Probabilities of the classes `[..., C]` as P(y > k) `[..., C - 1]`."""
    return p.flip(-1).cumsum(-1).flip(-1)[..., 1:]


def logits_by_thresholds(z: Tensor) -> Tensor:
    """The logits of P(y > k) of a score and thresholds; and, being its own inverse, these of those."""
    return torch.cat([z[..., :1], z[..., :1] - z[..., 1:]], -1)


def log_p_by_ordered_thresholds(z: Tensor) -> Tensor:
    """The classes' log-probabilities `[..., C]` of a score and ordered thresholds.

    With a the logit of P(y > c - 1) and b that of P(y > c), sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b)
    (1 - e^(b - a)), and 1 - e^(-softplus(z_c)) = sigmoid(z_c): no difference of close numbers is taken.
    """
    softplus = -F.logsigmoid(-z[..., 1:])  # exact; F.softplus drops its last term beyond 20
    logits = torch.cat([z[..., :1], z[..., :1] - softplus.cumsum(-1)], -1)
    above, below = F.logsigmoid(logits), F.logsigmoid(-logits)
    between = above[..., :-1] + below[..., 1:] + F.logsigmoid(z[..., 1:])
    return torch.cat([below[..., :1], between, above[..., -1:]], -1)


def ordered_thresholds_of_logits(logits: Tensor) -> Tensor:
    """The score and the ordered thresholds that have these logits, which fall in k."""
    gap = logits[..., :-1] - logits[..., 1:]
    return torch.cat([logits[..., :1], gap + (-torch.expm1(-gap)).log()], -1)


def log_p_by_chain(z: Tensor) -> Tensor:
    """The classes' log-probabilities `[..., C]` of conditional logits, by the chain rule."""
    above, stops = F.logsigmoid(z).cumsum(-1), F.logsigmoid(-z)
    return torch.cat([F.pad(above[..., :-1], (1, 0)) + stops, above[..., -1:]], -1)


def conditional_logits(p: Tensor) -> Tensor:
    """The conditional logits of probabilities of the classes `[..., C]`."""
    return above_each(p).log() - p[..., :-1].log()
