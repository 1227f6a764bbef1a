"""The net that a config asks for."""

from __future__ import annotations

from lossbench.config.parts import NetConfig
from lossbench.engine.problem import Net


def net_for(config: NetConfig, inputs: int, outputs: int) -> Net:
    """The net with a config's hidden layers; the data give the number of inputs, the loss the number of outputs."""
    return Net(inputs, tuple(config.hidden), outputs, config.activation)
