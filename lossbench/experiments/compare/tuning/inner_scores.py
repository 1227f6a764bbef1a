"""What the nets of the inner folds are worth, epoch by epoch: measured while they train, pooled per split and trial.

P nets, N validation rows, G temperatures, E epochs, F inner folds of a split. Every net validates two splits (see
`lossbench.data.split.InnerFold`), so it is scored on two sets of rows apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from lossbench.catalog.decoders import Prediction
from lossbench.catalog.metrics import METRICS, Metric
from lossbench.catalog.vocabulary import Task
from lossbench.config.parts import StoppingConfig
from lossbench.engine.training.train import Outcome
from lossbench.experiments.compare.setting import Setting
from lossbench.experiments.compare.tuning.selection import TrialCurves, carried_on, stopped
from lossbench.experiments.scoring.scores import predict, weights_of
from lossbench.experiments.scoring.temperature import (
    LOG2_T,
    Floats,
    fit_temperature,
    log_loss_at,
    log_loss_by_temperature,
    mean_log_loss,
    smooth_log_loss,
)
from lossbench.experiments.setup.pair import Pair
from lossbench.experiments.setup.prepared_split import PreparedSplit

LOG_LOSS = "log_loss"


def stop_metric(metric: Metric, task: Task) -> Metric:
    """What stops a net early, for whoever shows its progress: the log-loss of classes, of values the metric itself."""
    return METRICS.get(LOG_LOSS) if task.is_classification else metric


def inner_score(metric: Metric, pairs: Sequence[Pair], setting: Setting) -> Callable[..., Tensor]:
    """The engine's score of inner folds, lower is better, `[P, 2 + M]`.

    First, for the rows of either split, what stops a net early: the calibrated log-loss, smooth and the same for every
    loss; for values the error. Then, for either again, the metric and, for classes, the log-loss at every temperature
    of the grid. A net stops once neither gets better.
    """

    def score(out_PNK: Tensor, truth_PN: Tensor, folds: Sequence[int], objectives: Sequence[int]) -> Tensor:
        apart: dict[tuple[int, int], list[int]] = {}
        for i, (fold, objective) in enumerate(zip(folds, objectives, strict=True)):
            apart.setdefault((objective, len(setting.pairs[fold].validation[0])), []).append(i)
        values = []
        for (objective, first), members in apart.items():
            splits = [setting.inner[folds[i]] for i in members]
            values.append(_columns(metric, pairs[objective], out_PNK[members], truth_PN[members], splits, first))
        together = torch.cat(values)
        found = torch.empty_like(together)
        found[[i for members in apart.values() for i in members]] = together
        return found

    return score


def _columns(
    metric: Metric, pair: Pair, out_PNK: Tensor, truth_PN: Tensor, splits: Sequence[PreparedSplit], first: int
) -> Tensor:
    weight_PN = weights_of(splits, "validation")
    weight_PN = None if weight_PN is None else weight_PN.to(out_PNK.device)

    def weights(part: slice) -> Tensor | None:
        return None if weight_PN is None else weight_PN[:, part]

    parts = (slice(0, first), slice(first, None)) if first else (slice(None),)  # in time the net serves one split
    both = 2 // len(parts)
    if not pair.task.is_classification:
        predictions = [predict(pair, out_PNK[:, part], splits) for part in parts]
        values = [
            metric(prediction, truth_PN[:, part], weights(part))[:, None].double()
            for prediction, part in zip(predictions, parts, strict=True)
        ]
        stops = [value if metric.better == "lower" else -value for value in values]
        return torch.cat([*stops * both, *values * both], 1)
    prediction = predict(pair, out_PNK, splits)
    assert prediction.score_PNC is not None
    loss_GPN = log_loss_by_temperature(prediction.score_PNC, truth_PN)
    stops, others = [], []
    for part in parts:
        grid_PG = mean_log_loss(loss_GPN[:, :, part], weights(part))
        stops.append(smooth_log_loss(grid_PG, loss_GPN[:, :, part].shape[-1])[:, None].double())
        if metric.name == LOG_LOSS:  # the grid has it at every temperature
            others += [grid_PG[:, :1].double(), grid_PG.double()]
        else:
            value = metric(_for_rows(prediction, part), truth_PN[:, part], weights(part))
            others += [value[:, None].double(), grid_PG.double()]
    return torch.cat([*stops * both, *others * both], 1)


def _for_rows(prediction: Prediction, part: slice) -> Prediction:
    """What is predicted of some rows' classes."""
    score_PNC, probability_PNC = prediction.score_PNC, prediction.probability_PNC
    return Prediction(
        None if score_PNC is None else score_PNC[:, part],
        None if probability_PNC is None else probability_PNC[:, part],
    )


def trial_curves(
    metric: Metric, setting: Setting, split: int, outcomes: Sequence[Outcome], stopping: StoppingConfig
) -> TrialCurves:
    """One trial's curves on a split from its nets' outcomes, in the order of `setting.validates(split)`.

    A net's curve ends where the rows of this choice would have stopped it, and is carried on from there; the rows of
    the other split, which this split is tested on, have no say. With a net that diverged the trial has failed.
    """
    failed = any(outcome.status == "diverged" or not outcome.epochs for outcome in outcomes)
    curves, rows = [], []
    for number, outcome in zip(setting.validates(split), outcomes, strict=True):
        pair = setting.pairs[number]
        half = pair.choosing_part(split)
        rows.append(setting.validation_size(number, half))
        if outcome.epochs:
            stop_E, columns_EM = _halves(outcome)[half]
            curves.append(columns_EM[: stopped(stop_E, stopping.patience, stopping.min_delta)])
    epochs = max((len(curve) for curve in curves), default=1)
    scores, log_losses = [], []
    for columns_EM in curves if len(curves) == len(rows) else [np.full((1, 1 + len(LOG2_T)), np.nan)] * len(rows):
        carried_EM = carried_on(columns_EM, epochs)
        scores.append(carried_EM[:, 0] if metric.better == "higher" else -carried_EM[:, 0])
        log_losses.append(carried_EM[:, 1:])
    rows_F = np.array(rows, dtype=np.float64)
    if not setting.task.is_classification:
        return TrialCurves(np.stack(scores, 1), rows_F, None, failed, setting.keep)
    log_loss_EG: Floats = np.tensordot(rows_F / rows_F.sum(), np.stack(log_losses), 1)
    if metric.name == LOG_LOSS:
        calibrated_EF = _calibrated(np.stack(log_losses, 1), log_loss_EG, float(rows_F.sum()))
        return TrialCurves(calibrated_EF, rows_F, log_loss_EG, failed, setting.keep)
    return TrialCurves(np.stack(scores, 1), rows_F, log_loss_EG, failed, setting.keep)


def _halves(outcome: Outcome) -> list[tuple[Floats, Floats]]:
    """For the rows of either split: what stops a net, `[E]`, and the columns behind it, `[E, M]`."""
    kept_EM = outcome.monitored.astype(np.float64)
    stops = (outcome.val_score, kept_EM[:, 0])
    return list(zip(stops, np.split(kept_EM[:, 1:], 2, axis=1), strict=True))


def _calibrated(log_loss_EFG: Floats, pooled_EG: Floats, rows: float) -> Floats:
    """Minus every fold's log-loss at the temperature of all folds' rows together, `[E, F]`."""
    temperature_E = fit_temperature(pooled_EG, rows)
    return -np.stack([log_loss_at(log_loss_EFG[:, f], temperature_E) for f in range(log_loss_EFG.shape[1])], 1)
