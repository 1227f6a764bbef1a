"""A split of a table made ready for the engine: inputs prepared on its training part, targets encoded for a loss.

N rows, D inputs, C classes. Regression targets keep their own units in `truth_N`; a loss on `Encoding.FLOAT` is
trained on (y - center) / scale, both of the training part. Where rows have weights, the training part's are scaled to a
mean of 1, so that they move the balance between rows and never the learning rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lossbench.catalog.targets import encode
from lossbench.catalog.vocabulary import Encoding
from lossbench.config.data import DataConfig
from lossbench.data.preparation import Preparation
from lossbench.data.table import Table
from lossbench.engine.problem import Fold, SplitPart
from lossbench.engine.shared_rows import GatheredRows
from lossbench.errors import UserError
from lossbench.experiments.setup.class_weight import class_weights
from lossbench.experiments.setup.pair import Pair
from lossbench.experiments.setup.target_weight import weighted_by_target


@dataclass(frozen=True)
class PreparedSplit:
    """The parts of one split ("train", "validation", "test"): inputs and truths; losses ask it for their folds."""

    preparation: Preparation
    x_ND: Mapping[str, Tensor]
    truth_N: Mapping[str, Tensor]  # class index int64, or the value in its own units float64; `[N, C]` probabilities of
    # the classes, `[N, K]` several values
    center: float | tuple[float, ...] = 0.0  # of several values one each
    scale: float | tuple[float, ...] = 1.0
    shared: Mapping[str, GatheredRows] = field(
        default_factory=dict
    )  # of a large table; `x_ND` is then a copy at each look
    weight_N: Mapping[str, Tensor] = field(default_factory=dict)  # float64; empty where all rows count alike

    @property
    def inputs(self) -> int:
        """How many inputs the net has."""
        return self.rows("train").shape[1]

    def rows(self, name: str) -> Tensor | GatheredRows:
        """The inputs of a part, without a copy of what splits share."""
        return self.shared[name] if name in self.shared else self.x_ND[name]

    def part(self, name: str, pair: Pair) -> SplitPart:
        """One part, its target encoded as the pair's loss wants it."""
        truth = self.truth_N[name]
        value = truth
        if pair.encoding is Encoding.FLOAT:
            center, scale = (
                torch.tensor(unit, dtype=torch.float64) if isinstance(unit, tuple) else unit
                for unit in (self.center, self.scale)
            )
            value = (truth - center) / scale
        target = encode(value, pair.encoding, pair.classes, name=pair.loss.name)
        return SplitPart(self.rows(name), target, truth, self._weights(name))

    def _weights(self, name: str) -> Tensor | None:
        """A part's weights of mean 1, `[N]` float32; None where all rows count alike."""
        weight = self.weight_N.get(name)
        return None if weight is None else (weight / weight.mean()).float()

    def _class_counts(self, pair: Pair) -> Tensor:
        """Training rows of each class, by their weights of mean 1: class frequencies are those that are trained on."""
        truth, weight = self.truth_N["train"], self._weights("train")
        if truth.is_floating_point():  # probabilities: what is expected of each class
            return (truth if weight is None else truth * weight[:, None]).sum(0)
        return torch.bincount(truth, weight, minlength=pair.classes)

    def class_weights(self, pair: Pair) -> list[float] | None:
        """What a training sample of each class counts; None where all count alike."""
        if not pair.task.is_classification:
            return None
        weights = class_weights(pair.class_weight, self._class_counts(pair))
        return None if weights is None else [float(w) for w in weights]

    def fold(self, pair: Pair) -> Fold:
        """What the engine trains the pair on: the training part, and the validation part if there is one."""
        weight, statistics = self._weights("train"), {}
        if pair.task.is_classification:
            counts = self._class_counts(pair).to(torch.float32)
            statistics["class_counts"] = counts
            by_class = class_weights(pair.class_weight, counts)
            if by_class is not None:  # its mean over the weighted rows is 1, and so is that of the product
                of_class = by_class.float()[self.truth_N["train"]]
                weight = of_class if weight is None else weight * of_class
        else:
            weight = weighted_by_target(pair.target_weight, self.truth_N["train"], weight)
        validation = self.part("validation", pair) if "validation" in self.x_ND else None
        train = self.part("train", pair)
        if self.shared:  # the engine reads the truth of the validation part alone
            train = replace(train, truth_N=train.truth_N.new_empty(0))
        return Fold(train, validation, weight, statistics)


def fit_preparation(table: Table, rows: np.ndarray, data: DataConfig) -> Preparation:
    """What a config's `data` says of columns and target, learnt from the given rows."""
    return Preparation.fit(
        table,
        rows,
        scale=data.scale,
        dates=data.dates,
        text=data.text,
        target_scale=data.target_scale,
        categories=data.categories,
    )


def prepare_split(table: Table, rows: Mapping[str, np.ndarray], *, data: DataConfig) -> PreparedSplit:
    """Prepare the named parts of a table; whatever is fitted sees the rows of `rows["train"]` only.

    A table's clean target and features, where it has such, are those of the test part.
    """
    preparation = fit_preparation(table, rows["train"], data)
    clean = table.truth if table.clean_target is None else table.clean_target
    clean_features = table.features if table.clean_features is None else table.clean_features
    x, truth, weight = {}, {}, {}
    for name, numbers in rows.items():
        if len(numbers):
            features = clean_features if name == "test" else table.features
            x[name] = torch.from_numpy(preparation.transform(features.iloc[numbers]))
            truth[name] = torch.from_numpy((clean if name == "test" else table.truth)[numbers])
            if table.weights is not None:
                weight[name] = torch.from_numpy(table.weights[numbers])
    return PreparedSplit(preparation, x, truth, preparation.target_center, preparation.target_scale, weight_N=weight)


def check_batch_size(size: int | None, rows: int, what: str) -> None:
    """Raise `UserError` for a batch larger than the rows that there are to train on."""
    if size is not None and size > rows:
        raise UserError(
            f"batch_size {size} is larger than the {rows} {what}",
            where="optim.batch_size",
            fix=f"choose at most {rows}, or full",
        )


def same_width(splits: Sequence[PreparedSplit]) -> list[PreparedSplit]:
    """The splits with zero inputs behind their own, so that all have one width and their nets one shape.

    Splits of a table with text differ in width where a level is rare.
    """
    width = max(split.inputs for split in splits)
    return [
        split
        if split.inputs == width
        else replace(split, x_ND={name: F.pad(x, (0, width - x.shape[1])) for name, x in split.x_ND.items()})
        for split in splits
    ]
