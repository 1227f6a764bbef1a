"""A checked `regularize-gif`: its table, its classes, the plane that is drawn, and every net to train."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lossbench.catalog.vocabulary import Task
from lossbench.components.penalties import PENALTIES
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.data.load import load
from lossbench.data.splits.rows import Split
from lossbench.data.splits.scheme import holdout_of
from lossbench.data.table import Table
from lossbench.engine.device import default_threads, resolve_device
from lossbench.engine.problem import Member, Net
from lossbench.engine.solver.owlqn import Rule
from lossbench.errors import UserError, unknown
from lossbench.experiments.regularize.convergence import rule_for
from lossbench.experiments.regularize.plane import Plane, draw_plane, pick_columns
from lossbench.experiments.setup.data_source import data_source
from lossbench.experiments.setup.net import net_for
from lossbench.experiments.setup.pair import Pair, resolve_pair
from lossbench.experiments.setup.resolve import check_names, folder_name, resolve_loss
from lossbench.experiments.setup.training_key import training_key

MOST_CLASSES = 7  # that the pictures have colours for


@dataclass(frozen=True)
class RegularizePlan:
    """A checked `regularize-gif`: everything that can be wrong was found before training."""

    config: RegularizeConfig
    table: Table
    pair: Pair
    split: Split
    plane: Plane
    device: torch.device
    threads: int

    @property
    def key(self) -> dict[str, Any]:
        """What its numbers and pictures depend on, as JSON holds it."""
        return training_key(self.config, self.table, self.pair, [self.split], self.device)

    @property
    def alphas(self) -> NDArray[np.float64]:
        """The strengths, evenly spaced on a log scale."""
        low, high = np.log10(self.config.alpha_range)
        return np.logspace(low, high, self.config.alphas)

    def ratio(self, penalty: str) -> float:
        """The share of L1 in a penalty."""
        return PENALTIES.get(penalty).l1_share(self.config.l1_ratio)

    @property
    def net(self) -> Net:
        """The shape of every net."""
        return net_for(self.config.net, self.plane.split.inputs, self.pair)

    @property
    def members(self) -> list[Member]:
        """Alphas within penalties, all from the same seed."""
        seed, l1_ratio = self.config.seed, self.config.l1_ratio
        mixes = [PENALTIES.get(p).split(float(alpha), l1_ratio) for p in self.config.penalty for alpha in self.alphas]
        return [Member(seed, l1=l1, l2=l2) for l1, l2 in mixes]

    @property
    def weights(self) -> int:
        """How many weights each net has, biases excluded."""
        return self.net.weights

    @property
    def rule(self) -> Rule:
        """When a net is trained."""
        return rule_for(self.config, self.weights)


def plan(config: RegularizeConfig) -> RegularizePlan:
    """Resolve the names of a config and load its table; raises `UserError` for whatever cannot be trained or drawn."""
    check_names(config)
    device = resolve_device(config.device)
    table = _of_classes(load(data_source(config.data)), config.classes)
    task = Task(table.task)
    pair = resolve_pair(
        resolve_loss(config.loss, task),
        config.last_act,
        task,
        len(table.classes),
        class_weight=config.loss.class_weight,
        class_names=table.classes,
        target_weight=config.loss.target_weight,
        target_note=table.target_note,
    )
    if pair.loss.last_hidden and config.net.hidden:
        raise UserError(
            f"{pair.loss.name} takes the last hidden layer for constant, and the search for a minimum needs the whole "
            "gradient",
            where="loss",
            fix="choose another loss, or --hidden none",
        )
    table, columns = pick_columns(table, config.features, config.rest)
    seed = config.split.seed
    split = holdout_of(table, config.split.test, 0.0, seed)
    plane = draw_plane(table, columns, split, config.data, config.grid)
    return RegularizePlan(config, table, pair, split, plane, device, config.threads or default_threads())


def default_name(plan: RegularizePlan) -> str:
    """`iris-l1-l2`: what the run's folder is called where no name was given."""
    return folder_name(plan.table.name, *plan.config.penalty)


def _of_classes(table: Table, names: list[str] | None) -> Table:
    """The rows of some classes, in the order in which they are named."""
    if table.task == "regression":
        raise UserError(
            f"{table.name} has a number as target ({table.target_name}), and regions need classes",
            where="data",
            fix="choose a table with classes (`lossbench datasets`)",
        )
    if table.soft is not None:
        raise UserError(
            f"{table.name} has probabilities as target ({table.target_name}), and regions need classes",
            where="data",
            fix="name one column of classes",
        )
    if names is not None:
        for name in names:
            if name not in table.classes:
                raise unknown("class", name, table.classes, where="classes")
        if len(names) < 2:
            raise UserError("one class has no boundary", where="classes", fix="name two or more")
        place = np.full(len(table.classes), -1, np.int64)
        place[[table.classes.index(name) for name in names]] = np.arange(len(names))
        kept = table.take(np.flatnonzero(place[table.target] >= 0))
        table = replace(
            kept,
            task="binary" if len(names) == 2 else "multiclass",
            target=place[kept.target],
            classes=tuple(names),
            clean_target=None if kept.clean_target is None else place[kept.clean_target],
        )
    if len(table.classes) > MOST_CLASSES:
        raise UserError(
            f"{len(table.classes)} classes are more than the {MOST_CLASSES} distinct colours",
            where="classes",
            fix=f"name at most {MOST_CLASSES} of them",
        )
    return table
