"""The declaration of a decoder: a function from outputs to a `Prediction`, which a loss names as its `decode`.

Shapes: P members, N rows, K outputs. A decoder turns outputs `[P, N, K]` (any leading axes) into a `Prediction`.
Keyword-only arguments are parameters of the loss, whose values they get.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from lossbench.catalog.decoders.prediction import Prediction
from lossbench.deferred import torch
from lossbench.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

Read = Callable[..., Prediction]
Fn = TypeVar("Fn", bound=Read)


class _ByName(type):
    """The built-in decoders are attributes of their class: `Decoder.SOFTMAX`."""

    def __getattr__(cls, name: str) -> Decoder:
        if name.isupper() and name.lower() in DECODERS:
            return DECODERS.get(name.lower())
        raise AttributeError(f"there is no decoder {name}")


@dataclass(frozen=True)
class Decoder(metaclass=_ByName):
    """How outputs are read; `decode(out_PNK)` gives the `Prediction`.

    `params` are the values of the loss's parameters that `read` takes, once they are bound.
    """

    name: str
    read: Read = field(repr=False)
    params: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def takes(self) -> frozenset[str]:
        """The parameters of the loss that it takes."""
        return frozenset(p.name for p in _keywords(self.read))

    @property
    def is_built_in(self) -> bool:
        """Whether it is one of lossbench's own."""
        return self.name in DECODERS and DECODERS.get(self.name).read is self.read

    @property
    def gives_probabilities(self) -> bool:
        """Whether it reads probabilities of classes; of a user's own, which may need another number of outputs, yes."""
        return not self.is_built_in or self(torch.zeros(1, 1, 2)).probability_PNC is not None

    def bind(self, params: Mapping[str, Any]) -> Decoder:
        """The same with the values of the loss's parameters that it takes."""
        taken = self.takes & set(params)
        return replace(self, params={name: params[name] for name in sorted(taken)}) if taken else self

    def check(self, params: Iterable[str], where: str) -> None:
        """Raise TypeError where it takes something that is no parameter of the loss and has no default."""
        needed = {p.name for p in _keywords(self.read) if p.default is p.empty}
        if unknown := sorted(needed - set(params)):
            raise TypeError(
                f"{where}: decode {self.name} takes {', '.join(unknown)}, which is no parameter of the loss"
            )

    def __call__(self, out_PNK: Tensor) -> Prediction:
        """Read outputs `[P, N, K]` (any leading axes)."""
        if not self.is_built_in:
            out_PNK = out_PNK.contiguous()  # a user may ask for a view of them
        return self.read(out_PNK, **self.params)

    def __hash__(self) -> int:
        return hash(self.name)


DECODERS: Registry[Decoder] = Registry("decoder", has_command=False)


def _keywords(read: Read) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(read).parameters.values() if p.kind is p.KEYWORD_ONLY]


def decoder(read: Fn) -> Fn:
    """Declare a function as a built-in decoder; it is returned unchanged and its name is the decoder's only name."""
    DECODERS.add(Decoder(read.__name__, read))
    return read


def as_decoder(given: Decoder | Read) -> Decoder:
    """The decoder that is given, or that a function makes."""
    return given if isinstance(given, Decoder) else Decoder(getattr(given, "__name__", type(given).__name__), given)
