"""The protocol of a comparison: what was declared before it ran, as data and in sentences, printed on every result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.metrics import METRICS, Metric, suiting
from lossbench.catalog.parameters import spelled
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import CompareConfig
from lossbench.data.splits.scheme import scheme
from lossbench.data.table import Table
from lossbench.data.target_scale import target_statistic
from lossbench.errors import UserError
from lossbench.experiments.compare.conditions import sentences as condition_sentences
from lossbench.experiments.compare.conditions import stop_text
from lossbench.experiments.compare.tuning.selection import window_of
from lossbench.experiments.scoring.temperature import PRIOR
from lossbench.experiments.setup.metric_choice import AUTO, auto_metric, check_metric
from lossbench.record import BEST_BASELINE, CompareProtocol, dummy_name

ALPHA = 0.05


def primary_metric(name: str, tables: Sequence[Table], losses: Sequence[Loss] = ()) -> Metric:
    """The one metric that losses are ranked by; `losses` are those that were named, which `auto` looks at.

    Raises `UserError` for a loss's value, and for a metric that a table's task or targets do not allow.
    """
    soft = any(table.soft is not None for table in tables)
    if name == AUTO:
        return auto_metric(Task(tables[0].task), [table.class_totals for table in tables], losses, soft=soft)
    if name not in METRICS and (name in LOSSES or name in {"loss", "val_loss", "train_loss"}):
        raise UserError(
            f"losses cannot be ranked by a loss's value ({name}): each would be measured in a unit of its own",
            where="metric",
            fix=f"choose one of {', '.join(m.name for m in suiting(Task(tables[0].task)))}",
        )
    metric = METRICS.get(name, where="metric")
    for table in tables:
        check_metric(metric, table)
    return metric


def selection_metric(name: str, primary: Metric, tables: Sequence[Table]) -> Metric:
    """What learning rates and epochs are chosen by: the metric that losses are scored by, unless another is named.

    Metrics of probabilities need the common temperature, which is fitted to the log-loss: they are chosen for by the
    log-loss at that temperature. Raises `UserError` for such a metric other than log_loss that is named.
    """
    metric = primary if name == AUTO else primary_metric(name, tables)
    if metric.needs != "probability" or metric.name == "log_loss":
        return metric
    if name == AUTO:
        return METRICS.get("log_loss")
    raise UserError(
        f"{metric.name} cannot be followed before there is a temperature",
        where="select_by",
        fix="choose log_loss, or a metric of decisions or scores",
    )


@dataclass(frozen=True)
class SearchSpace:
    """What each loss may choose from on each split: so many trials, and whether its own parameters are among them.

    `tuned`: the losses that have parameters to choose -> their settings, the default first.
    """

    trials: int
    tunes_params: bool = False
    tuned: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def describe(
    config: CompareConfig, table: Table, metric: Metric, select: Metric, baseline: str, space: SearchSpace
) -> CompareProtocol:
    """The record's `protocol`."""
    splits = scheme(table, "folds")
    return CompareProtocol(
        metric=metric.name,
        select_metric=select.name,
        better=metric.better,
        folds=config.folds,
        repeats=config.repeats,
        scheme=splits,
        lrs=sorted(config.lrs),
        default_lr=config.optim.lr,
        trials=space.trials,
        tuned_params={
            label: [dict(param_set) for param_set in param_sets] for label, param_sets in space.tuned.items()
        },
        inner_folds=config.inner_folds,
        stop_text=stop_text(config),
        baseline=baseline,
        intervals=config.intervals,
        rope=config.rope,
        alpha=ALPHA,
        ranks=config.ranks,
        text=_sentences(config, table, metric, select, baseline, splits, space),
    )


def _sentences(
    config: CompareConfig,
    table: Table,
    metric: Metric,
    select: Metric,
    baseline: str,
    split_scheme: str,
    space: SearchSpace,
) -> list[str]:
    """Plain sentences, one fact each, in the order in which things happen."""
    dummy = _dummy(config, table)
    classes = table.task != "regression"
    splits = config.folds * config.repeats
    if table.time is None:
        inner = f"{min(2 * math.ceil(config.inner_folds / 2), config.folds - 1)} folds"
        shared = "A net that leaves out two folds serves both their splits: it is validated on the other's fold."
    else:
        inner = f"{config.inner_folds} later windows"
        shared = "A net that validates a window is trained on all earlier rows."
    sentences = [
        f"{config.repeats} x {config.folds} {split_scheme}: {splits} splits, the same for every loss.",
        "On each split every loss starts from the same hidden weights and sees the same batches in the same order.",
        "Gaps, encodings, scales and class frequencies are learnt from training rows only.",
        f"Each loss has {space.trials} trials a split, cross-validated on {inner} of its training part:"
        f" {trials_in_words(config, space)}.",
        shared,
        f"Trials and epochs are chosen by {select.name}, averaged over the inner folds and over"
        f" {window_of(config.optim.epochs)} epochs"
        + ("; ties by the log-loss after the common temperature." if classes else "."),
        "A trial other than the default is chosen where it is better by one standard error; at most"
        f" {config.optim.epochs} epochs"
        + ("." if config.early_stopping.patience is None else f", patience {config.early_stopping.patience}."),
        "What was chosen is trained again on the whole training part; the test part is used once.",
        f"The untuned row has the learning rate {config.optim.lr:g} and the default parameters on every split.",
        f"The primary metric, declared beforehand, is {metric.name} ({metric.better} is better).",
        "The baseline is the loss that came out best; differences to it are tested as one of all pairs of losses."
        if baseline == BEST_BASELINE
        else f"The baseline, declared beforehand, is {baseline}.",
        "A net that diverged, and a loss that failed, scores the metric's worst value on its test part (where a metric"
        f" has none, the worst of all nets' scores on that split and the {dummy}'s). None is"
        " excluded.",
    ]
    if table.time is not None:
        sentences.append(
            "The test rows of a window are later than all rows that it trains on, and the validation rows are the"
            " latest of these; rows of equal time stay together."
        )
    if classes:
        of_probabilities = ", ".join(m.name for m in METRICS if m.needs == "probability")
        sentences.append(
            f"Probabilities ({of_probabilities}) come after one temperature per net, fitted in the same way for every"
            f" loss on the rows of all inner folds, with a prior of ln T about 0 of standard deviation {PRIOR:g}; raw"
            " ones are given where the loss, as it was set up and behind its activation, is proper or is meant for"
            " calibration."
        )
    if table.weights is not None:
        sentences.append(
            f"Rows are weighted by {table.weights_name}: in training, in the choice of trials, epochs and temperatures,"
            " in every score, and in the reference models."
        )
    if table.soft is not None:
        expected = ", ".join(one.name for one in METRICS if one.soft and Task(table.task) in one.tasks)
        sentences.append(
            f"Targets are probabilities: {expected} are expected scores under them; all other metrics, and the strata"
            " of the splits, take the most probable class."
        )
    if table.targets:
        sentences.append(
            "Each target has a unit of its own; the loss and every metric are means over the targets (uniform average)."
        )
    sentences += condition_sentences(config)
    if table.clean_target is not None:
        sentences.append(
            "Training targets are corrupted on purpose; scores on the test part are against the clean target."
        )
    sentences.append(
        f"Differences to the baseline are paired by split; intervals and p-values are of the corrected resampled t"
        f" (Nadeau & Bengio 2003), for all losses that are tested at once (largest of their correlated t), alpha"
        f" {ALPHA:g}; practically equal is within {_rope(config, metric, dummy)} (ROPE) with"
        f" probability above 0.95."
    )
    sentences.append("Values of different losses are never compared with each other.")
    return sentences


def trials_in_words(config: CompareConfig, space: SearchSpace) -> str:
    """What the trials of a split are."""
    lrs = ", ".join(f"{lr:g}" for lr in sorted(config.lrs))
    if not space.tunes_params:
        return f"one per learning rate ({lrs}); a loss's own parameters stay as they are"
    if not space.tuned:
        return f"learning rates, {lrs} and others between them; no loss here has parameters of its own to choose"
    several = "; ".join(
        f"{label}: {' or '.join(spelled(param_set) for param_set in param_sets)}"
        for label, param_sets in space.tuned.items()
    )
    return (
        f"{len(config.lrs)} learning rates ({lrs}) x 2 settings of its own parameters ({several}); a loss without,"
        f" or with these given, has {space.trials} learning rates, those and others between them"
    )


def _dummy(config: CompareConfig, table: Table) -> str:
    """The name of the dummy, as of the whole table."""
    if table.task != "regression":
        return dummy_name(table.task)
    how = config.data[0].target_scale if config.data else "auto"
    return dummy_name(table.task, target_statistic(table.target, how, table.weights))


def _rope(config: CompareConfig, metric: Metric, dummy: str) -> str:
    """The ROPE's width: as it is, or as a share of the dummy's error."""
    share = f"{100 * config.rope:g}% of the {dummy}'s "
    return {
        "absolute": f"{config.rope:g}",
        "dummy_error": f"{share}{metric.name}",
        "dummy_error_rate": f"{share}error rate",
    }[metric.rope]
