"""The net that a config asks for."""

from __future__ import annotations

import itertools

from lossbench.config.parts import NetConfig, too_large
from lossbench.engine.problem import Net
from lossbench.errors import UserError
from lossbench.experiments.setup.pair import Pair


def net_for(config: NetConfig, inputs: int, pair: Pair) -> Net:
    """The net with a config's hidden layers; the data give the number of inputs, the pair's loss the outputs.

    Raises `UserError` for one that is too large to be trained.
    """
    layers = [inputs, *config.hidden, pair.outputs]
    if why := too_large(sum((i + 1) * o for i, o in itertools.pairwise(layers))):
        raise UserError(why, where="--hidden", fix="give fewer or narrower layers")
    return Net(inputs, tuple(config.hidden), pair.outputs, config.activation, pair.thresholds)
