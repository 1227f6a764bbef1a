"""A trained net as a scikit-learn estimator that is fitted already: numbers, texts and arrays alone, so that skops can
save it without naming any code but this module's.

N rows, C classes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

from lossbench.catalog.decoders import DECODERS, Prediction
from lossbench.catalog.plugins.resolve import find_activation
from lossbench.data.preparation import Preparation
from lossbench.data.read.build_table import read_features
from lossbench.data.source import DataSource
from lossbench.engine.nets.state import net_of
from lossbench.errors import UserError
from lossbench.experiments.train.saved_model import Predictor

if TYPE_CHECKING:
    Array = NDArray[Any]


class _TrainedNet(BaseEstimator):  # type: ignore[misc]
    """What the two share. `fit` changes nothing and a clone is the same net, as of scikit-learn's `FrozenEstimator`."""

    def __init__(self) -> None:
        """Made by `trained_net`; there is nothing to choose."""

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Self:
        return self

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Nothing: it was trained by lossbench."""
        return self

    @property
    def feature_names_in_(self) -> Array:
        """The columns that it was trained on."""
        return np.array(list(json.loads(self.preparation_)["kinds"]), dtype=object)

    def _holding(self, predictor: Predictor) -> Self:
        self.loss_ = predictor.loss
        self.last_act_ = predictor.activation.name
        self.decode_, self.params_ = predictor.decode.name, json.dumps(predictor.decode.params)
        self.hidden_activation_ = predictor.net.activation
        self.preparation_ = predictor.preparation.to_json()
        self.state_ = {name: tensor.numpy() for name, tensor in predictor.state.items()}
        self.target_ = predictor.target
        self.reading_ = json.dumps(predictor.reading)
        self.targets_ = list(predictor.targets)
        self.center_, self.scale_ = predictor.center, predictor.scale
        self.n_features_in_ = len(predictor.preparation.kinds)
        return self

    def _read(self, X: pd.DataFrame) -> Prediction:
        """`X`: a table with the columns of the training; others are not looked at. A `UserError` for what is no such
        table."""
        state = {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in self.state_.items()}
        preparation = Preparation.from_json(self.preparation_)
        predictor = Predictor(
            loss=self.loss_,
            params={},
            net=net_of(state, self.hidden_activation_),
            state=state,
            activation=find_activation(self.last_act_),
            decode=DECODERS.get(self.decode_).bind(json.loads(self.params_)),
            preparation=preparation,
            classes=[],
            target=self.target_,
            targets=self.targets_,
            center=self.center_,
            scale=self.scale_,
            reading={},
            member=0,
            members=1,
        )
        if not isinstance(X, pd.DataFrame):
            what = f"X is a {type(X).__name__}, which has no columns"
            raise UserError(what, fix=f"give a DataFrame with {', '.join(map(str, preparation.kinds))}")
        features, _ = read_features(DataSource(**json.loads(self.reading_)), preparation.kinds, X)
        return predictor.predict(features)


class TrainedClassifier(ClassifierMixin, _TrainedNet):  # type: ignore[misc]
    """A trained net that classifies; `classes_` are the labels as texts."""

    def predict(self, X: pd.DataFrame) -> Array:
        """The decided class of each row, as text `[N]`."""
        return np.asarray(self.classes_[self._read(X).label_PN[0].numpy()])

    @available_if(lambda self: DECODERS.get(self.decode_).gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: pd.DataFrame) -> Array:
        """The probabilities that the loss estimates, `[N, C]`; there where it does."""
        probability = self._read(X).probability_PNC
        assert probability is not None, "checked before"
        return np.asarray(probability[0].numpy())


class TrainedRegressor(RegressorMixin, _TrainedNet):  # type: ignore[misc]
    """A trained net that predicts a number."""

    def predict(self, X: pd.DataFrame) -> Array:
        """Values in the target's own units, `[N]`, or `[N, K]` of several targets."""
        point = self._read(X).point_PN
        assert point is not None, "a regression has values"
        return np.asarray(point[0].numpy())


def trained_net(predictor: Predictor) -> TrainedClassifier | TrainedRegressor:
    """The estimator that predicts as the predictor does, to the last bit."""
    if not predictor.classes:
        return TrainedRegressor()._holding(predictor)
    classifier = TrainedClassifier()._holding(predictor)
    classifier.classes_ = np.array(predictor.classes)
    return classifier
