"""What the two estimators share: parameters, training, prediction.

N rows, D inputs, K outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.loss import Loss
from lossbench.catalog.plugins.resolve import find_activation
from lossbench.catalog.several_targets import EachTarget
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.train import TrainConfig
from lossbench.config.load import Override, load
from lossbench.data.splits.stratified import in_order_of_occurrence
from lossbench.engine.nets.outputs import outputs_of
from lossbench.engine.nets.state import net_of
from lossbench.engine.problem import Net
from lossbench.engine.training.train import Start, train
from lossbench.errors import UserError, warn
from lossbench.estimators.attributes import FittedAttributes
from lossbench.estimators.columns import Columns
from lossbench.estimators.loss_parameter import LossParameters, checked_parameters
from lossbench.estimators.training import Array, TrainingRows, problem_of
from lossbench.estimators.verbose import told
from lossbench.experiments.setup.pair import Pair

AUTO = "auto"  # the activation that the loss expects

KEYS = {  # parameter -> where a config has it
    **{name: ("optim", name) for name in ("lr", "batch_size", "epochs", "momentum", "weight_decay", "schedule")},
    **{name: ("early_stopping", name) for name in ("patience", "min_delta", "keep")},
    "optim": ("optim", "name"),
    "hidden": ("net", "hidden"),
    "activation": ("net", "activation"),
    "l1": ("penalty", "l1"),
    "l2": ("penalty", "l2"),
    "device": ("device",),
    "threads": ("threads",),
}


class BaseMLP(Columns, FittedAttributes, BaseEstimator):  # type: ignore[misc]
    """What the two estimators share: parameters, training, prediction."""

    _start: tuple[str, Mapping[str, Mapping[str, torch.Tensor]], int] | None  # what an optimiser of that name remembers
    _class_counts: Array | None  # of the rows that were trained on
    _decoder: Decoder

    def __init__(
        self,
        loss: str | Loss | Callable[..., Any] = "mse",
        *,
        loss_params: Mapping[str, Any] | None = None,
        target_encoding: str | None = None,
        decode: str | Decoder | Callable[..., Prediction] | None = None,
        last_act: str | Activation | Callable[..., Any] = AUTO,
        hidden: Sequence[int] = (64,),
        activation: str = "relu",
        optim: str = "adam",
        lr: float = 1e-3,
        batch_size: int | None = 32,
        epochs: int = 100,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        schedule: str = "constant",
        l1: float = 0.0,
        l2: float = 0.0,
        patience: int | None = None,
        min_delta: float = 0.0,
        keep: Literal["last", "best"] = "last",
        validation: float = 0.2,
        standardise: bool = True,
        preprocess: bool | Literal["auto"] = "auto",
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Any = None,
        device: str = "auto",
        threads: int | None = 1,
    ) -> None:
        self.loss = loss
        self.loss_params = loss_params
        self.target_encoding = target_encoding
        self.decode = decode
        self.last_act = last_act
        self.hidden = hidden
        self.activation = activation
        self.optim = optim
        self.lr = lr
        self.batch_size = batch_size
        self.epochs = epochs
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.l1 = l1
        self.l2 = l2
        self.patience = patience
        self.min_delta = min_delta
        self.keep = keep
        self.validation = validation
        self.standardise = standardise
        self.preprocess = preprocess
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
        self.device = device
        self.threads = threads

    def _config(self, *, one_pass: bool = False) -> TrainConfig:
        """The parameters, checked by the config's own rules; `one_pass`: for a single epoch."""
        given = {name: _plain(getattr(self, name)) for name in KEYS} | ({"epochs": 1} if one_pass else {})
        config = load(None, (), [Override(KEYS[name], value, name) for name, value in given.items()], "train")
        assert isinstance(config, TrainConfig)
        if one_pass and (self.patience is not None or self.keep == "best"):
            stops = "patience" if self.patience is not None else "keep"
            what = "partial_fit holds no rows back, so no epoch has a validation score"
            raise UserError(what, where=stops, fix="leave it out, or use fit")
        if one_pass and config.optim.schedule != "constant":
            what = f"partial_fit does not know how many passes will follow, so it has no {config.optim.schedule!r}"
            raise UserError(what, where="schedule", fix="use 'constant', and set_params(lr=...) between passes")
        return config

    def _loss_parameters(self) -> LossParameters:
        return LossParameters(
            self.loss,
            self.loss_params,
            self.last_act,
            self.target_encoding,
            self.decode,
            getattr(self, "class_weight", None),
            getattr(self, "target_weight", None),
        )

    def _pair(self, task: Task, classes: Iterable[Any] = (), targets: int = 1) -> Pair:
        """The loss and the last activation on a task; a `ParameterError` for what cannot be trained."""
        with checked_parameters():
            return self._loss_parameters().pair(task, list(classes), targets)

    @property
    def _is_trained(self) -> bool:
        return hasattr(self, "state_")

    def __sklearn_is_fitted__(self) -> bool:
        return self._is_trained

    def _train(
        self,
        x: Any,
        truth_N: Array,
        pair: Pair,
        weight_N: Array | None,
        class_weight_N: Array | None = None,
        *,
        goes_on: bool = False,
        one_pass: bool = False,
    ) -> Self:
        """Fit the net; `truth_N` are class indices, or numbers in the units that the loss is trained in (`[N, K]`: of K
        targets); a row counts `weight_N` (above 0), and in training times `class_weight_N`.

        `goes_on`: from the present weights, in the present scales of the inputs. `one_pass`: a single epoch, in which
        the optimiser goes on too.
        """
        with checked_parameters() as words:
            config = self._config(one_pass=one_pass)
            for warning in pair.warnings():
                warn(words(warning))
        random = check_random_state(self.random_state)
        seed = int(random.randint(np.iinfo(np.int32).max))
        rows = np.arange(len(x))
        held: Array | None = None
        if self.patience is not None or self.keep == "best":
            stratify = in_order_of_occurrence(truth_N) if pair.task.is_classification else None  # names do not matter
            rows, held = train_test_split(rows, test_size=self.validation, random_state=random, stratify=stratify)
        if not goes_on:
            if self._is_trained:  # old weights behind new scales would predict nonsense, if this fit failed
                del self.state_
            with checked_parameters():
                self._fit_inputs(x, rows, weight_N)
            self.n_iter_, self.t_, self.loss_curve_, self.validation_scores_ = 0, 0, [], None
            self._start, self._class_counts = None, None
        given = TrainingRows(self._inputs(x, tells_unseen=goes_on), truth_N, rows, held, weight_N, class_weight_N)
        counts = given.class_counts(pair.classes) if pair.task.is_classification else None
        if counts is not None and self._class_counts is not None and one_pass:
            counts = counts + torch.from_numpy(self._class_counts)
        metric = given.metric(pair)
        # An order of the rows of its own for each training that goes on.
        seed = (seed + (self.n_iter_ if goes_on else 0)) % np.iinfo(np.int32).max
        problem = problem_of(given, pair, config, metric, seed=seed, class_counts=counts)
        if goes_on:
            with checked_parameters():
                self._refuse_another_net(problem.net)
        optim = config.optim.name
        evaluation = f"{type(self).__name__} / {pair.name}"
        with told(evaluation, problem, metric.name, self.verbose) as emit:
            trained = train(
                problem,
                evaluation=evaluation,
                emit=emit,
                device=config.device,
                threads=config.threads,
                start=self._begin(optim if one_pass else None) if goes_on else None,
                remember=True,
            )
        outcome = trained.members[0]
        if outcome.status == "diverged":
            raise UserError(
                f"training diverged in epoch {outcome.epochs}", where=type(self).__name__, fix=f"lower lr ({self.lr:g})"
            )
        start = trained.start(0)
        self.state_ = {name: tensor.double().numpy() for name, tensor in start.parameters.items()}
        self._start = (optim, start.optimizer, start.steps)
        self._class_counts = None if counts is None else counts.numpy()
        before = self.n_iter_
        self.loss_curve_ = [*self.loss_curve_, *outcome.train_loss.tolist()]
        scores = [float("nan")] * before if self.validation_scores_ is None else self.validation_scores_
        self.validation_scores_ = None if held is None else [*scores, *outcome.val_score.tolist()]
        self.best_epoch_ = None if outcome.best_epoch is None else before + outcome.best_epoch
        self.n_iter_ = before + outcome.epochs
        self.t_ += outcome.epochs * len(rows)
        self.last_act_ = pair.activation.name if pair.activation.name in ACTIVATIONS else self.last_act
        self._decoder, self.decode_, self.targets_ = pair.decode, pair.decode.name, pair.targets
        self.hidden_activation_ = config.net.activation
        return self

    def _begin(self, optim: str | None) -> Start:
        """The present weights, and what an optimiser of this name remembers; it begins anew without one."""
        parameters = {name: torch.from_numpy(values) for name, values in self.state_.items()}
        name, buffers, steps = self._start or ("", {}, 0)
        return Start(parameters, buffers, steps) if name == optim else Start(parameters)

    def _refuse_another_net(self, net: Net) -> None:
        """Raise `UserError` where the present weights are not those of the net that is to go on."""
        present = net_of(
            {name: torch.from_numpy(values) for name, values in self.state_.items()}, self.hidden_activation_
        )
        if present != replace(net, thresholds=0):  # weights do not tell which outputs have none
            what = f"{_described(present)} cannot go on as {_described(net)}"
            raise UserError(what, where=type(self).__name__, fix="fit it anew, with warm_start=False")

    def _read(self, X: ArrayLike) -> Prediction:
        """What the net predicts, computed in float64 so that a row's prediction does not depend on its neighbours."""
        check_is_fitted(self)
        state = {name: torch.from_numpy(values) for name, values in self.state_.items()}
        net, last_act = net_of(state, self.hidden_activation_), find_activation(self.last_act_)
        each = EachTarget(last_act) if self.targets_ > 1 else last_act
        out_NK = outputs_of(net, state, each, torch.from_numpy(self._inputs(self._new_rows(X))))
        out_PNK = out_NK[None]
        return self._decoder(out_PNK if self.targets_ == 1 else out_PNK.unsqueeze(-1))


def _described(net: Net) -> str:
    return f"a net of {net.inputs} inputs, {net.hidden} {net.activation} units and {net.outputs} outputs"


def _plain(value: Any) -> Any:
    """A value as a config file would hold it: no numpy numbers, no tuples."""
    if isinstance(value, np.generic):
        return value.item()
    return [_plain(v) for v in value] if isinstance(value, tuple | list | np.ndarray) else value
