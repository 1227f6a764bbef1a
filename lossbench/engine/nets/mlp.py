"""P multilayer perceptrons of one shape as one: parameters stacked on a leading axis, forward and backward by hand.

Members share no parameter, so the gradient of the sum of their losses is each member's own gradient. Parameters and
gradients live in flat buffers, every tensor of which starts on a 64-byte line; layers are views of them.

Shapes: P members, B rows (whole vectors, see `padding`), D inputs, I/O in and out of a layer, H units of the last
hidden layer, K outputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.engine.padding import LINE, round_up
from lossbench.engine.problem import Net


class ParameterLayout:
    """Where P members' weights `[P, I, O]` and biases `[P, 1, O]` lie in a flat buffer: weights first, layer by layer.

    Hidden widths are padded to whole lines (without hidden layers the outputs are), and a single input to two; padding
    units have only zeros around them and stay so.
    """

    def __init__(self, net: Net, members: int) -> None:
        self.net, self.members = net, members
        outputs = net.outputs if net.hidden else round_up(net.outputs, LINE)
        self.widths = (max(net.inputs, 2), *(round_up(width, LINE) for width in net.hidden), outputs)
        self.exact = net.widths
        pairs = list(pairwise(self.widths))
        self.shapes = [*pairs, *((1, o) for _, o in pairs)]
        self.rooms = [round_up(i * o, LINE) for i, o in self.shapes]  # numbers a member takes in each tensor
        starts = [0]
        for room in self.rooms:
            starts.append(round_up(starts[-1] + members * room, 2 * LINE))
        self.starts, self.size, self.depth = starts[:-1], starts[-1], len(pairs)
        self.weights_size = starts[self.depth]  # flat[:weights_size] holds the weights and nothing else

    def views(self, flat: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The weights and the biases in a flat buffer, first layer first."""
        views = [
            flat[start : start + self.members * room].view(self.members, room)[:, : i * o].view(-1, i, o)
            for start, room, (i, o) in zip(self.starts, self.rooms, self.shapes, strict=True)
        ]
        return views[: self.depth], views[self.depth :]

    def stretch(self, flat: Tensor, start: int, end: int) -> list[Tensor]:
        """The members from `start` to `end` in each tensor of a flat buffer, in whole lines."""
        return [flat[at + start * room : at + end * room] for at, room in zip(self.starts, self.rooms, strict=True)]

    def spread(self, flat: Tensor, value_P: Tensor) -> Tensor:
        """Write each member's value to all of its places."""
        for views in self.views(flat):
            for view in views:
                view.copy_(value_P.view(-1, 1, 1))
        return flat

    def select(self, flat: Tensor, keep: Tensor) -> Tensor:
        """The flat buffer of the members `keep` alone, in the layout of that many."""
        target = ParameterLayout(self.net, len(keep))
        out = flat.new_zeros(target.size)
        for sources, views in zip(self.views(flat), target.views(out), strict=True):
            for source, view in zip(sources, views, strict=True):
                view.copy_(source.index_select(0, keep))
        return out

    def copy_members(
        self, target: Tensor, at: Tensor, source_layout: ParameterLayout, source: Tensor, members: Tensor
    ) -> None:
        """target[at] = source[members], member by member."""
        for views, others in zip(self.views(target), source_layout.views(source), strict=True):
            for view, other in zip(views, others, strict=True):
                view.index_copy_(0, at, other.index_select(0, members))


@dataclass(frozen=True)
class Workspace:
    """Buffers for batches of B rows: each layer's outputs and, shared between layers, gradients at their inputs."""

    hidden: list[Tensor]  # [P, B, O] per hidden layer
    transposed: list[Tensor]  # [P, O, B], the same
    slopes: list[Tensor]  # [P, B, O] per hidden layer, two buffers in turn
    wide: Tensor  # [P, B, K], the last layer's outputs, padding included
    row: Tensor  # [P, 1, B K], the same
    out: Tensor  # [P, B, K], in memory one output after another, as losses read them fastest
    slope_wide: Tensor  # [P, B, K], padding included: d loss / d wide


class Population:
    """P nets. `forward` fills a workspace, `backward` turns d loss / d outputs into `gradient`.

    A last layer of one output is computed as a row times a matrix: the other way round is slow, and its bits depend
    on P.
    """

    def __init__(self, layout: ParameterLayout, flat: Tensor) -> None:
        self.layout, self.flat = layout, flat
        self.weights, self.biases = layout.views(flat)
        self.scores = layout.net.outputs - layout.net.thresholds  # outputs with weights
        self.transposed = [w.transpose(1, 2) for w in self.weights]
        self.hidden = HIDDEN_ACTIVATIONS.get(layout.net.activation)
        at_zero = flat.new_zeros(1)
        self.hidden.forward_(at_zero)
        self.fills_padding = bool(at_zero)  # with what the activation makes of 0
        self.is_narrow = layout.widths[-1] == 1
        if self.is_narrow:
            self.transposed[-1] = self.weights[-1].view(layout.members, 1, -1)  # of the same strides whatever P is
        self._workspaces: dict[tuple[int, bool], Workspace] = {}

    def with_gradient(self) -> Population:
        """Make room for the gradient, once; a population that only predicts needs none."""
        if hasattr(self, "gradient"):
            return self
        self.gradient = torch.zeros_like(self.flat)
        self.d_weights, self.d_biases = self.layout.views(self.gradient)
        self.d_row = self.d_weights[-1].view(self.layout.members, 1, -1) if self.is_narrow else None
        return self

    def workspace(self, rows: int, *, backward: bool = True) -> Workspace:
        """Buffers for so many rows, made once; without `backward` layers share two."""
        key = (rows, backward)
        if key not in self._workspaces:
            self._workspaces[key] = self._make_workspace(rows, backward)
        return self._workspaces[key]

    def _make_workspace(self, rows: int, backward: bool) -> Workspace:
        P, widths = self.layout.members, self.layout.widths[1:-1]
        wide, exact = self.layout.widths[-1], self.layout.exact[-1]

        def room(width: int) -> Tensor:
            return self.flat.new_zeros(P * rows * width)

        pair = [room(max(widths, default=0)) for _ in range(2)]
        slopes = [pair[layer % 2][: P * rows * width].view(P, rows, width) for layer, width in enumerate(widths)]
        hidden = [room(width).view(P, rows, width) for width in widths] if backward else slopes
        out_wide = room(wide).view(P, rows, wide)
        return Workspace(
            hidden,
            [h.transpose(1, 2) for h in hidden],
            slopes,
            out_wide,
            out_wide.view(P, 1, -1),
            out_wide if wide == 1 else room(exact).view(exact, P, rows).movedim(0, -1),
            room(wide).view(P, rows, wide) if backward else out_wide,
        )

    def forward(self, x_PBD: Tensor, space: Workspace) -> Tensor:
        """The last layer's outputs `[P, B, K]`, before the last activation."""
        h, activate_ = self._wide(x_PBD), self.hidden.forward_
        for out, bias, weight, width in zip(
            space.hidden, self.biases, self.weights, self.layout.exact[1:], strict=False
        ):
            h = torch.baddbmm(bias, h, weight, out=out)
            activate_(h)
            if self.fills_padding:
                h[:, :, width:] = 0
        if self.is_narrow:
            torch.bmm(self.transposed[-1], space.transposed[-1], out=space.row)
            space.wide.add_(self.biases[-1])
        else:
            torch.baddbmm(self.biases[-1], h, self.weights[-1], out=space.wide)
        if space.out is not space.wide:
            space.out.copy_(space.wide[:, :, : self.layout.exact[-1]])
        return space.out

    def last_hidden(self, x_PBD: Tensor, space: Workspace) -> Tensor:
        """What the last layer multiplied in the last `forward` of these rows, `[P, B, H]`: a view of the workspace.

        Without hidden layers it is the inputs.
        """
        return space.hidden[-1][:, :, : self.layout.exact[-2]] if space.hidden else x_PBD.contiguous()

    def backward(self, x_PBD: Tensor, slope_PBK: Tensor, space: Workspace) -> None:
        """Fill `gradient` from d loss / d outputs, after a `forward` of the same batch into the same workspace."""
        layer, g = self.layout.depth - 1, slope_PBK
        if space.out is not space.wide:
            g = space.slope_wide
            g[:, :, : self.layout.exact[-1]] = slope_PBK
        if self.d_row is not None:
            torch.bmm(g.view(self.layout.members, 1, -1), space.hidden[-1], out=self.d_row)
            torch.sum(g, 1, keepdim=True, out=self.d_biases[-1])
            g = torch.mul(g, self.transposed[-1], out=space.slopes[-1])
            layer -= 1
            self.hidden.backward_(g, space.hidden[layer])
        while layer >= 0:
            h_T = space.transposed[layer - 1] if layer else self._wide(x_PBD).transpose(1, 2)
            torch.bmm(h_T, g, out=self.d_weights[layer])
            torch.sum(g, 1, keepdim=True, out=self.d_biases[layer])
            if layer:
                g = torch.bmm(g, self.transposed[layer], out=space.slopes[layer - 1])
                self.hidden.backward_(g, space.hidden[layer - 1])
            layer -= 1
        self.clear_thresholds(self.d_weights)

    def clear_thresholds(self, tensors: Sequence[Tensor]) -> None:
        """Set to 0 what thresholds have in a list of each layer's weights, or of their gradients."""
        if self.layout.net.thresholds:
            tensors[-1][:, :, self.scores :] = 0

    def _wide(self, x_PBD: Tensor) -> Tensor:
        """The inputs, a single one with an empty one beside it: a BLAS multiplies one column by another routine where
        P is 1."""
        missing = self.layout.widths[0] - x_PBD.shape[2]
        return x_PBD if not missing else nn.functional.pad(x_PBD, (0, missing))


def initialised(net: Net, seeds: Sequence[int], dtype: torch.dtype, device: torch.device) -> Population:
    """A population whose member p starts as `nn.Sequential` of `nn.Linear` does under `torch.manual_seed(seeds[p])`.

    Drawn in float32 whatever the dtype, first layer to last, so hidden weights do not depend on the number of outputs.
    """
    layout = ParameterLayout(net, len(seeds))
    flat = torch.zeros(layout.size, dtype=dtype)
    weights, biases = layout.views(flat)
    generator = torch.Generator()
    for member, seed in enumerate(seeds):
        generator.manual_seed(seed)
        for layer, (i, o) in enumerate(net.layers):
            weight = torch.empty(o, i)
            nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
            bound = 1 / math.sqrt(i)
            weights[layer][member, :i, :o] = weight.t()
            biases[layer][member, 0, :o] = torch.empty(o).uniform_(-bound, bound, generator=generator)
    population = Population(layout, flat.to(device))
    population.clear_thresholds(population.weights)
    return population
