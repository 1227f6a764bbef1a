"""torch's own losses and activations that are handed over themselves: a module, its class, or a function.

`nn.CrossEntropyLoss(label_smoothing=0.1)` is read as the text of that call would be.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

from lossbench.components.other_names import TORCH, OtherName
from lossbench.components.translate import of_activation, of_loss, translation
from lossbench.errors import UserError

LOSS_MODULES = "torch.nn.modules.loss"
ACTIVATION_MODULES = ("torch.nn.modules.activation", "torch.nn.modules.linear")  # the second has Identity
FUNCTIONS = ("torch", "torch.nn.functional", "torch._C._nn", "torch.special")


def loss_call(value: Any) -> dict[str, Any] | None:
    """A loss of torch's own as a config names it, {name: HuberLoss, params: {delta: 2.0}}, its parameters read from
    its attributes; None for any other object."""
    called = _call(value, (LOSS_MODULES,))
    if called is None or (entry := of_loss(called[0])) is None or entry.library != TORCH:
        return None
    return {"name": called[0], "params": called[1]}


def activation_name(value: Any, *, where: str = "") -> str | None:
    """The name here of an activation of torch's own; None for any other object. Raises as `loss_words` does."""
    called = _call(value, ACTIVATION_MODULES)
    if called is None or of_activation(called[0]) is None:
        return None
    return activation_called(*called, where=where)


def activation_called(name: str, params: Mapping[str, Any], *, where: str = "") -> str:
    """The name here of an activation with torch's parameters; one that has none refuses them."""
    entry = of_activation(name) or OtherName("", (name,), name)
    found = translation(entry, params)
    if found.params:
        what = f"the activation {found.name} has no parameter {next(iter(found.params))!r}"
        raise UserError(what, where=where, fix="leave it out")
    return found.name


def _call(value: Any, modules: tuple[str, ...]) -> tuple[str, dict[str, Any]] | None:
    """The name of torch's class or function, and the parameters that are not its defaults; None for any other."""
    torch = sys.modules.get("torch")
    if torch is None:  # then it cannot be one of torch's
        return None
    made = value if inspect.isclass(value) else type(value)
    if made.__module__ in modules:
        return made.__name__, {} if made is value else _attributes(value)
    name = getattr(value, "__name__", "")
    if inspect.isroutine(value) and any(getattr(sys.modules.get(home), name, None) is value for home in FUNCTIONS):
        return name, {}
    return None


def _attributes(module: Any) -> dict[str, Any]:
    """What a module was made with, where it is not the default: as a config would hold it."""
    given = {}
    for name, parameter in inspect.signature(type(module)).parameters.items():
        value = _plain(getattr(module, name, parameter.default))
        if value != parameter.default:
            given[name] = value
    return given


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # a tensor
        return value.tolist()
    usual = type(value).__name__ == "PairwiseDistance" and (value.norm, value.eps, value.keepdim) == (2.0, 1e-6, False)
    return None if usual else value  # what TripletMarginWithDistanceLoss makes of None
