"""The parameters of an estimator that say what is minimised, read as the command line and a config read them.

`loss` is whatever names a loss there, `focal(gamma=3)`, `nll+relu`, `CrossEntropyLoss`, `my_loss.py:my_loss`, or a loss
itself: a function, a module of torch, a `Loss`. Its checks are the config's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lossbench.catalog.activations import Activation
from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.loss import Loss
from lossbench.catalog.plugins.resolve import find_activation, find_loss
from lossbench.catalog.plugins.torch_objects import loss_call
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.train import TrainConfig
from lossbench.config.load import Override, load
from lossbench.config.python_words import Words, in_python
from lossbench.errors import UserError, UserErrors, unknown
from lossbench.experiments.setup.class_weight import resolve_class_weight
from lossbench.experiments.setup.pair import Pair, resolve_pair
from lossbench.experiments.setup.resolve import AUTO, resolve_loss
from lossbench.experiments.setup.target_weight import check_target_weight

ClassWeights = Mapping[Any, float] | Sequence[float] | str | None


class ParameterError(UserError, ValueError):
    """A parameter that cannot be, said as the command line says it; a ValueError, as scikit-learn's are."""


@contextlib.contextmanager
def checked_parameters() -> Iterator[Words]:
    """Inside, a `UserError` is raised as a `ParameterError`, in Python's words; what is given rewrites warnings."""
    try:
        with in_python(TrainConfig) as words:
            yield words
    except UserError as problem:
        if isinstance(problem, ParameterError):
            raise
        one = UserError(str(problem)) if isinstance(problem, UserErrors) else problem
        raise ParameterError(one.what, where=one.where, fix=one.fix) from problem.__cause__


@dataclass(frozen=True)
class LossParameters:
    """The parameters as they were given."""

    loss: str | Loss | Callable[..., Any]
    params: Mapping[str, Any] | None
    last_act: str | Activation | Callable[..., Any]
    target_encoding: str | None
    decode: str | Decoder | Callable[..., Prediction] | None
    class_weight: ClassWeights = None
    target_weight: str | None = None

    def pair(self, task: Task, classes: Sequence[Any], targets: int = 1) -> Pair:
        """The loss and the last activation on a task, with the weights of the classes, which are in their order, or
        for so many targets.

        Raises `UserError` for what cannot be trained.
        """
        names = [str(name) for name in classes]
        config = self._config(names)
        own_activation = None if isinstance(self.last_act, str) else find_activation(self.last_act, where="last_act")
        weight = config.loss.class_weight
        resolve_class_weight(weight, task, names, where="class_weight")
        return resolve_pair(
            self._loss(config, task),
            own_activation or config.last_act,
            task,
            len(names),
            class_weight=weight,
            class_names=names,
            target_weight=check_target_weight(config.loss.target_weight, task, targets, where="target_weight"),
            targets=targets,
        )

    def with_loss(self, task: Task) -> Loss:
        """The loss alone, before any classes are known."""
        return self._loss(replace(self, class_weight=None)._config(()), task)

    def _loss(self, config: TrainConfig, task: Task) -> Loss:
        params: Mapping[str, Any]
        if self._words is None:
            encoding, decode = self.target_encoding, self.decode
            loss = find_loss(self.loss, task=task, target_encoding=encoding, decode=decode, where="loss")
            params = self.params or {}
        else:
            own = None if isinstance(self.decode, str) else self.decode  # a name is in the config
            bare = config.loss.model_copy(update={"params": {}})
            loss, params = resolve_loss(bare, task, decode=own), config.loss.params
        return loss.bind(where="loss_params" if self.params else "loss", **params) if params else loss

    @property
    def _words(self) -> Any:
        """What a config would say of the loss; None of one that is no name and none of torch's own."""
        return self.loss if isinstance(self.loss, str) else loss_call(self.loss)

    def _config(self, names: Sequence[str]) -> TrainConfig:
        """The parameters, checked by the config's own rules."""
        overrides = []
        if self._words is not None:
            params = (self.params or {}).items()
            overrides = [
                Override(("loss",), self._words, "loss"),
                *(Override(("loss", "params", name), _plain(value), "loss_params") for name, value in params),
            ]
        if self.class_weight is not None:
            where = ("loss", "class_weight")
            overrides.append(Override(where, class_weight_words(self.class_weight, names), "class_weight"))
        for name, value in (("target_encoding", self.target_encoding), ("decode", self.decode)):
            if isinstance(value, str):
                overrides.append(Override(("loss", name), value, name))
        if self.target_weight is not None:
            overrides.append(Override(("loss", "target_weight"), self.target_weight, "target_weight"))
        if isinstance(self.last_act, str) and self.last_act != AUTO:
            overrides.append(Override(("last_act",), self.last_act, "last_act"))
        config = load(None, (), overrides, "train")
        assert isinstance(config, TrainConfig)
        return config


def class_weight_words(given: ClassWeights, names: Sequence[str]) -> Any:
    """Class weights as a config has them: by the classes' names, of which a label `1` may be 1.0 or True in Python."""
    if isinstance(given, str):
        return given
    if not isinstance(given, Mapping):
        return [_plain(weight) for weight in given] if given is not None else "none"
    words = {}
    for label, weight in given.items():
        name = _name_of(label, names)
        if name is None:
            raise unknown("class", str(label), names, where="class_weight")
        words[name] = _plain(weight)
    return words


def _name_of(label: Any, names: Sequence[str]) -> str | None:
    if str(label) in names:
        return str(label)
    with contextlib.suppress(TypeError, ValueError):
        return next((name for name in names if float(label) == float(name)), None)
    return None


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
