"""scikit-learn estimators: an MLP for tables with any loss of the catalogue, or your own.

Parameters have the names that they have in a config; they are checked when `fit` is called. Inputs are numeric arrays.
N rows, D inputs, K outputs, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from lossbench.catalog.links import Link, Prediction
from lossbench.catalog.loss import Loss
from lossbench.catalog.metrics import default_metric
from lossbench.catalog.plugins.resolve import find_activation, find_loss
from lossbench.catalog.targets import encode
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.config.load import Override, load
from lossbench.config.schema import TrainConfig
from lossbench.engine.nets.outputs import outputs_of
from lossbench.engine.nets.state import net_of
from lossbench.engine.problem import Fold, Member, Part, Problem, Training
from lossbench.engine.training.train import train
from lossbench.errors import UserError, warn
from lossbench.experiments.setup.net import net_for
from lossbench.experiments.setup.pair import Pair, resolve_pair

Array = NDArray[Any]
AUTO = "auto"  # the activation that the loss is made for

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


class _MLP(BaseEstimator):  # type: ignore[misc]
    """What the two estimators share: parameters, training, the way back from outputs to predictions."""

    _task: Task

    def __init__(
        self,
        loss: str | Loss | Callable[..., Any] = "mse",
        *,
        loss_params: Mapping[str, Any] | None = None,
        last_act: str = AUTO,
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

    def _loss(self) -> Loss:
        loss = find_loss(self.loss)
        return loss.bind(where="loss_params", **self.loss_params) if self.loss_params else loss

    def _train(self, x_ND: Array, truth_N: Array, pair: Pair, weight_N: Array | None) -> Self:
        """Fit the net; `truth_N` are class indices, or numbers in the units that the loss is trained in."""
        for warning in pair.warnings():
            warn(warning)
        config = self._config()
        random = check_random_state(self.random_state)
        seed = int(random.randint(np.iinfo(np.int32).max))
        rows = np.arange(len(x_ND))
        held: Array | None = None
        if self.patience is not None or self.keep == "best":
            stratify = truth_N if pair.task.is_classification else None
            rows, held = train_test_split(rows, test_size=self.validation, random_state=random, stratify=stratify)
        self.center_, self.scale_ = np.zeros(x_ND.shape[1]), np.ones(x_ND.shape[1])
        if self.standardise:
            spread = x_ND[rows].std(axis=0)
            self.center_, self.scale_ = x_ND[rows].mean(axis=0), np.where(spread > 0, spread, 1.0)
        x, truth = (x_ND - self.center_) / self.scale_, torch.from_numpy(np.array(truth_N))

        def part(some: Array) -> Part:
            own = truth[torch.from_numpy(some)]
            target = encode(own, pair.encoding, pair.classes, name=pair.loss.name, where="y")
            return Part(torch.from_numpy(x[some]).float(), target, own)

        statistics = {}
        if pair.task.is_classification:
            counts = torch.bincount(truth[torch.from_numpy(rows)], minlength=pair.classes)
            statistics = {"class_counts": counts.float()}
        weight = None if weight_N is None else torch.from_numpy(weight_N[rows] / weight_N[rows].mean()).float()
        metric = default_metric(pair.task)
        problem = Problem(
            net=net_for(config.net, x_ND.shape[1], pair.outputs),
            folds=(Fold(part(rows), None if held is None else part(held), weight, statistics),),
            members=(
                Member(
                    seed,
                    lr=config.optim.lr,
                    l1=config.penalty.l1,
                    l2=config.penalty.l2,
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
            ),
            score=None if held is None else lambda out, true, *_: metric(pair.link(out), true),
            better=metric.better,
        )
        trained = train(problem, run="fit", device=config.device, threads=config.threads)
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
        self.last_act_ = pair.activation.name if self.last_act == AUTO else self.last_act
        self.link_ = pair.link.label
        self.hidden_activation_ = config.net.activation
        return self

    def _read(self, X: ArrayLike) -> Prediction:
        """What the net predicts, computed in float64 so that a row's prediction does not depend on its neighbours."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        state = {name: torch.from_numpy(values) for name, values in self.state_.items()}
        net, last_act = net_of(state, self.hidden_activation_), find_activation(self.last_act_)
        out_NK = outputs_of(net, state, last_act, torch.from_numpy((x - self.center_) / self.scale_))
        return _link(self.link_)(out_NK[None])


class MLPClassifier(ClassifierMixin, _MLP):  # type: ignore[misc]
    """An MLP that classifies, trained with any classification loss.

    `loss` is a name, `my_loss.py:my_loss`, or a decorated function; `loss_params` its parameters. `patience` (early
    stopping) and `keep="best"` hold the share `validation` of the rows back. `standardise` scales the inputs to mean 0
    and deviation 1 first. `predict_proba` is there where the loss estimates probabilities.

    Attributes of a fitted one: `classes_`, `loss_curve_` (mean training loss of each epoch), `validation_scores_`,
    `best_epoch_`, `n_iter_`, `state_` (weights, named as an `nn.Sequential`'s), `last_act_`.
    """

    def __init__(
        self,
        loss: str | Loss | Callable[..., Any] = "cross_entropy",
        *,
        loss_params: Mapping[str, Any] | None = None,
        last_act: str = AUTO,
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
        class_weight: Mapping[Any, float] | str | None = None,
        standardise: bool = True,
        random_state: Any = None,
        device: str = "auto",
        threads: int | None = 1,
    ) -> None:
        own = {name: value for name, value in locals().items() if name not in {"self", "class_weight", "__class__"}}
        super().__init__(**own)
        self.class_weight = class_weight

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on `X [N, D]` and labels `y [N]`; `UserError` for parameters that cannot be, and where it diverges."""
        x_ND, label_N = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(label_N)
        self.classes_, index_N = np.unique(column_or_1d(label_N, warn=True), return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs at least two classes; y has one class")
        task = Task.BINARY if len(self.classes_) == 2 else Task.MULTICLASS
        pair = resolve_pair(self._loss(), self.last_act, task, len(self.classes_))
        weight = None if self.class_weight is None else compute_sample_weight(self.class_weight, label_N)
        return self._train(x_ND, index_N.astype(np.int64), pair, weight)

    def predict(self, X: ArrayLike) -> Array:
        """The decided class of each row."""
        label_N = self._read(X).label_PN[0]
        return np.asarray(self.classes_[label_N.numpy()])

    def decision_function(self, X: ArrayLike) -> Array:
        """Scores whose argmax decides, `[N, C]`; for two classes their difference, `[N]`, which decides at 0."""
        score = self._read(X).score_PNC
        assert score is not None, "a classification has scores"
        score_NC = score[0].numpy()
        return np.asarray(score_NC[:, 1] - score_NC[:, 0] if len(self.classes_) == 2 else score_NC)

    def _gives_probabilities(self) -> bool:
        """Whether the loss estimates probabilities, or may on some task while that is not known yet."""
        if hasattr(self, "link_"):
            return _link(self.link_) not in {Link.MARGIN, Link.DISTANCE}
        try:
            link = self._loss().link
        except UserError:
            return False
        return any(
            one not in {Link.MARGIN, Link.DISTANCE} for one in ([link] if isinstance(link, Link) else link.values())
        )

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> Array:
        """The probabilities that the loss estimates, `[N, C]`."""
        probability = self._read(X).probability_PNC
        assert probability is not None, "asked before"
        return np.asarray(probability[0].numpy())


class MLPRegressor(RegressorMixin, _MLP):  # type: ignore[misc]
    """An MLP that predicts a number, trained with any regression loss.

    Parameters and attributes are those of `MLPClassifier`. Targets are standardised inside for losses that want that
    and predicted in their own units; losses of counts and of positive numbers see them as they are.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on `X [N, D]` and numbers `y [N]`; `UserError` for parameters that cannot be, and where it diverges."""
        x_ND, value_N = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        value_N = column_or_1d(value_N, warn=True).astype(np.float64)
        pair = resolve_pair(self._loss(), self.last_act, Task.REGRESSION, 0)
        self.target_center_, self.target_scale_ = 0.0, 1.0
        if pair.encoding is Encoding.FLOAT:
            self.target_center_, self.target_scale_ = float(value_N.mean()), float(value_N.std()) or 1.0
        return self._train(x_ND, (value_N - self.target_center_) / self.target_scale_, pair, None)

    def predict(self, X: ArrayLike) -> Array:
        """The predicted number of each row, in y's units."""
        point = self._read(X).point_PN
        assert point is not None, "a regression has points"
        return np.asarray(point[0].numpy() * self.target_scale_ + self.target_center_)


def _plain(value: Any) -> Any:
    """A value as a config file would hold it: no numpy numbers, no tuples."""
    if isinstance(value, np.generic):
        return value.item()
    return [_plain(v) for v in value] if isinstance(value, tuple | list | np.ndarray) else value


def _link(label: str) -> Link:
    return next(link for link in Link if link.label == label)
