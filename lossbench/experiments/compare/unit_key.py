"""The keys of a comparison: what determines a unit's numbers, no more and no less.

A unit of work is one loss (or reference model) in one setting on one repetition of the folds. Units are trained in
blocks of any size, in any order, beside any others, on any number of workers; none of that is in a key, because the
engine's numbers do not depend on it. Two runs whose units have equal keys have equal numbers, up to the rounding that
differs between processors and versions of torch, which the record's `environment` names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from lossbench.catalog.metrics import Metric, reported
from lossbench.catalog.plugins.resolve import activation_sha256, loss_source
from lossbench.catalog.plugins.user_decoder import decoder_sha256
from lossbench.catalog.vocabulary import Task
from lossbench.data.splits.rows import OuterFold, digest
from lossbench.experiments.compare.candidates import Candidate
from lossbench.experiments.compare.conditions import condition_key
from lossbench.experiments.compare.plan import ComparePlan, TablePlan
from lossbench.experiments.setup.training_key import NUMERICS
from lossbench.record import Levels

PREPARATION = ("scale", "target_scale", "dates", "text")  # of a config's `data`: what is done to a table that is read
TRAINING = ("net", "optim", "penalty", "early_stopping", "lrs", "folds", "inner_folds", "seed")


def protocol_key(plan: ComparePlan) -> dict[str, Any]:
    """What all units of a run share: change one, and nothing that was trained is what is asked for.

    `numerics`; net, optimiser, penalty, early stopping and learning rates; the number of trials; the metrics that
    choose and score; folds, inner folds and seed; the type of device and the kernel. Not in it: losses, tables,
    conditions and repeats, which ask for more units or fewer; how differences are judged (baseline, rope, intervals,
    ranks); where and how it runs (output, name, threads, workers).
    """
    config = plan.config.model_dump(mode="json", include=set(TRAINING))
    config["lrs"] = sorted(config["lrs"])
    config |= {"trials": plan.trials, "metric": plan.metric.name, "select_by": plan.select.name}
    return {"numerics": NUMERICS, "device": plan.device.type, "kernel": plan.kernel.name, **config}


def table_key(entry: TablePlan) -> dict[str, Any]:
    """A table as it is trained on: the sha256 of its content, and how its columns become inputs."""
    return {"sha256": entry.table.fingerprint(), **entry.data.model_dump(mode="json", include=set(PREPARATION))}


def setting_key(plan: ComparePlan, entry: TablePlan, condition: Levels) -> str:
    """What the losses of one setting share: protocol, table and the levels of conditions that change something.

    Also the metrics that are reported, which follow from the table's task.
    """
    metrics = [metric.name for metric in table_metrics(plan, entry)]
    return _hash(
        {
            "protocol": protocol_key(plan),
            "table": table_key(entry),
            "condition": condition_key(plan.config, condition),
            "metrics": metrics,
        }
    )


def table_metrics(plan: ComparePlan, entry: TablePlan) -> list[Metric]:
    """What is scored on a table, whatever other tables are compared: its task's metrics and the primary one."""
    return reported(Task(entry.table.task), primary=plan.metric)


def loss_key(candidate: Candidate) -> dict[str, Any]:
    """A loss as it is trained: name, parameters, those that it may choose instead, class weight, the sha256 of its
    source if it is a user's, and its last activation (with its source's)."""
    return {
        "kind": "loss",
        "name": candidate.pair.loss.name.rpartition(":")[2],
        "tried": [pair.params for pair in candidate.pairs],
        "source": loss_source(candidate.pair.loss)[1],
        "encoding": str(candidate.pair.encoding),
        "decode": candidate.pair.decode.name,
        "decode_source": decoder_sha256(candidate.pair.decode),
        "last_act": candidate.pair.activation.name,
        "last_act_source": activation_sha256(candidate.pair.activation),
    }


def reference_key(name: str) -> dict[str, Any]:
    """A reference model."""
    return {"kind": "reference", "name": name}


def unit_key(setting: str, subject: Mapping[str, Any], folds: list[OuterFold]) -> str:
    """The key of one loss or reference model (`subject`) in a setting on one repetition: the rows of its folds."""
    rows = [digest(fold) for fold in folds]
    return _hash({"setting": setting, "subject": subject, "repeat": folds[0].repeat, "folds": rows})


def together(keys: list[str]) -> str:
    """One key for several units."""
    return _hash(keys)


def _hash(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
