"""Test scores of a loss's nets: every metric, after the same calibration step for every loss.

J nets of one loss, each with its split's test part; P nets with equally many rows N are scored together. C classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lossbench.catalog.decoders import Prediction
from lossbench.catalog.metrics import ECE_BINS, METRICS, Metric, score_all
from lossbench.engine.threads import one_thread
from lossbench.experiments.scoring.scores import predict, score_dummy, scores_by_target, weights_of
from lossbench.experiments.scoring.temperature import at_temperature
from lossbench.experiments.setup.pair import Pair
from lossbench.experiments.setup.prepared_split import PreparedSplit
from lossbench.record import ReliabilityCounts, ReliabilityRecord, Scores

NEED_PROBABILITIES = ("log_loss", "brier", "ece")  # reported raw as well, where the loss itself estimates probabilities
RAW = "raw_"


@dataclass(frozen=True)
class ScoredNet:
    """One net on its test part: scores (None: not a finite number), temperature (None: a regression), and what it
    predicts, calibrated.

    `predicted`: probabilities `[N, C]`, or values `[N]` in the target's own units.
    """

    test: Scores
    temperature: float | None
    predicted: Tensor
    label_N: Tensor | None
    by_target: tuple[Scores, ...] = ()  # of several values


def score_nets(
    pair: Pair,
    outputs: Sequence[Tensor],
    splits: Sequence[PreparedSplit],
    temperature: Sequence[float] | None,
    *,
    raw: bool,
    metrics: Sequence[Metric],
) -> list[ScoredNet]:
    """Score nets by their test outputs `[N, K]`.

    `temperature` is None for a regression; `raw`: the probabilities are scored as they come out, too.
    """
    scored: dict[int, ScoredNet] = {}
    for block in blocks(outputs):
        truth = torch.stack([splits[j].truth_N["test"] for j in block])
        as_is = predict(pair, torch.stack([outputs[j] for j in block]), [splits[j] for j in block])
        common = as_is
        if temperature is not None:
            common = at_temperature(as_is, torch.tensor([temperature[j] for j in block], dtype=torch.float64))
        weight = weights_of([splits[j] for j in block], "test")
        scored_all = score_all(common, truth, metrics, weight)
        values = {name: value for name, value in scored_all.items() if value is not None}
        if raw and as_is.probability_PNC is not None:
            values |= {f"{RAW}{name}": METRICS.get(name)(as_is, truth, weight) for name in NEED_PROBABILITIES}
        predicted = common.point_PN if common.probability_PNC is None else common.probability_PNC
        assert predicted is not None
        label = common.label_PN if pair.task.is_classification else None
        for i, j in enumerate(block):
            scores = {name: float(value[i]) for name, value in values.items()}
            scored[j] = ScoredNet(
                {name: value if math.isfinite(value) else None for name, value in scores.items()},
                None if temperature is None else temperature[j],
                predicted[i],
                None if label is None else label[i],
                tuple(scores_by_target(Prediction(point_PN=predicted[i : i + 1]), splits[j], "test", metrics))
                if label is None
                else (),
            )
    return [scored[j] for j in range(len(outputs))]


def blocks(tensors: Sequence[Tensor]) -> Iterator[list[int]]:
    """The numbers of those that can be stacked: equal shapes together."""
    groups: dict[torch.Size, list[int]] = {}
    for j, tensor in enumerate(tensors):
        groups.setdefault(tensor.shape, []).append(j)
    yield from groups.values()


def dummy_scores(classes: int, splits: Sequence[PreparedSplit], metrics: Sequence[Metric]) -> list[Scores]:
    """What the majority class, or the target mean (of 0 classes), scores on each split's test part."""
    with one_thread():
        return [score_dummy(split, classes, "test", metrics) for split in splits]


def missing_scores(dummy: Scores, *, raw: bool) -> Scores:
    """Those of a net that failed, until `impute_failures` knows what is worst: every metric, without a value."""
    without_temperature = [f"{RAW}{name}" for name in NEED_PROBABILITIES if raw and name in dummy]
    return dict.fromkeys([*dummy, *without_temperature])


def impute_failures(scored: Sequence[Sequence[Scores]], dummies: Sequence[Scores]) -> None:
    """Give failures their scores, in place: no better than any net of any loss on the same split.

    `scored` are, split by split, the scores of all candidates' nets. What has no value gets the metric's worst one;
    where a metric has none, the worst of all nets' finite scores on that split and the majority class's, or the mean
    value's (`dummies`).
    """
    for of_split, dummy in zip(scored, dummies, strict=True):
        for name in {name for scores in of_split for name, value in scores.items() if value is None}:
            metric = METRICS.get(name.removeprefix(RAW))
            known = [v for scores in of_split if (v := scores.get(name)) is not None]
            known += [v for v in [dummy[metric.name]] if v is not None]
            found = (min if metric.better == "higher" else max)(known, default=None)
            worst = found if math.isinf(metric.worst) else metric.worst
            for scores in of_split:
                if name in scores and scores[name] is None:
                    scores[name] = worst


def count_reliability(scored: Sequence[ScoredNet], splits: Sequence[PreparedSplit]) -> ReliabilityCounts:
    """Confidence and accuracy of nets, summed over their test rows, each counted by its weight, in bins of confidence.

    Bins (lower, upper] of equal width over [0, 1].
    """
    count, sure, right = np.zeros(ECE_BINS), np.zeros(ECE_BINS), np.zeros(ECE_BINS)
    for net, split in zip(scored, splits, strict=True):
        confidence, label = net.predicted.max(-1)
        usable = torch.isfinite(confidence)
        truth = split.truth_N["test"]
        right_N = truth.gather(-1, label[:, None])[:, 0] if truth.is_floating_point() else label == truth
        hit = right_N[usable].double().numpy()
        confidence_N = confidence[usable].double().numpy()
        place = np.clip(np.ceil(confidence_N * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)
        each = 1.0 if "test" not in split.weight_N else split.weight_N["test"][usable].numpy()
        count += np.bincount(place, np.broadcast_to(each, place.shape), minlength=ECE_BINS)
        sure += np.bincount(place, confidence_N * each, minlength=ECE_BINS)
        right += np.bincount(place, hit * each, minlength=ECE_BINS)
    whole = not any(split.weight_N for split in splits)
    return ReliabilityCounts(
        confidence=sure.tolist(), right=right.tolist(), count=[int(n) if whole else float(n) for n in count]
    )


def reliability(counted: Sequence[ReliabilityCounts]) -> ReliabilityRecord:
    """How often the most probable class is right, by how sure the nets are of it: means, null in an empty bin."""
    sure, right, count = (
        np.sum([getattr(one, name) for one in counted], axis=0).tolist() for name in ("confidence", "right", "count")
    )
    return ReliabilityRecord(
        confidence=[s / n if n else None for s, n in zip(sure, count, strict=True)],
        accuracy=[r / n if n else None for r, n in zip(right, count, strict=True)],
        count=count,
    )
