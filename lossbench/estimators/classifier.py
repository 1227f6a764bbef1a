"""An MLP that classifies.

N rows, D inputs, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import column_or_1d

from lossbench.catalog.activations import Activation
from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.loss import Loss
from lossbench.catalog.vocabulary import Task
from lossbench.data.infer.order import in_order
from lossbench.data.infer.target import label_of
from lossbench.errors import UserError
from lossbench.estimators.columns import rows_that_count
from lossbench.estimators.loss_parameter import ClassWeights, checked_parameters
from lossbench.estimators.mlp import AUTO, BaseMLP
from lossbench.estimators.training import Array
from lossbench.experiments.setup.class_weight import class_weights
from lossbench.experiments.setup.pair import Pair

OF_CLASSES = {"self", "__class__", "class_weight", "order"}  # of the constructor, not of every MLP


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """An MLP that classifies, trained with any classification loss.

    `loss` is what names a loss anywhere, `focal(gamma=3)`, `nll+relu`, `CrossEntropyLoss`, `my_loss.py:my_loss`, or a
    function, a module of torch or a `Loss` itself; `loss_params` are its parameters, `target_encoding` and `decode`
    declare what a function that is not decorated cannot say. `class_weight` is "balanced" (the inverse of the classes'
    shares), "sqrt_balanced" (its root), or a weight above 0 for every class, by its label or in their order. `order`
    are the labels, lowest first: the task is then ordinal, `classes_` are in this order, and losses that know it
    (`coral`, `corn`, ...) can be trained. scikit-learn's scores of probabilities (`neg_log_loss`, `roc_auc_ovr`) take
    the columns for sorted classes, and are wrong of another order. So the order of a pandas Categorical `y` is not
    taken by itself: `order=y.cat.categories` makes the task ordinal, as the command line and `lossbench.train` read
    such a column. `patience` (early stopping) and `keep="best"` hold the share `validation` of the rows back.
    `standardise` scales the inputs to mean 0 and deviation 1 first. `predict_proba` is there where the loss estimates
    probabilities.

    `preprocess="auto"` prepares the columns of a DataFrame as the command line does: gaps in numbers get the median,
    booleans, texts and the dtype "category" an input for each level, dates one for each part. True prepares arrays
    too, False nothing. Columns are those of `fit`, in its order; levels that it never saw are a `LossbenchWarning`.

    `warm_start=True`: `fit` goes on from the present weights, in the scales of the first fit. As in scikit-learn, the
    optimiser begins anew (in `partial_fit` it goes on), and curves and counts continue. `verbose`: 0 says nothing, 1
    shows what `lossbench train` shows, 2 prints a line an epoch.

    Attributes of a fitted one: `classes_`, `loss_curve_` (mean training loss of each epoch, without penalties),
    `validation_scores_` (of each epoch on the rows held back, by the task's metric; None without such rows),
    `best_epoch_`, `n_iter_` (epochs), `t_` (rows seen), `state_` (weights, named as an `nn.Sequential`'s),
    `last_act_`, `preparation_` (of a DataFrame; `.input_names` are the inputs), `n_features_in_`,
    `feature_names_in_`, and what scikit-learn's MLPs have: `loss_`, `best_loss_`, `best_validation_score_`, `coefs_`,
    `intercepts_`, `n_layers_`, `n_outputs_`.

    >>> from sklearn.datasets import load_iris
    >>> from lossbench import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier(loss="focal(gamma=3)", epochs=40, lr=0.01, random_state=0).fit(X, y)
    >>> net.predict(X[:2])
    array([0, 0])
    >>> net.score(X, y) > 0.95
    True
    """

    classes_: Array

    def __init__(
        self,
        loss: str | Loss | Callable[..., Any] = "cross_entropy",
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
        class_weight: ClassWeights = None,
        order: Sequence[Any] | None = None,
        standardise: bool = True,
        preprocess: bool | Literal["auto"] = "auto",
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Any = None,
        device: str = "auto",
        threads: int | None = 1,
    ) -> None:
        own = {name: value for name, value in locals().items() if name not in OF_CLASSES}
        super().__init__(**own)
        self.class_weight = class_weight
        self.order = order

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on `X [N, D]` and labels `y [N]`; `UserError` for parameters that cannot be, and where it diverges.

        `sample_weight [N]`: what each row counts, 0 or more; a row of weight 0 is left out. With `batch_size=None` and
        without early stopping a row of weight 2 is two equal rows. With `warm_start` the classes must be those of
        before.
        """
        goes_on = self.warm_start and self._is_trained
        x, label_N = self._checked(X, y, goes_on=goes_on, min_rows=2)
        check_classification_targets(label_N)
        x, label_N, weight_N = rows_that_count(x, label_N, sample_weight)
        label_N = column_or_1d(label_N, warn=True)
        classes = np.unique(label_N)
        if len(classes) < 2:
            raise ValueError(f"{type(self).__name__} needs at least two classes; y has one class")
        classes = self._in_order(classes)
        if goes_on and not np.array_equal(classes, self.classes_):
            raise ValueError(f"with warm_start, y must have the classes of before, {self.classes_}; it has {classes}")
        self.classes_ = classes
        index_N = self._indices(label_N)
        pair = self._pair(self._task_of_classes, classes)
        weights = weight_N, _class_weights(pair, index_N, weight_N)
        return self._train(x, index_N, pair, *weights, goes_on=goes_on)

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train one pass over `X [N, D]` and labels `y [N]`, from the present weights, as scikit-learn's MLP does.

        The first call must name all `classes [C]`. It scales (and prepares) the columns by its own rows, so let these
        be typical, or scale before. The optimiser goes on from call to call; `epochs` does not matter. Early stopping,
        schedules and a `class_weight` by the classes' shares need all rows: `UserError`.

        >>> from sklearn.datasets import load_iris
        >>> from lossbench import MLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> net = MLPClassifier(random_state=0)
        >>> for start in range(3):
        ...     net = net.partial_fit(X[start::3], y[start::3], classes=[0, 1, 2])
        >>> net.n_iter_, net.t_
        (3, 150)
        """
        goes_on = self._is_trained
        if not goes_on and hasattr(self, "classes_"):  # of a fit that failed
            del self.classes_
        x, label_N = self._checked(X, y, goes_on=goes_on)
        check_classification_targets(label_N)
        if goes_on and classes is not None and np.array_equal(np.unique(classes), np.unique(self.classes_)):
            classes = None  # they are those of before, which may be in another order than the sorted one
        if _check_partial_fit_first_call(self, classes):
            self.classes_ = self._in_order(self.classes_)
        unknown = np.setdiff1d(label_N, self.classes_)
        if len(unknown):
            raise ValueError(f"y has labels that are not among the classes {self.classes_}: {unknown}")
        if isinstance(self.class_weight, str):
            with checked_parameters():
                what = f"partial_fit does not know how frequent classes are, so it has no {self.class_weight!r}"
                raise UserError(what, where="class_weight", fix="give a weight for each class, or sample_weight")
        x, label_N, weight_N = rows_that_count(x, column_or_1d(label_N, warn=True), sample_weight)
        index_N = self._indices(label_N)
        pair = self._pair(self._task_of_classes, self.classes_)
        weights = weight_N, _class_weights(pair, index_N, weight_N)
        return self._train(x, index_N, pair, *weights, goes_on=goes_on, one_pass=True)

    @property
    def _task_of_classes(self) -> Task:
        if len(self.classes_) == 2:
            return Task.BINARY
        return Task.MULTICLASS if self.order is None else Task.ORDINAL

    def _in_order(self, classes: Array) -> Array:
        """Sorted classes in the given order; a `ParameterError` for an order that is none of them."""
        if self.order is None:
            return classes
        with checked_parameters():
            places, _ = in_order(
                np.arange(len(classes)), [*map(label_of, classes)], [*map(label_of, self.order)], where="order"
            )
        return classes[np.argsort(places)]

    def _indices(self, label_N: Array) -> Array:
        """The labels' places among the classes, `[N]` int64."""
        places = np.argsort(self.classes_)
        return places[np.searchsorted(self.classes_, label_N, sorter=places)].astype(np.int64)

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
        if hasattr(self, "_decoder"):
            return self._decoder.gives_probabilities
        try:
            decode = self._loss_parameters().with_loss(Task.BINARY).decode
        except UserError:
            return False
        return any(one.gives_probabilities for one in decode.values())

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> Array:
        """The probabilities that the loss estimates, `[N, C]`."""
        probability = self._read(X).probability_PNC
        assert probability is not None, "checked before"
        return np.asarray(probability[0].numpy())


def _class_weights(pair: Pair, index_N: Array, weight_N: Array | None) -> Array | None:
    """What each row counts by its class, `[N]`; None where all count alike."""
    counts = torch.from_numpy(np.bincount(index_N, weight_N, minlength=pair.classes).astype(np.float64))
    weight_C = class_weights(pair.class_weight, counts)
    return None if weight_C is None else weight_C.numpy()[index_N]
