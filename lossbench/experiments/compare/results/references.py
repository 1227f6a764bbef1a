"""Reference models on a setting's splits: the nets' prepared inputs, training rows and metrics; no loss is involved.

N rows, D inputs, C classes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import torch

from lossbench.catalog.decoders import Prediction
from lossbench.catalog.vocabulary import Task
from lossbench.components.reference_models import REFERENCE_MODELS, ReferenceModel
from lossbench.experiments.compare.evaluation import Evaluation, failure
from lossbench.experiments.compare.job import Options
from lossbench.experiments.compare.setting import Setting
from lossbench.experiments.scoring.scores import prediction_scores
from lossbench.experiments.setup.prepared_split import PreparedSplit
from lossbench.record import Levels, MemberRecord, ReferenceRecord, UnitRecord


def evaluate_reference(name: str, options: Options, setting: Setting) -> Evaluation:
    """A reference model fitted on each split's outer training part and scored on its test part."""
    from threadpoolctl import threadpool_limits  # with scikit-learn; late, since hardly a run asks for references

    model, repeat = REFERENCE_MODELS.get(name), setting.folds[0].repeat
    # Threads of OpenMP that wait for a processor in use cost a hundred times the work.
    with threadpool_limits(options.threads):
        try:
            return Evaluation(repeat, UnitRecord(status="ok", members=list(_members(model, options, setting))))
        except Exception as problem:  # a model of scikit-learn may refuse a table; the losses are compared all the same
            return Evaluation(repeat, failure(problem))


def reference_record(name: str, data: str, condition: Levels, *, task: str) -> ReferenceRecord:
    """The record of a reference model in one setting, without members."""
    model = REFERENCE_MODELS.get(name)
    make = model.classifier if Task(task).is_classification else model.regressor
    return ReferenceRecord(name=name, estimator=type(make(0)).__name__, data=data, condition=dict(condition))


def _members(model: ReferenceModel, options: Options, setting: Setting) -> Iterator[MemberRecord]:
    for fold, seed, split in zip(setting.folds, setting.seeds, setting.outer, strict=True):
        yield MemberRecord(
            seed=seed,
            lr=None,
            status="ok",
            split={"repeat": fold.repeat, "fold": fold.fold},
            role="reference",
            n_train=len(fold.train),
            n_test=len(fold.test),
            test=prediction_scores(_predict(model, setting, split, seed), split, "test", options.metrics),
        )


def _predict(model: ReferenceModel, setting: Setting, split: PreparedSplit, seed: int) -> Prediction:
    """What it predicts for a split's test part."""
    from sklearn.multioutput import MultiOutputRegressor  # as above

    x_ND, y_N = split.x_ND["train"].numpy(), split.truth_N["train"].numpy()
    test_ND, weight_N = split.x_ND["test"].numpy(), None
    if "train" in split.weight_N:  # of mean 1, as for the nets: a penalty has a scale of its own
        weight_N = (split.weight_N["train"] / split.weight_N["train"].mean()).numpy()
    if setting.table.soft is not None:  # a row of probabilities is a row of each class, weighted by them
        classes = y_N.shape[1]
        weight_N = (y_N if weight_N is None else y_N * weight_N[:, None]).ravel()
        rows = np.flatnonzero(weight_N)
        x_ND, y_N, weight_N = x_ND[rows // classes], rows % classes, weight_N[rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a linear model that stopped early is a weaker reference and no mistake
        if not setting.task.is_classification:
            regressor = model.regressor(seed)
            if setting.table.targets:
                regressor = MultiOutputRegressor(regressor)
            value_N = regressor.fit(x_ND, y_N, sample_weight=weight_N).predict(test_ND)
            return Prediction(point_PN=torch.from_numpy(np.asarray(value_N, dtype=np.float64))[None])
        if len(np.unique(y_N)) == 1:  # nothing to fit
            known_NC, classes = np.ones((len(test_ND), 1)), y_N[:1]
        else:
            fitted = model.classifier(seed).fit(x_ND, y_N, sample_weight=weight_N)
            known_NC, classes = fitted.predict_proba(test_ND), fitted.classes_
    probability_NC = np.zeros((len(test_ND), len(setting.table.classes)))
    probability_NC[:, classes] = known_NC  # a class that the training part lacks has probability 0
    probability = torch.from_numpy(probability_NC)[None]
    return Prediction(probability, probability)
