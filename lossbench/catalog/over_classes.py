"""Functions over the classes, the last axis, at the speed that torch has over a first one.

Along a last axis torch goes row by row, which for 2 to 10 columns takes ten times as long as along a first axis, where
its loop runs over rows. So the classes are put first in memory, and what follows keeps them there: its sums, maxima and
exponential sums over the classes are faster, too. Shapes do not change, only strides do.

What rounds is for losses and last activations, whose rows come in whole vectors (see `engine.padding`). Elsewhere the
last bits of a row would depend on where it stands: what decoders and metrics predict and score, they take row by row.

Shapes: B rows, K classes; any leading axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


def classes_first(x_BK: Tensor) -> Tensor:
    """The same `[..., B, K]`, in memory class after class; itself where it lies so."""
    return x_BK.movedim(-1, 0).contiguous().movedim(0, -1)


def log_softmax(z_BK: Tensor) -> Tensor:
    """z_k - log sum_j exp z_j, classes first in memory."""
    return z_BK.movedim(-1, 0).contiguous().log_softmax(0).movedim(0, -1)


def softmax(z_BK: Tensor) -> Tensor:
    """exp z_k / sum_j exp z_j, classes first in memory."""
    return z_BK.movedim(-1, 0).contiguous().softmax(0).movedim(0, -1)


def logsumexp(z_BK: Tensor) -> Tensor:
    """log sum_k exp z_k, `[..., B]`."""
    return classes_first(z_BK).logsumexp(-1)


def argmax(x_BK: Tensor, *, keepdim: bool = False) -> Tensor:
    """The first of the largest classes, `[..., B]`; of NaN any. Of more than two, torch finds it fast where classes are
    last in memory."""
    if x_BK.shape[-1] == 2:
        second_BK = (x_BK[..., 1:] > x_BK[..., :1]).long()
        return second_BK if keepdim else second_BK.squeeze(-1)
    return x_BK.contiguous().argmax(-1, keepdim=keepdim)


def length(z_BK: Tensor) -> Tensor:
    """|z|_2, `[..., B]`, with gradient 0 at 0; torch's own norm goes row by row, too."""
    return z_BK.square().sum(-1).clamp_min(torch.finfo(z_BK.dtype).tiny).sqrt()


def normalize(z_BK: Tensor) -> Tensor:
    """z / max(|z|_2, 1e-12), as `torch.nn.functional.normalize` has it."""
    return z_BK / length(z_BK).clamp_min(1e-12).unsqueeze(-1)
