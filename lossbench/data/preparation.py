"""From a table to the inputs of a net: imputation, encoding and scaling, fitted on the training rows alone.

N rows, D inputs. Numbers: median for gaps, then standardised (or quantile-scaled). Text and booleans: one 0/1 input per
level. Columns of no use are dropped, with the reason. A preparation is plain data: it goes to JSON and comes back
exactly.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ConfigDict, Discriminator, TypeAdapter, ValidationError

from lossbench.data.encoders import (
    KINDS,
    SAVED,
    Encoder,
    Finite,
    LevelEncoder,
    NumberEncoder,
    Scale,
    Spread,
    fit_column,
)
from lossbench.data.table import ColumnKind, Information, Table
from lossbench.data.target_scale import TargetScale, TargetScaling, fit_target_scalings
from lossbench.errors import UserError


class NoFeatureLeft(UserError):
    """Nothing can be made of any column; `dropped` says of each why."""

    def __init__(self, dropped: Mapping[str, str], *, where: str = "") -> None:
        self.dropped = dict(dropped)
        why = "; ".join(f"column {name!r}: {reason}" for name, reason in self.dropped.items())
        super().__init__("no feature is left to train on" + (f" ({why})" if why else ""), where=where)


@dataclass(frozen=True)
class Preparation:
    """How the columns of a table become inputs, and a regression's target a number near 0 and of spread 1."""

    __pydantic_config__: ClassVar[ConfigDict] = SAVED
    encoders: tuple[Annotated[Encoder, Discriminator("encoder")], ...]
    kinds: Mapping[str, ColumnKind]  # of the columns in use
    dropped: Mapping[str, str] = field(default_factory=dict)  # column -> why
    target_center: Finite | tuple[Finite, ...] = 0.0  # of several targets one each
    target_scale: Spread | tuple[Spread, ...] = 1.0
    target_why: str = field(default="", compare=False)  # why the target is scaled in another than the usual way
    target_statistic: Literal["mean", "median"] = field(default="mean", compare=False)  # that is the centre

    @classmethod
    def fit(
        cls,
        table: Table,
        rows: NDArray[np.integer[Any]],
        *,
        scale: Scale = "standard",
        dates: bool = False,
        text: Literal["drop", "hash"] = "drop",
        target_scale: TargetScale = "auto",
        categories: Collection[str] = (),
    ) -> Preparation:
        """Learn from the given rows of the table, each counted by its weight, and from nothing else.

        `categories` are texts that are kept however many values they have. Raises `NoFeatureLeft` where no feature is.
        """
        weight_N = None if table.weights is None else table.weights[rows]
        encoders: dict[str, Encoder] = {}
        dropped: dict[str, str] = {}
        for name in table.features.columns:
            whole, kind, category = table.features[name], table.kinds[name], name in categories
            column = pd.Series(whole.array.take(rows), name=name, copy=False)  # `iloc` would make an index, too
            fitted = fit_column(
                name, column, kind, scale=scale, dates=dates, text=text, category=category, weight_N=weight_N
            )
            if isinstance(fitted, str):
                dropped[name] = fitted
            else:
                encoders[name] = fitted
        if not encoders:
            raise NoFeatureLeft(dropped, where=table.source or table.name)
        kinds = {name: table.kinds[name] for name in encoders}
        units = [TargetScaling()]
        if table.task == "regression":
            units = fit_target_scalings(table.target[rows], target_scale, weight_N, table.targets)
        several = bool(table.targets)
        return cls(
            tuple(encoders.values()),
            kinds,
            dropped,
            tuple(unit.center for unit in units) if several else units[0].center,
            tuple(unit.scale for unit in units) if several else units[0].scale,
            "; ".join(unit.why for unit in units if unit.why),
            "mean" if all(unit.statistic == "mean" for unit in units) else "median",
        )

    @property
    def input_names(self) -> list[str]:
        """The D inputs: `Age`, `Sex=male`, `Embarked=(missing)`, ..."""
        return [name for encoder in self.encoders for name in encoder.inputs]

    @property
    def notes(self) -> list[str]:
        """One sentence per dropped column, per column whose rare levels are joined, and of a robust target scale."""
        left = [f"column {name!r} is excluded: {why}" for name, why in self.dropped.items()]
        unit = [Information(self.target_why)] if self.target_why else []
        return left + [f"column {name!r}: {joined}" for name, joined in self.joined.items()] + unit

    @property
    def joined(self) -> dict[str, str]:
        """Per column with rare levels, which of them share an input."""
        return {e.name: e.joined for e in self.encoders if isinstance(e, LevelEncoder) and e.joined}

    def filled(self, features: pd.DataFrame) -> dict[str, tuple[int, float]]:
        """Per column of numbers with gaps, how many there are and the training median that fills them."""
        self._check(features)
        gaps = {
            e.name: (int(features[e.name].isna().sum()), e.median) for e in self.encoders if type(e) is NumberEncoder
        }
        return {name: found for name, found in gaps.items() if found[0]}

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """The inputs [N, D].

        Raises `UserError` for a missing column, for text where numbers were, and for infinite values.
        """
        self._check(features)
        x_ND = np.empty((len(features), len(self.input_names)), dtype=np.float32)
        start = 0
        for encoder in self.encoders:
            end = start + len(encoder.inputs)
            encoder.write(features[encoder.name], x_ND[:, start:end])
            start = end
        return x_ND

    def unseen(self, features: pd.DataFrame) -> dict[str, Counter[str]]:
        """Per text column that has any, the values that training never saw and how often each occurs."""
        self._check(features)
        counts = {encoder.name: encoder.unseen(features[encoder.name]) for encoder in self.encoders}
        return {name: count for name, count in counts.items() if count}

    def _check(self, features: pd.DataFrame) -> None:
        missing = [name for name in self.kinds if name not in features.columns]
        if missing:
            s = "s" if len(missing) > 1 else ""
            raise UserError(
                f"no column{s} {', '.join(map(repr, missing))}", fix=f"training used {', '.join(map(str, self.kinds))}"
            )

    def to_json(self) -> str:
        """Everything as JSON; floats keep every digit."""
        plain = {
            "encoders": [asdict(encoder) for encoder in self.encoders],
            "kinds": dict(self.kinds),
            "dropped": dict(self.dropped),
            "target_center": self.target_center,
            "target_scale": self.target_scale,
        }
        return json.dumps(plain, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Preparation:
        """The preparation that `to_json` wrote; a `UserError` for anything else."""
        try:
            found: Preparation = _adapter().validate_json(text)
        except ValidationError as problem:
            first = problem.errors()[0]
            place = ".".join(map(str, first["loc"]))
            why = (f"{place}: " if place else "") + first["msg"].lower()
            raise UserError(f"this is no saved preparation ({why})") from None
        fitting = [e.name for e in found.encoders if found.kinds.get(e.name) in KINDS[type(e)]]
        if not fitting or fitting != [e.name for e in found.encoders] or fitting != list(found.kinds):
            raise UserError("this is no saved preparation (its encoders are not those of its columns)")
        return found


@cache
def _adapter() -> TypeAdapter[Preparation]:
    return TypeAdapter(Preparation)
