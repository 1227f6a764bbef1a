"""What the two estimators share: parameters, training, prediction.

N rows, D inputs, K outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from torch import Tensor

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.inverse_links import InverseLink, Prediction
from lossbench.catalog.loss import Loss
from lossbench.catalog.plugins.resolve import find_activation
from lossbench.catalog.several_targets import EachTarget
from lossbench.catalog.targets import encode
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.train import TrainConfig
from lossbench.config.load import Override, load
from lossbench.data.splits.stratified import in_order_of_occurrence
from lossbench.engine.device import resolve_device
from lossbench.engine.kernel.choice import resolve_kernel
from lossbench.engine.nets.outputs import outputs_of
from lossbench.engine.nets.state import net_of
from lossbench.engine.problem import Fold, Member, Problem, SplitPart, Training
from lossbench.engine.training.train import train
from lossbench.errors import UserError, warn
from lossbench.estimators.loss_parameter import LossParameters, checked_parameters
from lossbench.experiments.setup.metric_choice import auto_metric
from lossbench.experiments.setup.net import net_for
from lossbench.experiments.setup.pair import Pair

Array = NDArray[Any]
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


class BaseMLP(BaseEstimator):  # type: ignore[misc]
    """What the two estimators share: parameters, training, prediction."""

    _task: Task

    def __init__(
        self,
        loss: str | Loss | Callable[..., Any] = "mse",
        *,
        loss_params: Mapping[str, Any] | None = None,
        target_encoding: str | None = None,
        inverse_link: str | None = None,
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
        random_state: Any = None,
        device: str = "auto",
        threads: int | None = 1,
    ) -> None:
        self.loss = loss
        self.loss_params = loss_params
        self.target_encoding = target_encoding
        self.inverse_link = inverse_link
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
        self.random_state = random_state
        self.device = device
        self.threads = threads

    def _config(self) -> TrainConfig:
        """The parameters, checked by the config's own rules."""
        given = {name: _plain(getattr(self, name)) for name in KEYS}
        config = load(None, (), [Override(KEYS[name], value, name) for name, value in given.items()], "train")
        assert isinstance(config, TrainConfig)
        return config

    def _loss_parameters(self) -> LossParameters:
        return LossParameters(
            self.loss,
            self.loss_params,
            self.last_act,
            self.target_encoding,
            self.inverse_link,
            getattr(self, "class_weight", None),
        )

    def _pair(self, task: Task, classes: Iterable[Any] = (), targets: int = 1) -> Pair:
        """The loss and the last activation on a task; a `ParameterError` for what cannot be trained."""
        with checked_parameters():
            return self._loss_parameters().pair(task, list(classes), targets)

    def _train(
        self, x_ND: Array, truth_N: Array, pair: Pair, weight_N: Array | None, class_weight_N: Array | None = None
    ) -> Self:
        """Fit the net; `truth_N` are class indices, or numbers in the units that the loss is trained in (`[N, K]`: of K
        targets); a row counts `weight_N` (above 0), and in training times `class_weight_N`."""
        with checked_parameters() as words:
            for warning in pair.warnings():
                warn(words(warning))
            config = self._config()
        random = check_random_state(self.random_state)
        seed = int(random.randint(np.iinfo(np.int32).max))
        rows = np.arange(len(x_ND))
        held: Array | None = None
        if self.patience is not None or self.keep == "best":
            stratify = in_order_of_occurrence(truth_N) if pair.task.is_classification else None  # names do not matter
            rows, held = train_test_split(rows, test_size=self.validation, random_state=random, stratify=stratify)
        self.center_, self.scale_ = np.zeros(x_ND.shape[1]), np.ones(x_ND.shape[1])
        if self.standardise:
            self.center_, spread = _moments(x_ND[rows], None if weight_N is None else weight_N[rows])
            self.scale_ = np.where(spread > 0, spread, 1.0)
        x, truth = (x_ND - self.center_) / self.scale_, torch.from_numpy(np.array(truth_N))

        def part(some: Array) -> SplitPart:
            own = truth[torch.from_numpy(some)]
            target = encode(own, pair.encoding, pair.classes, name=pair.loss.name, where="y")
            return SplitPart(torch.from_numpy(x[some]).float(), target, own, _relative(weight_N, some))

        statistics = {}
        if pair.task.is_classification:
            own = truth[torch.from_numpy(rows)]
            counts = torch.bincount(own, _relative(weight_N, rows), minlength=pair.classes)
            statistics = {"class_counts": counts.float()}
        both = weight_N if class_weight_N is None else class_weight_N * (1.0 if weight_N is None else weight_N)
        weight = _relative(both, rows)
        counts = np.bincount(truth_N, weight_N).tolist() if pair.task.is_classification else []
        held_weight = None if held is None else _relative(weight_N, held)
        metric = auto_metric(pair.task, [counts], [pair.loss])
        l1, l2 = config.penalty.split()
        problem = Problem(
            net=net_for(config.net, x_ND.shape[1], pair.outputs),
            folds=(Fold(part(rows), None if held is None else part(held), weight, statistics),),
            members=(
                Member(
                    seed,
                    lr=config.optim.lr,
                    l1=l1,
                    l2=l2,
                    weight_decay=config.optim.weight_decay,
                    momentum=config.optim.momentum,
                ),
            ),
            objectives=(pair.objective,),
            training=Training(
                epochs=config.optim.epochs,
                batch_size=None if config.optim.batch_size is None else min(config.optim.batch_size, len(rows)),
                optimizer=config.optim.name,
                schedule=config.optim.schedule,
                patience=config.early_stopping.patience,
                min_delta=config.early_stopping.min_delta,
                keep=config.early_stopping.keep,
                kernel=resolve_kernel(config.kernel, resolve_device(config.device), config.net.activation).name,
            ),
            score=None if held is None else lambda out, true, *_: metric(pair.read(out), true, held_weight),
            better=metric.better,
        )
        trained = train(problem, evaluation="fit", device=config.device, threads=config.threads)
        outcome = trained.members[0]
        if outcome.status == "diverged":
            raise UserError(
                f"training diverged in epoch {outcome.epochs}", where=type(self).__name__, fix=f"lower lr ({self.lr:g})"
            )
        self.state_ = {name: tensor.cpu().double().numpy() for name, tensor in trained.state(0).items()}
        self.loss_curve_ = outcome.train_loss.tolist()
        self.validation_scores_ = outcome.val_score.tolist() if held is not None else None
        self.best_epoch_ = outcome.best_epoch
        self.n_iter_ = outcome.epochs
        self.last_act_ = pair.activation.name if pair.activation.name in ACTIVATIONS else self.last_act
        self.inverse_link_, self.targets_ = pair.inverse_link.label, pair.targets
        self.hidden_activation_ = config.net.activation
        return self

    def _read(self, X: ArrayLike) -> Prediction:
        """What the net predicts, computed in float64 so that a row's prediction does not depend on its neighbours."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        state = {name: torch.from_numpy(values) for name, values in self.state_.items()}
        net, last_act = net_of(state, self.hidden_activation_), find_activation(self.last_act_)
        each = EachTarget(last_act) if self.targets_ > 1 else last_act
        out_NK = outputs_of(net, state, each, torch.from_numpy((x - self.center_) / self.scale_))
        out_PNK = out_NK[None]
        return InverseLink.named(self.inverse_link_)(out_PNK if self.targets_ == 1 else out_PNK.unsqueeze(-1))


def rows_that_count(x_ND: Array, y: Array, sample_weight: ArrayLike | None) -> tuple[Array, Array, Array | None]:
    """The rows of a weight above 0 with their weights; a row of weight 0 is no row."""
    if sample_weight is None:
        return x_ND, y, None
    weight_N = _check_sample_weight(sample_weight, x_ND, dtype=np.float64, ensure_non_negative=True)
    rows = weight_N > 0
    return x_ND[rows], y[rows], weight_N[rows]


def _moments(x_ND: Array, weight_N: Array | None) -> tuple[Array, Array]:
    """Mean and standard deviation of the columns, `[D]` each; exactly 0 of a constant."""
    if weight_N is None:
        return x_ND.mean(axis=0), x_ND.std(axis=0)
    mean = np.average(x_ND, axis=0, weights=weight_N)
    spread = np.sqrt(np.average((x_ND - mean) ** 2, axis=0, weights=weight_N))
    return mean, np.where(x_ND.min(axis=0) < x_ND.max(axis=0), spread, 0.0)


def _relative(weight_N: Array | None, rows: Array) -> Tensor | None:
    """The weights of some rows, of mean 1."""
    return None if weight_N is None else torch.from_numpy(weight_N[rows] / weight_N[rows].mean()).float()


def _plain(value: Any) -> Any:
    """A value as a config file would hold it: no numpy numbers, no tuples."""
    if isinstance(value, np.generic):
        return value.item()
    return [_plain(v) for v in value] if isinstance(value, tuple | list | np.ndarray) else value
